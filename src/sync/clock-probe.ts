/**
 * Measures how far the peer's clock is from ours, by four timestamps on the session's own link: a quick series at the
 * start, then now and then, which also keeps the link alive. Raw times of records are never touched.
 */
import type { Clock } from '../base/clock.ts'
import type { PingMessage, PongMessage, SyncMessage } from '../wire/sync-message-types.ts'
import {
  addClockSample,
  estimateClockOffset,
  NO_SAMPLES,
  type ClockEstimate,
  type ClockSamples,
} from './core/clock-offset.ts'

export interface ClockProbeDeps {
  readonly clock: Clock
  readonly send: (message: SyncMessage) => void
  readonly onOffset: (offset: Omit<ClockEstimate, 'samples'>) => Promise<void>
}

/** Exchanges at the start of a session, one after the other: enough for one to meet no queue. */
const FIRST_EXCHANGES = 5
/** Time between two later ones, in milliseconds; well under the limit at which silence ends a session. */
export const PROBE_EVERY_MS = 15_000
const US_PER_MS = 1_000

export class ClockProbe {
  readonly #deps: ClockProbeDeps
  #samples: ClockSamples = NO_SAMPLES
  #exchanges = 0
  /** When the ping that waits for its pong was sent. */
  #pingedUs: number | undefined
  #cancel: (() => void) | undefined

  constructor(deps: ClockProbeDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#ping()
    this.#cancel = this.#deps.clock.every(PROBE_EVERY_MS, () => this.#ping())
  }

  stop(): void {
    this.#cancel?.()
  }

  /** Asks at once, out of turn. */
  ask(): void {
    this.#ping()
  }

  onPing({ t1 }: PingMessage): void {
    const t2 = this.#nowUs()
    this.#deps.send({ type: 'pong', t1, t2, t3: this.#nowUs() })
  }

  async onPong({ t1, t2, t3 }: PongMessage): Promise<void> {
    const { clock, onOffset } = this.#deps
    // An answer to nothing, or to a ping that a newer one has overtaken.
    if (t1 !== this.#pingedUs) return
    this.#pingedUs = undefined
    const receivedUnixMs = this.#nowUs() / US_PER_MS
    this.#samples = addClockSample(this.#samples, {
      sentUnixMs: t1 / US_PER_MS,
      peerReceivedUnixMs: t2 / US_PER_MS,
      peerSentUnixMs: t3 / US_PER_MS,
      receivedUnixMs,
      atMonotonicMs: clock.monotonic(),
    })
    this.#exchanges++
    if (this.#exchanges < FIRST_EXCHANGES) this.#ping()
    const estimate = estimateClockOffset(this.#samples, clock.monotonic())
    if (estimate === undefined) return
    const { offsetMs, errorMs, roundTripMs } = estimate
    await onOffset({ offsetMs, errorMs, roundTripMs })
  }

  #ping(): void {
    const t1 = this.#nowUs()
    this.#pingedUs = t1
    this.#deps.send({ type: 'ping', t1 })
  }

  #nowUs(): number {
    return Math.round(this.#deps.clock.now() * US_PER_MS)
  }
}
