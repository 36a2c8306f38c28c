/**
 * Carries a module's batches to the sink and says what became of them: an ack only after the commit.
 * Bounded per module: what comes while too much is under way is answered busy, and the module keeps it.
 */
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { AgentMessage, ModuleMessage } from '../wire/bus-frames.ts'
import type { ModuleCounters, TelemetrySink } from './bus-ports.ts'

/** Most batches of one module on their way to a commit. */
export const MAX_BATCHES_UNDER_WAY = 16
/** Most bytes of one module on their way to a commit. */
export const MAX_BYTES_UNDER_WAY = 16 * 1_048_576
/** When to try again if the sink does not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 1000
/** When to try again after our own bound was hit: the batches under way are done by then, in milliseconds. */
const BOUND_RETRY_AFTER_MS = 100

type Telemetry = Extract<ModuleMessage, { kind: 'telemetry' }>
type Answer = Extract<AgentMessage, { kind: 'ack' | 'nack' }>

export class TelemetryInlet {
  readonly #module: string
  readonly #sink: TelemetrySink
  readonly #counters: ModuleCounters
  readonly #log: Logger
  readonly #underWay = new Set<Promise<Answer>>()
  #bytes = 0
  #isClosed = false

  constructor(module: string, sink: TelemetrySink, counters: ModuleCounters, log: Logger) {
    this.#module = module
    this.#sink = sink
    this.#counters = counters
    this.#log = log
  }

  /** Resolves with the answer to send; never rejects. */
  async accept(message: Telemetry): Promise<Answer> {
    if (this.#isClosed || this.#underWay.size >= MAX_BATCHES_UNDER_WAY || this.#bytes > MAX_BYTES_UNDER_WAY) {
      this.#counters.telemetryBusy++
      return { kind: 'nack', seq: message.seq, code: 'BUS_BUSY', retryAfterMs: BOUND_RETRY_AFTER_MS }
    }
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

  async #commit(message: Telemetry): Promise<Answer> {
    const { seq, signal, encoding, delivery, body } = message
    try {
      const { rejected } = await this.#sink.accept({ module: this.#module, signal, encoding, delivery, bytes: body })
      this.#counters.telemetryAccepted++
      return rejected > 0 ? { kind: 'ack', seq, rejected } : { kind: 'ack', seq }
    } catch (err) {
      return this.#refuse(seq, err)
    }
  }

  #refuse(seq: number, err: unknown): Answer {
    // INTERNAL is a bug that crossed a thread: not expected, and nothing the module did.
    const isExpected = err instanceof MeshError && err.code !== 'INTERNAL'
    if (isExpected && !isBusy(err.code)) {
      this.#counters.telemetryRefused++
      return { kind: 'nack', seq, code: err.code }
    }
    this.#counters.telemetryBusy++
    if (!isExpected) this.#log.error({ err, module: this.#module }, 'telemetry could not be committed')
    const asked = isExpected ? err.details['retryAfterMs'] : undefined
    const retryAfterMs = typeof asked === 'number' && asked >= 0 ? Math.ceil(asked) : DEFAULT_RETRY_AFTER_MS
    return { kind: 'nack', seq, code: isExpected ? 'BUS_BUSY' : 'BUS_INTERNAL', retryAfterMs }
  }
}

function isBusy(code: string): boolean {
  return code === 'BUSY' || code.endsWith('_BUSY')
}
