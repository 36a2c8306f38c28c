/**
 * How fast sealed segments come and go, over all sessions: what was sent is a debt that time pays back, and while there is debt
 * nothing more is begun. Words of consent, keys and heads never wait: they are small, and a revocation comes first.
 */
import type { Clock } from '../base/clock.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import { NO_SYNC_LIMITS, syncRate, type Direction, type SyncLimits } from '../model/sync-limits.ts'

/** What may go at once after a rest, in seconds of the rate. */
const BURST_S = 1
/** A wait is looked at again after this, in milliseconds: limits and networks change under it. */
const LOOK_AGAIN_MS = 1_000
/** Asked for at once under a limit, in seconds of it: little enough that it comes evenly. */
const ASK_S = 2
/** At least so much is asked for at once, in bytes: a segment or two. */
const LEAST_ASKED_BYTES = 65_536
const MS_PER_S = 1_000

export class Bandwidth {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  #limits: SyncLimits = NO_SYNC_LIMITS
  /** By direction and kind of network. */
  #buckets = new Map<string, TokenBucket>()

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock
  }

  get limits(): SyncLimits {
    return this.#limits
  }

  set limits(limits: SyncLimits) {
    this.#limits = limits
    this.#buckets = new Map()
  }

  /** @param isMetered of the network that a session goes over, now */
  pace(isMetered: () => boolean): Pace {
    return new Pace(this, this.#clock, isMetered)
  }

  rate(direction: Direction, isMetered: boolean): number | undefined {
    return syncRate(this.#limits, direction, isMetered)
  }

  spend(direction: Direction, isMetered: boolean, bytes: number): void {
    this.#bucket(direction, isMetered)?.spend(bytes, this.#clock.monotonic())
  }

  /** Milliseconds until something may be begun; 0: now. */
  pauseMs(direction: Direction, isMetered: boolean): number {
    const rate = this.rate(direction, isMetered)
    if (rate === undefined) return 0
    if (rate === 0) return Infinity
    const level = this.#bucket(direction, isMetered)?.level(this.#clock.monotonic()) ?? 0
    return level > 0 ? 0 : ((1 - level) / rate) * MS_PER_S
  }

  #bucket(direction: Direction, isMetered: boolean): TokenBucket | undefined {
    const rate = this.rate(direction, isMetered)
    if (rate === undefined || rate === 0) return undefined
    // A metered network has one rate for both ways.
    const name = isMetered ? 'metered' : direction
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    const bucket = new TokenBucket(rate * BURST_S, rate, this.#clock.monotonic())
    this.#buckets.set(name, bucket)
    return bucket
  }
}

/** The part of it that one session has. */
export class Pace {
  readonly #bandwidth: Bandwidth
  readonly #clock: Pick<Clock, 'after'>
  readonly #isMetered: () => boolean
  readonly #waiting = new Set<() => void>()
  #isEnded = false

  constructor(bandwidth: Bandwidth, clock: Pick<Clock, 'after'>, isMetered: () => boolean) {
    this.#bandwidth = bandwidth
    this.#clock = clock
    this.#isMetered = isMetered
  }

  spend(direction: Direction, bytes: number): void {
    this.#bandwidth.spend(direction, this.#isMetered(), bytes)
  }

  isFree(direction: Direction): boolean {
    return this.#isEnded || this.#bandwidth.pauseMs(direction, this.#isMetered()) === 0
  }

  /** Resolves once something may be begun, or the session has ended. */
  async until(direction: Direction): Promise<void> {
    while (!this.isFree(direction)) {
      await this.#pause(Math.min(this.#bandwidth.pauseMs(direction, this.#isMetered()), LOOK_AGAIN_MS))
    }
  }

  /** How much may be asked for at once. */
  askBytes(most: number): number {
    const rate = this.#bandwidth.rate('down', this.#isMetered())
    return rate === undefined ? most : Math.min(most, Math.max(LEAST_ASKED_BYTES, rate * ASK_S))
  }

  /** Nobody waits any more. */
  end(): void {
    this.#isEnded = true
    for (const wake of this.#waiting) wake()
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(ms, resolve)
    this.#waiting.add(resolve)
    await promise
    this.#waiting.delete(resolve)
    cancel()
  }
}
