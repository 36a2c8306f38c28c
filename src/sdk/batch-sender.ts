/**
 * Batches on their way from a module to its agent's commit: says which is sent next, sends again what was not taken, writes
 * down what waits while the agent is away, and counts what is lost. It holds no connection: frames come and go by the bus client.
 */
import type { Clock } from '../base/clock.ts'
import { SIGNALS } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import type { AgentMessage, ModuleMessage } from '../wire/bus-frames.ts'
import { isSignal, type Batch, type BatchKind } from './batch.ts'
import { BatchQueue } from './batch-queue.ts'
import { isCollected } from './collected.ts'
import type { Refusals } from './refusals.ts'
import type { Spool } from './spool/spool.ts'

/** Attempts on a batch the agent fails on unexpectedly, so that one bad batch cannot stop all that follow. */
const MAX_INTERNAL_FAILURES = 5

export interface BatchCounters {
  /** Telemetry records lost because the agent was away too long. */
  droppedRecords: number
  /** Telemetry records the agent refused for good. */
  refusedRecords: number
  /** Telemetry records that the owner's stage does not collect. */
  uncollectedRecords: number
}

export interface BatchSenderDeps {
  readonly clock: Pick<Clock, 'after'>
  /** Chosen at random: names this sender's batches for good, so that one sent twice is kept once. */
  readonly stream: string
  /** Where what waits goes while the agent is away; without one it waits in memory. */
  readonly spool: Spool | undefined
  readonly counters: BatchCounters
  readonly refusals: Refusals
  /** The next number of a frame. */
  nextSeq(): number
  /** There may be something to send. */
  onWaiting(): void
  /** Something is done with: committed, refused or dropped. */
  onDone(): void
}

type Ack = Extract<AgentMessage, { kind: 'ack' }>
type Nack = Extract<AgentMessage, { kind: 'nack' }>

export class BatchSender {
  readonly #deps: BatchSenderDeps
  readonly #queue: BatchQueue
  readonly #internalFailures = new Map<number, number>()
  readonly #roomWaiters = new Set<() => void>()
  #stage: Stage | undefined
  /** What earlier runs left goes first. */
  #isTakenOver: boolean
  #isClosed = false
  #cancelBusy: (() => void) | undefined

  constructor(deps: BatchSenderDeps) {
    this.#deps = deps
    this.#queue = new BatchQueue({ spool: deps.spool })
    this.#isTakenOver = deps.spool === undefined
  }

  /** Whether nothing waits and nothing is under way. */
  get isDone(): boolean {
    return this.#isTakenOver && this.#queue.isEmpty
  }

  /** Looks for what earlier runs left. */
  async takeOver(): Promise<void> {
    if (this.#isTakenOver) return
    this.#deps.counters.droppedRecords += await this.#queue.takeOver(() => this.#deps.nextSeq())
    this.#isTakenOver = true
    this.#deps.onWaiting()
  }

  /** Sends it until the agent has committed it. */
  deliver(kind: BatchKind, bytes: Uint8Array, records: number): void {
    const { counters, stream } = this.#deps
    if (this.#isClosed) {
      counters.droppedRecords += records
      return
    }
    const seq = this.#deps.nextSeq()
    counters.droppedRecords += this.#queue.add({ seq, stream, n: seq, kind, records }, bytes)
    this.#deps.onWaiting()
  }

  /** The next frame to send, which is under way then. A promise if it is read from disk; of undefined if that cannot be done. */
  next(): ModuleMessage | undefined | Promise<ModuleMessage | undefined> {
    if (this.#cancelBusy || !this.#isTakenOver) return undefined
    const batch = this.#queue.next()
    if (!batch) return undefined
    const bytes = this.#queue.bytesOf(batch)
    return bytes instanceof Promise ? this.#fromSpool(batch, bytes) : this.#messageOf(batch, bytes)
  }

  acked(ack: Ack): void {
    this.#internalFailures.delete(ack.seq)
    if (this.#queue.settle(ack.seq)) this.#countRefused(ack)
    this.#done()
  }

  /** @returns whether it is sent again. */
  nacked(seq: number, { code, retryAfterMs }: Nack): boolean {
    if (retryAfterMs === undefined || (code === 'BUS_INTERNAL' && this.#failed(seq))) {
      this.#internalFailures.delete(seq)
      const rejected = this.#queue.settle(seq)?.records
      if (rejected !== undefined) this.#countRefused({ rejected, code })
      this.#done()
      return false
    }
    this.#queue.retry(seq)
    this.#pause(retryAfterMs)
    return true
  }

  /** What is not collected any more is not sent. */
  setStage(stage: Stage): void {
    this.#stage = stage
    for (const signal of SIGNALS) {
      if (!isCollected(signal, stage)) this.#deps.counters.uncollectedRecords += this.#queue.discard(signal)
    }
    this.#done()
  }

  /** The agent knows nothing of us any more: whatever was under way will be sent again. */
  endSession(): void {
    this.#cancelBusy?.()
    this.#cancelBusy = undefined
    this.#queue.retryAll()
  }

  /** The agent is away. What a stage may not collect is not written down before its owner's word is known. */
  spoolWaiting(): void {
    const isSpooled = (kind: BatchKind): boolean =>
      !isSignal(kind) || (this.#stage === undefined ? kind === 'logs' : isCollected(kind, this.#stage))
    this.#deps.counters.droppedRecords += this.#queue.spool(isSpooled)
    void this.#queue.spooled().then(() => this.#done())
  }

  /** Resolves once there is room for more: at once most of the time. A sender that waits for it loses nothing by being quick. */
  async room(): Promise<void> {
    if (this.#isClosed || this.#queue.hasRoom) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#roomWaiters.add(resolve)
    await promise
  }

  /** What could not be sent goes to the spool, if there is one, for the next run. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#tellRoom()
    this.spoolWaiting()
    await this.#queue.spooled()
  }

  async #fromSpool(batch: Batch, read: Promise<Uint8Array | undefined>): Promise<ModuleMessage | undefined> {
    const bytes = await read
    if (bytes !== undefined) return this.#messageOf(batch, bytes)
    this.#deps.counters.droppedRecords += this.#queue.settle(batch.seq)?.records ?? 0
    this.#done()
    return undefined
  }

  #messageOf({ seq, stream, n, kind }: Batch, body: Uint8Array): ModuleMessage {
    const delivery = { stream, n, oldest: this.#queue.oldestOf(stream) ?? n }
    if (isSignal(kind)) return { kind: 'telemetry', seq, signal: kind, encoding: 'protobuf', delivery, body }
    return { kind, seq, delivery, body }
  }

  #countRefused({ rejected = 0, code, refused }: Pick<Ack, 'rejected' | 'code' | 'refused'>): void {
    const { counters, refusals } = this.#deps
    counters.refusedRecords += rejected
    // An agent that does not tell them all tells the first.
    const told = refused ?? (code === undefined ? {} : { [code]: rejected })
    for (const [each, count] of Object.entries(told)) refusals.add(each, count)
  }

  /** Counts a failure on the agent's side. @returns true if the batch has had its chances. */
  #failed(seq: number): boolean {
    const failures = (this.#internalFailures.get(seq) ?? 0) + 1
    this.#internalFailures.set(seq, failures)
    return failures >= MAX_INTERNAL_FAILURES
  }

  #pause(forMs: number): void {
    this.#cancelBusy?.()
    this.#cancelBusy = this.#deps.clock.after(forMs, () => {
      this.#cancelBusy = undefined
      this.#deps.onWaiting()
    })
  }

  #done(): void {
    if (this.#queue.hasRoom) this.#tellRoom()
    this.#deps.onDone()
  }

  #tellRoom(): void {
    for (const waiter of this.#roomWaiters) waiter()
    this.#roomWaiters.clear()
  }
}
