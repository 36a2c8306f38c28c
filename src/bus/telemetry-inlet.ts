/**
 * Carries a module's batches and reports to their sinks and says what became of them: an ack only after the commit.
 * Bounded per module: what comes while too much is under way is answered busy, and the module keeps it.
 */
import type { Clock } from '../base/clock.ts'
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { TokenBucket } from '../base/token-bucket.ts'
import type { AgentMessage, ModuleMessage, ReportMessage } from '../wire/bus-frames.ts'
import type { ModuleCounters, ReportSink, TelemetrySink, TelemetryTaken } from './bus-ports.ts'

/** Most batches of one module on their way to a commit. */
export const MAX_BATCHES_UNDER_WAY = 16
/** Most bytes of one module on their way to a commit. */
export const MAX_BYTES_UNDER_WAY = 16 * 1_048_576
/** When to try again if the sink does not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 1000
/** When to try again after our own bound was hit: the batches under way are done by then, in milliseconds. */
const BOUND_RETRY_AFTER_MS = 100

/** Reports of a module at once, and a second in the long run: what is audited is never deleted. */
const REPORT_BURST = 600
const REPORTS_PER_S = 1

export interface TelemetryInletDeps {
  readonly module: string
  readonly telemetry: TelemetrySink
  readonly reports: ReportSink
  readonly counters: ModuleCounters
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

type Telemetry = Extract<ModuleMessage, { kind: 'telemetry' }>
type Taken = Pick<TelemetryTaken, 'rejected' | 'code' | 'refusals'>
type Answer = Extract<AgentMessage, { kind: 'ack' | 'nack' }>

export class TelemetryInlet {
  readonly #deps: TelemetryInletDeps
  readonly #reports: TokenBucket
  readonly #underWay = new Set<Promise<Answer>>()
  #bytes = 0
  #isClosed = false

  constructor(deps: TelemetryInletDeps) {
    this.#deps = deps
    this.#reports = new TokenBucket(REPORT_BURST, REPORTS_PER_S, deps.clock.monotonic())
  }

  /** Resolves with the answer to send; never rejects. */
  async accept(message: Telemetry | ReportMessage): Promise<Answer> {
    const { counters } = this.#deps
    if (this.#isClosed || this.#underWay.size >= MAX_BATCHES_UNDER_WAY || this.#bytes > MAX_BYTES_UNDER_WAY) {
      counters.telemetryBusy++
      return busy(message.seq, BOUND_RETRY_AFTER_MS)
    }
    const waitMs = message.kind === 'telemetry' ? 0 : this.#reports.take(this.#deps.clock.monotonic())
    if (waitMs > 0) return busy(message.seq, waitMs)
    this.#bytes += message.body.length
    const answer = this.#commit(message)
    this.#underWay.add(answer)
    await answer
    this.#underWay.delete(answer)
    this.#bytes -= message.body.length
    return answer
  }

  /** Takes nothing new and resolves once everything under way is answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#underWay)
  }

  async #commit(message: Telemetry | ReportMessage): Promise<Answer> {
    const { seq } = message
    try {
      const taken = await this.#hand(message)
      this.#deps.counters.telemetryAccepted++
      return ack(seq, taken)
    } catch (err) {
      return this.#refuse(seq, err)
    }
  }

  async #hand(message: Telemetry | ReportMessage): Promise<Taken> {
    const { module, telemetry, reports } = this.#deps
    const { kind, delivery, body: bytes } = message
    if (kind === 'telemetry') {
      const { signal, encoding } = message
      return telemetry.accept({ module, signal, encoding, delivery, bytes })
    }
    await reports.accept({ module, kind, delivery, bytes })
    return { rejected: 0 }
  }

  #refuse(seq: number, err: unknown): Answer {
    // INTERNAL is a bug that crossed a thread: not expected, and nothing the module did.
    const isExpected = err instanceof MeshError && err.code !== 'INTERNAL'
    if (isExpected && !isBusy(err.code)) {
      this.#deps.counters.telemetryRefused++
      return { kind: 'nack', seq, code: err.code }
    }
    this.#deps.counters.telemetryBusy++
    if (!isExpected) this.#deps.log.error({ err, module: this.#deps.module }, 'telemetry could not be committed')
    const asked = isExpected ? err.details['retryAfterMs'] : undefined
    const retryAfterMs = typeof asked === 'number' && asked >= 0 ? Math.ceil(asked) : DEFAULT_RETRY_AFTER_MS
    return { kind: 'nack', seq, code: isExpected ? 'BUS_BUSY' : 'BUS_INTERNAL', retryAfterMs }
  }
}

function ack(seq: number, { rejected, code, refusals }: Taken): Answer {
  return {
    kind: 'ack',
    seq,
    ...(rejected === 0 ? {} : { rejected }),
    ...(code === undefined ? {} : { code }),
    ...(refusals === undefined || refusals.size === 0 ? {} : { refused: Object.fromEntries(refusals) }),
  }
}

function busy(seq: number, retryAfterMs: number): Answer {
  return { kind: 'nack', seq, code: 'BUS_BUSY', retryAfterMs }
}

function isBusy(code: string): boolean {
  return code === 'BUSY' || code.endsWith('_BUSY')
}
