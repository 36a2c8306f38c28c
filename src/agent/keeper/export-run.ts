/**
 * One export under way: the records asked for as OTLP messages, each behind its length (framing `u32`), a block at a time.
 * Between two blocks nothing is held but the place in the index; what is asked for is as of the beginning.
 */
import { concat } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'
import { idBytes, type DeviceId, type TraceId } from '../../model/ids.ts'
import type { Signal } from '../../model/lane.ts'
import type { ChunkRef, StoredChunk } from '../../query/trace-source.ts'
import { cutMessage, type KeepRecord } from '../../wire/otlp/cut-message.ts'
import { u32Prefix } from '../../wire/otlp/framing.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import { isOfTrace, readRecordTimes } from '../../wire/otlp/record-facts.ts'

export interface ExportQuery {
  readonly signal: Signal
  /** Undefined: every device's records that are here. */
  readonly deviceIds: readonly DeviceId[] | undefined
  readonly module: string | undefined
  readonly traceId: TraceId | undefined
  /** Recorded at or after, on the recording device's clock. */
  readonly fromUnixNano: bigint | undefined
  /** Recorded before. */
  readonly toUnixNano: bigint | undefined
}

/** What came of it. */
export interface ExportTotals {
  /** Spans, log records or metrics. */
  readonly records: number
  readonly messages: number
  readonly bytes: number
  /** Chunks left out because what is stored is not what its device recorded, or cannot be read. */
  readonly tampered: number
  readonly unreadable: number
}

/** A block is sent when it has this many bytes: a few segments, and what a reader that is slow keeps us holding. */
export const EXPORT_BLOCK_BYTES = 262_144
/** Chunks looked at for one block, be there something in them or not: other queries come to their turn in between. */
const MAX_CHUNKS_PER_BLOCK = 32
/** Pieces of a stored chunk are never cut further: a chunk fits a message. */
const NO_LIMITS = { maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

export class ExportRun {
  readonly #query: ExportQuery
  readonly #chunks: Iterator<ChunkRef>
  readonly #totals = { records: 0, messages: 0, bytes: 0, tampered: 0, unreadable: 0 }

  constructor(query: ExportQuery, chunks: Iterable<ChunkRef>) {
    this.#query = query
    this.#chunks = chunks[Symbol.iterator]()
  }

  totals(): ExportTotals {
    return { ...this.#totals }
  }

  /** @returns what is ready, perhaps nothing yet; undefined when there is no more */
  *next(): Steps<Uint8Array | undefined> {
    const parts: Uint8Array[] = []
    let [bytes, isDone] = [0, false]
    for (let chunks = 0; chunks < MAX_CHUNKS_PER_BLOCK && bytes < EXPORT_BLOCK_BYTES; chunks++) {
      const chunk = this.#chunks.next()
      isDone = chunk.done === true
      if (chunk.done === true) break
      for (const message of yield* this.#read(chunk.value)) {
        parts.push(u32Prefix(message.length), message)
        bytes += message.length
        this.#totals.messages++
      }
      yield
    }
    if (isDone && parts.length === 0) return undefined
    const block = concat(...parts)
    this.#totals.bytes += block.length
    return block
  }

  *#read(ref: ChunkRef): Steps<readonly Uint8Array[]> {
    const { deviceIds, module } = this.#query
    if (deviceIds?.includes(ref.deviceId) === false) return []
    const chunk = yield* ref.open()
    if (chunk === undefined || (module !== undefined && chunk.module !== module)) return []
    if (chunk.provenance === 'tampered') {
      this.#totals.tampered++
      return []
    }
    if (!this.#isWholly(ref)) return this.#cut(chunk)
    this.#totals.records += ref.records
    return [chunk.payload]
  }

  /** All of its records are asked for, as the index knows. */
  #isWholly({ earliestUnixNano, latestUnixNano }: ChunkRef): boolean {
    const { traceId, fromUnixNano, toUnixNano } = this.#query
    if (traceId !== undefined) return false
    return (fromUnixNano ?? 0n) <= earliestUnixNano && (toUnixNano === undefined || latestUnixNano < toUnixNano)
  }

  #cut({ payload }: StoredChunk): readonly Uint8Array[] {
    try {
      const pieces = [...cutMessage(payload, NO_LIMITS, toFilter(this.#query))]
      this.#totals.records += pieces.reduce((sum, { records }) => sum + records, 0)
      return pieces.length === 0 ? [] : [concat(...pieces.map(({ bytes }) => bytes))]
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      this.#totals.unreadable++
      return []
    }
  }
}

function toFilter({ signal, traceId, fromUnixNano, toUnixNano }: ExportQuery): KeepRecord {
  const wanted = traceId && idBytes(traceId)
  return (record) => {
    if (wanted !== undefined && !isOfTrace(signal, record, wanted)) return false
    if (fromUnixNano === undefined && toUnixNano === undefined) return true
    const { firstUnixNano, lastUnixNano } = readRecordTimes(signal, record)
    return lastUnixNano >= (fromUnixNano ?? 0n) && (toUnixNano === undefined || firstUnixNano < toUnixNano)
  }
}
