/** A spool that keeps what it is given for as long as the test. */
import type { Spool, SpooledBatch, SpoolPlace } from '../../src/sdk/spool/spool.ts'

export class MemorySpool implements Spool {
  readonly #kept = new Map<string, { readonly batch: SpooledBatch; readonly bytes: Uint8Array }>()
  isFull = false
  writes = 0

  get size(): number {
    return this.#kept.size
  }

  numbers(): readonly number[] {
    return [...this.#kept.values()].map(({ batch }) => batch.n)
  }

  /** The disk forgets everything. */
  lose(): void {
    this.#kept.clear()
  }

  takeOver(): Promise<readonly SpooledBatch[]> {
    return Promise.resolve([...this.#kept.values()].map(({ batch }) => batch).sort((a, b) => a.n - b.n))
  }

  write({ stream, n, kind, records, size }: SpooledBatch, bytes: Uint8Array): Promise<void> {
    if (this.isFull) return Promise.reject(new Error('no room'))
    this.writes++
    const batch = { stream, n, kind, records, size }
    this.#kept.set(keyOf(batch), { batch, bytes: bytes.slice() })
    return Promise.resolve()
  }

  read(place: SpoolPlace): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(keyOf(place))?.bytes)
  }

  remove(place: SpoolPlace): Promise<void> {
    this.#kept.delete(keyOf(place))
    return Promise.resolve()
  }
}

function keyOf({ stream, n, kind }: SpoolPlace): string {
  return `${stream}/${n}/${kind}`
}
