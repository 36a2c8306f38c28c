/** Which batch of a stream this is: a sender that does not know whether it arrived sends it again under the same number. */
export interface Delivery {
  /** Of one sender, chosen at random. */
  readonly stream: string
  readonly n: number
  /** The oldest that may come again. */
  readonly oldest: number
}

/** Letters, digits, dashes and underscores: a hash in hex, a UUID. */
export const STREAM = /^[A-Za-z0-9_-]{8,64}$/
