/** Blocks of postings that were read last, bounded by their bytes. */

export class BlockCache {
  readonly #maxBytes: number
  /** In the order of use. */
  readonly #blocks = new Map<number, Uint8Array>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param read called for a block that is not held */
  get(id: number, read: (id: number) => Uint8Array): Uint8Array {
    const known = this.#blocks.get(id)
    if (known !== undefined) {
      this.#blocks.delete(id)
      this.#blocks.set(id, known)
      return known
    }
    const bytes = read(id)
    this.#blocks.set(id, bytes)
    this.#bytes += bytes.length
    this.#shrink()
    return bytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Keeps those of which this is true. */
  keep(isWanted: (id: number) => boolean): void {
    for (const [id, bytes] of this.#blocks) if (!isWanted(id)) this.#delete(id, bytes)
  }

  #shrink(): void {
    for (const [id, bytes] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) return
      this.#delete(id, bytes)
    }
  }

  #delete(id: number, bytes: Uint8Array): void {
    this.#blocks.delete(id)
    this.#bytes -= bytes.length
  }
}
