/**
 * Bytes that came and are not taken apart yet: one buffer that grows to the largest piece and is used again. What it shows
 * is a view, good until more is appended.
 */
const FIRST_CAPACITY_BYTES = 65_536

export class PendingBytes {
  #buffer = new Uint8Array(FIRST_CAPACITY_BYTES)
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  view(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end)
  }

  /** Takes the first `count` bytes away, at most all. */
  drop(count: number): void {
    this.#start = Math.min(this.#start + count, this.#end)
    if (this.#start === this.#end) this.#start = this.#end = 0
  }

  #makeRoom(more: number): void {
    const { length } = this
    const fits = length + more <= this.#buffer.length
    const target = fits ? this.#buffer : new Uint8Array(Math.max(length + more, this.#buffer.length * 2))
    target.set(this.view())
    this.#buffer = target
    this.#start = 0
    this.#end = length
  }
}
