/** Calls whose caller was not met yet, in columns of numbers: there may be half a million, and 15 bytes each is enough. */

export interface Call {
  /** The caller's key. */
  readonly low: number
  readonly high: number
  /** Number of the node that was called. */
  readonly to: number
  /** Flags of the span that was called, as its part has them. */
  readonly flags: number
  readonly nanos: number
  readonly isLink: boolean
}

const FIRST_ROOM = 1024
/** Beside a span's flags, which take six bits. */
const IS_LINK = 128

export class PendingCalls {
  #keys = new Uint32Array(2 * FIRST_ROOM)
  #to = new Uint16Array(FIRST_ROOM)
  #flags = new Uint8Array(FIRST_ROOM)
  #nanos = new Float32Array(FIRST_ROOM)
  #count = 0

  get count(): number {
    return this.#count
  }

  add({ low, high, to, flags, nanos, isLink }: Call): void {
    const i = this.#count++
    if (i === this.#to.length) this.#grow()
    this.#keys[2 * i] = low
    this.#keys[2 * i + 1] = high
    this.#to[i] = to
    this.#flags[i] = flags | (isLink ? IS_LINK : 0)
    this.#nanos[i] = nanos
  }

  *all(): Generator<Call> {
    for (let i = 0; i < this.#count; i++) {
      const flags = this.#flags[i] as number
      yield {
        low: this.#keys[2 * i] as number,
        high: this.#keys[2 * i + 1] as number,
        to: this.#to[i] as number,
        flags: flags & ~IS_LINK,
        nanos: this.#nanos[i] as number,
        isLink: (flags & IS_LINK) !== 0,
      }
    }
  }

  #grow(): void {
    const [keys, to, flags, nanos] = [this.#keys, this.#to, this.#flags, this.#nanos]
    const room = 2 * to.length
    this.#keys = new Uint32Array(2 * room)
    this.#to = new Uint16Array(room)
    this.#flags = new Uint8Array(room)
    this.#nanos = new Float32Array(room)
    this.#keys.set(keys)
    this.#to.set(to)
    this.#flags.set(flags)
    this.#nanos.set(nanos)
  }
}
