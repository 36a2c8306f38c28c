/** Bounds what the process holds at once, in requests and in bytes. Over a bound the answer is "busy", never a queue. */

export interface InFlightLimits {
  readonly maxRequests: number
  readonly maxBytes: number
}

/** One request's share. `take` is false when the bytes no longer fit; `leave` gives everything back, once. */
export interface Place {
  take(bytes: number): boolean
  leave(): void
}

export class InFlight {
  readonly #limits: InFlightLimits
  #requests = 0
  #bytes = 0

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  get requests(): number {
    return this.#requests
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @returns `undefined` if there is no place for another request, or none for a body of the length it declares. */
  enter(declaredBytes = 0): Place | undefined {
    if (this.#requests >= this.#limits.maxRequests || !this.#fits(declaredBytes)) return undefined
    this.#requests++
    let held = 0
    let here = true
    return {
      take: (bytes) => {
        if (!here || !this.#fits(bytes)) return false
        held += bytes
        this.#bytes += bytes
        return true
      },
      leave: () => {
        if (!here) return
        here = false
        this.#requests--
        this.#bytes -= held
      },
    }
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limits.maxBytes
  }
}
