/**
 * Says of a key that it is not among a part's, or may be: so that a trace is looked for in the parts that have it, and not in
 * all of them. A blocked Bloom filter (Bloom 1970; Putze, Sanders, Singler 2007): one cache line for each key.
 *
 * Guarantees: never says no to a key that was added. Keys that were made to collide cost a look more, nothing else.
 */

/** A line of the processor's cache. */
const LINE_WORDS = 16
const LINE_BITS_MASK = 511
const BYTES_PER_LINE = 4 * LINE_WORDS
/** Bits set for a key, at about ten bits of room: one of a hundred others is taken for it. */
const PROBES = 6

export class KeyFilter {
  readonly bytes: number
  readonly #words: Uint32Array
  readonly #lines: number

  /** @param bytes room: ten bits for each key; rounded up to whole lines */
  constructor(bytes: number) {
    this.#lines = Math.max(1, Math.ceil(bytes / BYTES_PER_LINE))
    this.#words = new Uint32Array(this.#lines * LINE_WORDS)
    this.bytes = this.#words.byteLength
  }

  add(key: number): void {
    const hash = hashOf(key)
    const line = this.#lineOf(hash)
    const step = stepOf(hash)
    let bit = hash
    for (let probe = 0; probe < PROBES; probe++, bit += step) {
      const at = line + ((bit & LINE_BITS_MASK) >>> 5)
      this.#words[at] = (this.#words[at] as number) | (1 << (bit & 31))
    }
  }

  mayHave(key: number): boolean {
    const hash = hashOf(key)
    const line = this.#lineOf(hash)
    const step = stepOf(hash)
    let bit = hash
    for (let probe = 0; probe < PROBES; probe++, bit += step) {
      if (((this.#words[line + ((bit & LINE_BITS_MASK) >>> 5)] as number) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  /** By the upper bits, of which those within the line are the lower. */
  #lineOf(hash: number): number {
    return Math.floor(((hash >>> 0) / 2 ** 32) * this.#lines) * LINE_WORDS
  }
}

/** All 48 bits of a key in 32 (the last steps of MurmurHash3). */
function hashOf(key: number): number {
  let hash = (key ^ Math.imul(key / 2 ** 32, 0x9e37_79b1)) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}

/** From bits that choose neither the line nor the first probe; odd, so that no probe comes back to the first. */
function stepOf(hash: number): number {
  return (hash >>> 9) | 1
}
