/** Which of many records, by number, in a bit each: a million of them, for hundreds of questions at once. */
export class RecordSet {
  #bits = new Uint32Array(64)
  #size = 0

  static of(numbers: Iterable<number>): RecordSet {
    const set = new RecordSet()
    for (const number of numbers) set.add(number)
    return set
  }

  get size(): number {
    return this.#size
  }

  /** @returns false if it was there already */
  add(number: number): boolean {
    if (this.has(number)) return false
    this.#grow(number >>> 5)
    this.#bits[number >>> 5] = (this.#bits[number >>> 5] as number) | (1 << (number & 31))
    this.#size++
    return true
  }

  has(number: number): boolean {
    return (((this.#bits[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1
  }

  /** Those that are in both. */
  and(other: RecordSet): RecordSet {
    const both = new RecordSet()
    for (const number of this.numbers()) if (other.has(number)) both.add(number)
    return both
  }

  *numbers(): Generator<number> {
    for (let number = 0; number < this.#bits.length * 32; number++) if (this.has(number)) yield number
  }

  #grow(word: number): void {
    if (word < this.#bits.length) return
    const bits = new Uint32Array(Math.max(word + 1, this.#bits.length * 2))
    bits.set(this.#bits)
    this.#bits = bits
  }
}
