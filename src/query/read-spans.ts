/**
 * Reads one trace's spans out of stored chunks, within what one answer may open and keep (docs/spec/query.md QU4, QU22).
 * Copies are among them; nothing is decoded that putting a trace together does not take.
 */
import { MeshError } from '../base/errors.ts'
import type { Steps } from '../base/steps.ts'
import { idBytes, type TraceId } from '../model/ids.ts'
import { eachRecord } from '../wire/otlp/each-record.ts'
import { isSpanOf, SpanFields } from '../wire/otlp/span-fields.ts'
import { ReadBudget } from './read-budget.ts'
import { SpanTable, type KeptChunk, type SpanColumns } from './span-table.ts'
import type { StoredChunk, TraceChunks } from './trace-source.ts'

/** Most spans in one answer: twice the largest trace we aim to draw; beyond it the latest starts are left out, counted. */
export const MAX_TRACE_SPANS = 100_000
/** Most spans read for one span of the answer: some may be copies, and a chunk that starts later may hold an earlier span. */
const READ_PER_SPAN = 2
/** Most bytes opened for one answer: 2.6 KB for each of the most spans, most of which may be spans of other traces. */
export const MAX_TRACE_RAW_BYTES = 256 << 20
/** Most bytes of its own spans kept for one answer: 670 for each of the most spans, 6 KB for each of 10,000. */
export const MAX_TRACE_KEPT_BYTES = 64 << 20

export interface ReadSpans {
  /** The first {@link count} of each column. */
  readonly columns: SpanColumns
  readonly count: number
  readonly chunks: readonly KeptChunk[]
  readonly unreadableChunks: number
  readonly unreadSpans: number
}

export function* readSpans(traceId: TraceId, stored: TraceChunks, maxSpans: number): Steps<ReadSpans> {
  const reading = new Reading(traceId)
  const budget = new ReadBudget(MAX_TRACE_RAW_BYTES)
  let unreadSpans = stored.spans
  for (const ref of stored.chunks) {
    const isFull = reading.count >= maxSpans * READ_PER_SPAN || reading.keptBytes >= MAX_TRACE_KEPT_BYTES
    if (isFull || !budget.take(ref)) break
    unreadSpans -= ref.records
    const chunk = yield* ref.open()
    if (chunk !== undefined) reading.take(chunk)
    chunk?.free?.()
    yield
  }
  return { ...reading.result(), unreadSpans }
}

class Reading {
  readonly #wanted: Uint8Array
  readonly #table = new SpanTable()
  readonly #chunks: KeptChunk[] = []
  readonly #fields = new SpanFields()
  #unreadableChunks = 0
  keptBytes = 0

  constructor(traceId: TraceId) {
    this.#wanted = idBytes(traceId)
  }

  get count(): number {
    return this.#table.size
  }

  result(): Omit<ReadSpans, 'unreadSpans'> {
    const { columns, size } = this.#table
    return { columns, count: size, chunks: this.#chunks, unreadableChunks: this.#unreadableChunks }
  }

  /** All spans of the trace in the chunk, or none if it cannot be decoded. */
  take(chunk: StoredChunk): void {
    const before = this.#table.size
    try {
      this.#readRecords(chunk.payload)
    } catch (err) {
      if (!(err instanceof MeshError)) throw err
      this.#table.truncate(before)
      this.#unreadableChunks++
    }
    if (this.#table.size > before) this.#keep(chunk, before)
  }

  #readRecords(payload: Uint8Array): void {
    eachRecord(payload, (reader) => {
      if (!isSpanOf(this.#wanted, reader)) return
      const { pos, end } = reader
      this.#fields.read(reader)
      this.#table.add(this.#fields, this.#chunks.length, pos, end)
    })
  }

  /** Copies the records out of the payload, and says of each where it lies now. */
  #keep({ deviceId, module, provenance, payload }: StoredChunk, from: number): void {
    const { recordStart, recordEnd } = this.#table.columns
    let length = 0
    for (let i = from; i < this.#table.size; i++) length += (recordEnd[i] as number) - (recordStart[i] as number)
    const records = new Uint8Array(length)
    let at = 0
    for (let i = from; i < this.#table.size; i++) {
      const record = payload.subarray(recordStart[i], recordEnd[i])
      records.set(record, at)
      recordStart[i] = at
      at += record.length
      recordEnd[i] = at
    }
    this.#chunks.push({ deviceId, module, evidence: provenance, records })
    this.keptBytes += length
  }
}
