/**
 * Runs the long work of the store thread a turn at a time: its other calls are answered in between, for a query must not
 * hold up a commit or a revocation. A few queries run at once, turn and turn about, so that a short one is not kept
 * waiting by a long one, and memory is bounded by those few; the others wait in line. Each has a deadline and ends when
 * nobody wants its answer any more.
 */
import type { Clock } from '../../base/clock.ts'
import { MeshError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'

/** Length of a turn, in milliseconds: what a call waits at most, save for the one step that is under way. */
export const TURN_MS = 5
/** Most queries that run at once: each may hold an answer of some tens of megabytes. */
export const MAX_RUNNING = 4
/** Most queries that wait for one to end: more than the people and dashboards of a household ask for at once. */
export const MAX_WAITING = 64
/** Time for an answer when the caller names none, in milliseconds. */
export const DEFAULT_QUERY_TIMEOUT_MS = 10_000
/** Longest time anybody may give a query. */
export const MAX_QUERY_TIMEOUT_MS = 120_000
/** Part of its time after which a query should bring to an end what it has. */
const TIME_TO_LOOK = 0.8

export type TurnsErrorCode =
  /** The agent ends. */
  | 'QUERY_STOPPED'
  /** Whoever asked is gone. */
  | 'QUERY_CANCELLED'
  /** There was no answer within its time. */
  | 'QUERY_TIMEOUT'
  /** Too many queries wait already. */
  | 'QUERY_BUSY'
export class TurnsError extends MeshError<TurnsErrorCode> {}

export interface TurnsOptions {
  /** Default {@link TURN_MS}. */
  readonly turnMs?: number
  /** Resolves when whatever else there was to do is done. */
  readonly pause: () => Promise<unknown>
}

export interface QueryLimits {
  /** Aborted when nobody wants the answer any more. */
  readonly signal?: AbortSignal | undefined
  /** From the moment it is asked. Default {@link DEFAULT_QUERY_TIMEOUT_MS}, at most {@link MAX_QUERY_TIMEOUT_MS}. */
  readonly timeoutMs?: number | undefined
}

/** What work may ask about its time. */
export interface QueryTime {
  /** False when it should answer with what it has. */
  readonly hasTime: () => boolean
}

interface Query {
  readonly work: (time: QueryTime) => Steps<unknown>
  readonly deadlineMs: number
  readonly time: QueryTime
  readonly resolve: (value: unknown) => void
  readonly reject: (err: unknown) => void
  /** Undefined before its first turn. */
  steps: Steps<unknown> | undefined
}

export class Turns {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #turnMs: number
  readonly #pause: () => Promise<unknown>
  readonly #running: Query[] = []
  readonly #waiting: Query[] = []
  #isStopped = false
  #isTurning = false
  #answeredMs = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>, { turnMs = TURN_MS, pause }: TurnsOptions) {
    this.#clock = clock
    this.#turnMs = turnMs
    this.#pause = pause
  }

  /** @throws {TurnsError}, and what the work throws */
  async run<T>(work: (time: QueryTime) => Steps<T>, { signal, timeoutMs }: QueryLimits = {}): Promise<T> {
    if (signal?.aborted === true) throw cancelled()
    if (this.#waiting.length >= MAX_WAITING) {
      throw new TurnsError('QUERY_BUSY', 'too many queries wait for an answer; ask again later')
    }
    try {
      return await this.#add(work, Math.min(timeoutMs ?? DEFAULT_QUERY_TIMEOUT_MS, MAX_QUERY_TIMEOUT_MS), signal)
    } finally {
      this.#answeredMs = this.#clock.monotonic()
    }
  }

  /** For how long nobody has waited for an answer, in milliseconds. */
  idleMs(): number {
    const isAsked = [...this.#running, ...this.#waiting].some(({ deadlineMs }) => Number.isFinite(deadlineMs))
    return isAsked ? 0 : this.#clock.monotonic() - this.#answeredMs
  }

  /** Work that nobody waits for: like a query, with all the time it needs. @throws what the work throws */
  upkeep<T>(work: () => Steps<T>): Promise<T> {
    return this.#add(work, Infinity, undefined)
  }

  /** Work that is not done yet takes no further step. */
  stop(): void {
    this.#isStopped = true
    for (const query of [...this.#running, ...this.#waiting]) this.#end(query, stopped())
  }

  #add<T>(work: (time: QueryTime) => Steps<T>, limitMs: number, signal: AbortSignal | undefined): Promise<T> {
    if (this.#isStopped) return Promise.reject(stopped())
    const startMs = this.#clock.monotonic()
    const hasTime = (): boolean => this.#clock.monotonic() - startMs < limitMs * TIME_TO_LOOK
    return new Promise<unknown>((resolve, reject) => {
      const query: Query = {
        work,
        deadlineMs: startMs + limitMs,
        time: { hasTime },
        resolve,
        reject,
        steps: undefined,
      }
      signal?.addEventListener('abort', () => this.#end(query, cancelled()), { once: true })
      this.#waiting.push(query)
      if (!this.#isTurning) void this.#turn()
    }) as Promise<T>
  }

  async #turn(): Promise<void> {
    this.#isTurning = true
    // What is asked in the same moment begins together; the caller gets its promise first.
    await Promise.resolve()
    for (;;) {
      this.#dismissLate()
      while (this.#running.length < MAX_RUNNING && this.#waiting.length > 0) {
        this.#running.push(this.#waiting.shift() as Query)
      }
      const query = this.#running.shift()
      if (query === undefined) break
      if (this.#takesMore(query)) {
        this.#running.push(query)
        await this.#pause()
      }
    }
    this.#isTurning = false
  }

  /** One turn of a query. @returns whether it needs another */
  #takesMore(query: Query): boolean {
    const turnEndMs = this.#clock.monotonic() + this.#turnMs
    try {
      const steps = (query.steps ??= query.work(query.time))
      for (;;) {
        const step = steps.next()
        if (step.done === true) {
          query.resolve(step.value)
          return false
        }
        if (this.#clock.monotonic() >= turnEndMs) return true
      }
    } catch (err) {
      query.reject(err)
      return false
    }
  }

  #dismissLate(): void {
    const nowMs = this.#clock.monotonic()
    for (const query of [...this.#running, ...this.#waiting]) {
      if (nowMs < query.deadlineMs) continue
      this.#end(query, new TurnsError('QUERY_TIMEOUT', 'there was no answer in time; ask for less, or give it longer'))
    }
  }

  #end(query: Query, why: TurnsError): void {
    for (const list of [this.#running, this.#waiting]) {
      const at = list.indexOf(query)
      if (at >= 0) list.splice(at, 1)
    }
    query.reject(why)
  }
}

function cancelled(): TurnsError {
  return new TurnsError('QUERY_CANCELLED', 'whoever asked is gone')
}

function stopped(): TurnsError {
  return new TurnsError('QUERY_STOPPED', 'the agent stops before this is answered')
}
