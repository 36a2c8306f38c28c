/**
 * Sends batches to the agent, a few at a time, and keeps each until it is committed: under back-pressure it waits as long as
 * it is told to and comes again. A batch that the door cannot read is sent again part by part, so that the bad part is
 * lost alone.
 */
import type { Clock } from '../../base/clock.ts'
import type { ImportedView } from '../../agent/http-types/transfer.ts'
import type { Batch } from '../../transfer/batcher.ts'
import type { AgentClient } from '../agent-client.ts'
import { AgentAnswerError, CliError } from '../cli-error.ts'

/** Batches on their way at once: the agent commits those that wait together. */
export const MAX_IN_FLIGHT = 8
/** Time without a single batch taken after which the import gives up, in milliseconds: a disk is not freed by waiting. */
export const MAX_STALL_MS = 300_000

export interface BatchSenderDeps {
  readonly client: Pick<AgentClient, 'push'>
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  readonly onTaken: (batch: Batch, taken: ImportedView) => void
  /** The door cannot read a batch of one part. */
  readonly onRefused: (batch: Batch, err: AgentAnswerError) => void
  /** The agent takes nothing now, for this reason; undefined: it does again. */
  readonly onWait: (reason: string | undefined) => void
}

export class BatchSender {
  readonly #deps: BatchSenderDeps
  readonly #underWay = new Set<Promise<void>>()
  #lastTakenMs: number
  #failure: unknown

  constructor(deps: BatchSenderDeps) {
    this.#deps = deps
    this.#lastTakenMs = deps.clock.monotonic()
  }

  /** Resolves when there is room for the next. @throws what ended a batch before this one */
  async send(batch: Batch): Promise<void> {
    this.#start(batch)
    while (this.#underWay.size >= MAX_IN_FLIGHT) await Promise.race(this.#underWay)
    this.#throwFailure()
  }

  /** Resolves when every batch is committed. */
  async finish(): Promise<void> {
    await Promise.all(this.#underWay)
    this.#throwFailure()
  }

  #start(batch: Batch): void {
    const sent = this.#sendOne(batch)
      .catch((err: unknown) => {
        this.#failure ??= err
      })
      .finally(() => this.#underWay.delete(sent))
    this.#underWay.add(sent)
  }

  async #sendOne(batch: Batch): Promise<void> {
    try {
      const taken = await this.#pushUntilTaken(batch)
      this.#deps.onTaken(batch, taken)
    } catch (err) {
      const isUnreadable = err instanceof AgentAnswerError && err.code.startsWith('OTLP_')
      if (!isUnreadable) throw err
      if (batch.parts.length === 1) return this.#deps.onRefused(batch, err)
      for (const part of batch.parts) await this.#sendOne({ ...batch, bytes: part.bytes, parts: [part] })
    }
  }

  async #pushUntilTaken({ signal, bytes }: Batch): Promise<ImportedView> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const pushed = await this.#deps.client.push<ImportedView>(`/v1/import/${signal}`, bytes)
      if (pushed.ok) {
        this.#lastTakenMs = this.#deps.clock.monotonic()
        this.#deps.onWait(undefined)
        return pushed.view
      }
      this.#deps.onWait(pushed.reason)
      if (this.#deps.clock.monotonic() - this.#lastTakenMs > MAX_STALL_MS) throw stalled(pushed.reason)
      await this.#pause(pushed.retryAfterMs)
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#deps.clock.after(delayMs, resolve))
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

function stalled(reason: string): CliError {
  const minutes = MAX_STALL_MS / 60_000
  return new CliError('IMPORT_STALLED', `the agent has taken nothing for ${minutes} minutes: ${reason}`)
}
