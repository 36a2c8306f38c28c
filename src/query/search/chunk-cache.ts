/**
 * What was worked out from chunks, kept for the next query: a stored chunk never changes. Bounded by what the entries
 * weigh; those not used for longest go first.
 */

/** Most bytes of all entries together: what some 2,000 chunks' statistics weigh. */
export const MAX_CACHE_BYTES = 32 << 20
/** What an entry weighs beside its value: its key, and its place in the map. */
const ENTRY_BYTES = 200

interface Entry {
  readonly value: unknown
  readonly bytes: number
}

export class ChunkCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(maxBytes: number = MAX_CACHE_BYTES) {
    this.#maxBytes = maxBytes
  }

  get(key: string): unknown {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** `bytes`: about what the value weighs in memory. */
  set(key: string, value: unknown, bytes: number): void {
    this.#forget(key)
    const entry = { value, bytes: bytes + ENTRY_BYTES }
    if (entry.bytes > this.#maxBytes) return
    this.#entries.set(key, entry)
    this.#bytes += entry.bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.#forget(oldest)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}
