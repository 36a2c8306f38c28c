/**
 * One export under way: the records asked for as OTLP messages, each behind its length (framing `u32`), a block at a time.
 * Between two blocks nothing is held but the place in the index; what is asked for is as of the beginning.
 */
import { concat } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { ChunkRef, StoredChunk } from '../../query/trace-source.ts'
import { cutMessage } from '../../wire/otlp/cut-message.ts'
import { u32Prefix } from '../../wire/otlp/framing.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import type { ExportPlan } from './export-plan.ts'

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
  readonly #plan: ExportPlan
  /** Whose records are meant; undefined: everybody's. */
  readonly #deviceIds: ReadonlySet<DeviceId> | undefined
  readonly #chunks: Iterator<ChunkRef>
  readonly #totals = { records: 0, messages: 0, bytes: 0, tampered: 0, unreadable: 0 }

  constructor(plan: ExportPlan, deviceIds: readonly DeviceId[] | undefined) {
    this.#plan = plan
    this.#deviceIds = deviceIds && new Set(deviceIds)
    this.#chunks = plan.chunks[Symbol.iterator]()
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
    if (this.#deviceIds?.has(ref.deviceId) === false) return []
    const chunk = yield* ref.open()
    if (chunk === undefined) return []
    if (chunk.provenance === 'tampered') {
      this.#totals.tampered++
      return []
    }
    if (!this.#plan.isWhole(ref)) return this.#cut(chunk)
    this.#totals.records += ref.records
    return [chunk.payload]
  }

  #cut(chunk: StoredChunk): readonly Uint8Array[] {
    try {
      const pieces = [...cutMessage(chunk.payload, NO_LIMITS, this.#plan.filterOf(chunk))]
      this.#totals.records += pieces.reduce((sum, { records }) => sum + records, 0)
      return pieces.length === 0 ? [] : [concat(...pieces.map(({ bytes }) => bytes))]
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      this.#totals.unreadable++
      return []
    }
  }
}
