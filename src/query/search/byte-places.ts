/** Where bytes occur in a payload, found as far as it is asked about: one quick pass, however many records are asked for. */
export class BytePlaces {
  readonly #payload: Buffer
  readonly #wanted: Uint8Array
  /** Nothing occurs from here on up to the next place. */
  #from = 0
  #next: number

  constructor({ buffer, byteOffset, byteLength }: Uint8Array, wanted: Uint8Array) {
    this.#payload = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
    this.#wanted = wanted
    this.#next = this.#find(0)
  }

  /** Whether they begin between `start` and `end`. Quick if what is asked about lies behind what was asked about before. */
  isIn(start: number, end: number): boolean {
    if (start < this.#from || start > this.#next) this.#next = this.#find(start)
    this.#from = start
    return this.#next < end
  }

  #find(start: number): number {
    const at = this.#payload.indexOf(this.#wanted, start)
    return at < 0 ? Number.POSITIVE_INFINITY : at
  }
}
