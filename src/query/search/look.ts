/** How far one query looks: what it may open at most, when it has to stop, and what it says of that in its answer. */
import { ReadBudget } from '../read-budget.ts'
import type { SearchChunk } from './search-source.ts'

/** Why a query stopped before it had looked at everything it should have. */
export type Cut = 'bytes' | 'time' | 'memory'

/** Part of every answer that is made by looking at records. */
export interface Looked {
  /** Chunks that were opened, or known from before, of those that may hold what was asked for. */
  readonly chunks: number
  readonly ofChunks: number
  /** Records in them. */
  readonly records: number
  /** Of them, chunks that could not be read. */
  readonly unreadable: number
  /** Null: everything that could change the answer was looked at. */
  readonly cut: Cut | null
  /** Where it was cut: nothing older was looked at. Null if it was not cut. */
  readonly backToUnixNano: string | null
}

/** Most bytes one query opens, one chunk at a time: some 12 million spans, more than there is time for. */
export const MAX_LOOK_BYTES = 4 * 2 ** 30

export interface LookLimits {
  /** Default {@link MAX_LOOK_BYTES}. */
  readonly bytes?: number | undefined
  /** Whether there is time to open another chunk and still answer. */
  readonly hasTime: () => boolean
}

export class Look {
  readonly #budget: ReadBudget
  readonly #hasTime: () => boolean
  #chunks = 0
  #records = 0
  #unreadable = 0
  #cut: Cut | null = null
  #backTo: bigint | null = null

  constructor({ bytes = MAX_LOOK_BYTES, hasTime }: LookLimits) {
    this.#budget = new ReadBudget(bytes)
    this.#hasTime = hasTime
  }

  /**
   * @param hasRoom for what it comes to
   * @returns whether the chunk may be looked at; if not, neither may any after it
   */
  take(chunk: SearchChunk, hasRoom = true): boolean {
    if (!hasRoom) return this.#stop('memory', chunk)
    if (!this.#hasTime()) return this.#stop('time', chunk)
    if (!this.#budget.take(chunk)) return this.#stop('bytes', chunk)
    this.#chunks++
    this.#records += chunk.records
    return true
  }

  noteUnreadable(): void {
    this.#unreadable++
  }

  get isCut(): boolean {
    return this.#cut !== null
  }

  result(ofChunks: number): Looked {
    return {
      chunks: this.#chunks,
      ofChunks,
      records: this.#records,
      unreadable: this.#unreadable,
      cut: this.#cut,
      backToUnixNano: this.#backTo?.toString() ?? null,
    }
  }

  #stop(cut: Cut, { latestUnixNano }: SearchChunk): false {
    this.#cut = cut
    this.#backTo = latestUnixNano
    return false
  }
}
