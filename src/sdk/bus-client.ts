/**
 * The module's side of docs/spec/bus.md: connects, greets, keeps its subscriptions, sends telemetry until it is
 * committed and messages once. Reconnects by itself for ever. Never throws into its caller and never waits for it.
 */
import type { Clock } from '../base/clock.ts'
import type { Signal } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import type { Envelope } from '../wire/bus-envelope.ts'
import {
  BUS_VERSION,
  decodeAgentFrames,
  encodeFrames,
  type AgentMessage,
  type ModuleMessage,
} from '../wire/bus-frames.ts'
import { BatchQueue } from './batch-queue.ts'
import type { Link, LinkEvents, OpenLink } from './link.ts'
import { PublishQueue } from './publish-queue.ts'

/** First wait before connecting again, in milliseconds; it doubles up to {@link MAX_RECONNECT_MS}. */
export const MIN_RECONNECT_MS = 100
/** Longest wait, in milliseconds: an agent that was started is found within two seconds. */
export const MAX_RECONNECT_MS = 2000
/** Wait after the agent refused our key, in milliseconds: only a person can change that. */
export const REFUSED_RECONNECT_MS = 10_000
/** Longest time from connecting to the agent's welcome, in milliseconds. */
export const WELCOME_TIMEOUT_MS = 5000
/** Time between pings, in milliseconds. */
export const PING_PERIOD_MS = 10_000
/** Silence after which the agent counts as gone, in milliseconds: three pings. */
const SILENCE_MS = 3 * PING_PERIOD_MS
/** Attempts on a batch the agent fails on unexpectedly, so that one bad batch cannot stop all that follow. */
const MAX_INTERNAL_FAILURES = 5

export interface ClientCounters {
  /** Telemetry records lost because the agent was away too long. */
  droppedRecords: number
  /** Telemetry records the agent refused for good. */
  refusedRecords: number
  /** Telemetry records that the owner's stage does not collect. */
  uncollectedRecords: number
  /** Messages lost before they were sent, because the agent was away or busy too long. */
  droppedMessages: number
  /** Messages sent whose fate is unknown, because the connection broke before an answer. */
  unconfirmedMessages: number
  /** Frames of the agent's that made no sense. */
  badFrames: number
  /** Times the agent refused our key. */
  refusals: number
}

export interface BusClientDeps {
  readonly clock: Clock
  readonly openLink: OpenLink
  /** Name and version told to the agent. */
  readonly sdk: string
  onMessage(envelope: Envelope, body: Uint8Array): void
}

/** `resting` between attempts, `greeting` from the attempt to the welcome. */
type State = 'resting' | 'greeting' | 'ready' | 'closed'

export class BusClient {
  readonly #deps: BusClientDeps
  readonly #batches = new BatchQueue()
  readonly #publishes = new PublishQueue()
  readonly #prefixes = new Set<string>()
  readonly #control: ModuleMessage[] = []
  /** Sequence numbers of control frames that are not answered yet. */
  readonly #awaited = new Set<number>()
  readonly #internalFailures = new Map<number, number>()
  readonly #drainWaiters = new Set<(isDrained: boolean) => void>()
  readonly counters: ClientCounters = {
    droppedRecords: 0,
    refusedRecords: 0,
    uncollectedRecords: 0,
    droppedMessages: 0,
    unconfirmedMessages: 0,
    badFrames: 0,
    refusals: 0,
  }
  #state: State = 'resting'
  #stage: Stage | undefined
  #link: Link | undefined
  #reconnectMs = MIN_RECONNECT_MS
  #heardAtMs = 0
  #attempt = 0
  #nextSeq = 0
  #isPumping = false
  #cancelTimer: (() => void) | undefined
  #cancelPing: (() => void) | undefined
  #cancelBusy: (() => void) | undefined

  constructor(deps: BusClientDeps) {
    this.#deps = deps
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** What the agent last said; undefined before its first welcome. */
  get stage(): Stage | undefined {
    return this.#stage
  }

  connect(): void {
    if (this.#state !== 'resting') return
    this.#state = 'greeting'
    this.#cancelTimer?.()
    this.#cancelTimer = this.#deps.clock.after(WELCOME_TIMEOUT_MS, () => this.#reset())
    try {
      this.#link = this.#deps.openLink(this.#linkEvents(++this.#attempt))
    } catch {
      this.#lost('lost') // an address the transport does not take: the credential may be rewritten, so keep trying
    }
  }

  telemetry(signal: Signal, bytes: Uint8Array, records: number): void {
    if (this.#state === 'closed') {
      this.counters.droppedRecords += records
      return
    }
    this.counters.droppedRecords += this.#batches.add({ seq: this.#nextSeq++, signal, bytes, records })
    this.#pump()
  }

  /** @returns false if it was dropped at once. */
  publish(envelope: Envelope, body: Uint8Array): boolean {
    if (this.#state === 'closed') return false
    this.counters.droppedMessages += this.#publishes.add({ kind: 'publish', seq: this.#nextSeq++, envelope, body })
    this.#pump()
    return true
  }

  subscribe(prefix: string): void {
    if (this.#prefixes.has(prefix)) return
    this.#prefixes.add(prefix)
    if (this.isReady) this.#sendControl({ kind: 'subscribe', seq: this.#nextSeq++, prefix })
  }

  unsubscribe(prefix: string): void {
    if (!this.#prefixes.delete(prefix)) return
    if (this.isReady) this.#sendControl({ kind: 'unsubscribe', seq: this.#nextSeq++, prefix })
  }

  /** Before closing: nothing more is wanted, and nobody waits for an answer about it. */
  forgetSubscriptions(): void {
    this.#prefixes.clear()
    this.#awaited.clear()
    this.#settled()
  }

  /** Resolves true once everything said so far is answered, false after the timeout. */
  async drain(timeoutMs: number): Promise<boolean> {
    if (this.#state === 'closed' || this.#isDrained()) return this.#isDrained()
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#drainWaiters.add(resolve)
    const cancel = this.#deps.clock.after(timeoutMs, () => resolve(false))
    const isDrained = await promise
    cancel()
    this.#drainWaiters.delete(resolve)
    return isDrained
  }

  close(): void {
    if (this.#state === 'closed') return
    const isDrained = this.#isDrained()
    this.#dropLink()
    this.#state = 'closed'
    this.#cancelTimer?.()
    for (const waiter of this.#drainWaiters) waiter(isDrained)
  }

  /** Events of an earlier attempt's link no longer count. */
  #linkEvents(attempt: number): LinkEvents {
    const ifCurrent = (act: () => void): void => {
      if (attempt === this.#attempt) act()
    }
    return {
      onOpen: () => ifCurrent(() => this.#sendControl({ kind: 'hello', v: BUS_VERSION, sdk: this.#deps.sdk })),
      onFrames: (frames) => ifCurrent(() => this.#frames(frames)),
      onClosed: (why) => ifCurrent(() => this.#lost(why)),
    }
  }

  #frames(frames: readonly Uint8Array[]): void {
    this.#heardAtMs = this.#deps.clock.monotonic()
    const decoded = decodeAgentFrames(frames)
    if ('refused' in decoded) this.counters.badFrames++
    else this.#message(decoded.message)
  }

  #message(message: AgentMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#welcome(message.stage)
        break
      case 'stage':
        this.#setStage(message.stage)
        break
      case 'ack':
        this.#acked(message.seq, message.rejected ?? 0)
        break
      case 'nack':
        this.#nacked(message)
        break
      case 'message':
        this.#deps.onMessage(message.envelope, message.body)
        break
      case 'bye':
        this.#reset()
        break
    }
  }

  #welcome(stage: Stage): void {
    this.#cancelTimer?.()
    this.#state = 'ready'
    this.#reconnectMs = MIN_RECONNECT_MS
    this.#setStage(stage)
    this.#cancelPing?.()
    this.#cancelPing = this.#deps.clock.every(PING_PERIOD_MS, () => this.#ping())
    for (const prefix of this.#prefixes) this.#sendControl({ kind: 'subscribe', seq: this.#nextSeq++, prefix })
    this.#pump()
    this.#settled()
  }

  /** Traces are collected in developer stage only; the agent would drop them, so they need not travel. */
  #setStage(stage: Stage): void {
    this.#stage = stage
    if (stage !== 'developer') this.counters.uncollectedRecords += this.#batches.discard('traces')
    this.#settled()
  }

  #acked(seq: number, rejected: number): void {
    this.#awaited.delete(seq)
    this.#publishes.settle(seq)
    this.#internalFailures.delete(seq)
    if (this.#batches.settle(seq)) this.counters.refusedRecords += rejected
    this.#pump()
    this.#settled()
  }

  #nacked({ seq, code, retryAfterMs }: Extract<AgentMessage, { kind: 'nack' }>): void {
    if (seq === undefined) {
      if (this.#state === 'greeting') this.#reset()
      return
    }
    const isHopeless = retryAfterMs === undefined || (code === 'BUS_INTERNAL' && this.#failed(seq))
    if (isHopeless) {
      this.#awaited.delete(seq)
      if (this.#publishes.settle(seq)) this.counters.droppedMessages++
      this.#internalFailures.delete(seq)
      this.counters.refusedRecords += this.#batches.settle(seq)?.records ?? 0
      this.#pump()
    } else {
      this.#batches.retry(seq)
      this.#waitForRoom(retryAfterMs)
    }
    this.#settled()
  }

  /** Counts a failure on the agent's side. @returns true if the batch has had its chances. */
  #failed(seq: number): boolean {
    const failures = (this.#internalFailures.get(seq) ?? 0) + 1
    this.#internalFailures.set(seq, failures)
    return failures >= MAX_INTERNAL_FAILURES
  }

  #waitForRoom(retryAfterMs: number): void {
    this.#cancelBusy?.()
    this.#cancelBusy = this.#deps.clock.after(retryAfterMs, () => {
      this.#cancelBusy = undefined
      this.#pump()
    })
  }

  #ping(): void {
    if (this.#deps.clock.monotonic() - this.#heardAtMs > SILENCE_MS) this.#reset()
    else this.#sendControl({ kind: 'ping', seq: this.#nextSeq++ })
  }

  #sendControl(message: ModuleMessage): void {
    if (message.kind === 'subscribe' || message.kind === 'unsubscribe') this.#awaited.add(message.seq ?? 0)
    this.#control.push(message)
    this.#pump()
  }

  #pump(): void {
    if (this.#isPumping || !this.#link) return
    this.#isPumping = true
    void this.#sendAll(this.#link)
  }

  async #sendAll(link: Link): Promise<void> {
    try {
      for (let next = this.#nextOn(link); next; next = this.#nextOn(link)) await link.send(encodeFrames(next))
    } catch {
      if (link === this.#link) this.#lost('lost') // batches that were not taken are sent on the next link
    }
    this.#isPumping = false
    // A link replaced while its last send was under way left the hello of the new one waiting.
    if (this.#control.length > 0) this.#pump()
  }

  #nextOn(link: Link): ModuleMessage | undefined {
    if (link !== this.#link) return undefined
    const control = this.#control.shift()
    if (control || !this.isReady) return control
    const batch = this.#cancelBusy ? undefined : this.#batches.next()
    if (!batch) return this.#publishes.next()
    const { seq, signal, bytes } = batch
    return { kind: 'telemetry', seq, signal, encoding: 'protobuf', body: bytes }
  }

  #lost(why: 'lost' | 'refused'): void {
    if (why === 'refused') {
      this.counters.refusals++
      this.#reconnectMs = REFUSED_RECONNECT_MS
    }
    this.#reset()
  }

  /** Lets the connection go and tries again later. */
  #reset(): void {
    if (this.#state === 'closed') return
    this.#dropLink()
    this.#state = 'resting'
    this.#cancelTimer?.()
    this.#cancelTimer = this.#deps.clock.after(this.#reconnectMs, () => this.connect())
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, MAX_RECONNECT_MS)
    this.#settled()
  }

  #dropLink(): void {
    this.#cancelPing?.()
    this.#cancelBusy?.()
    this.#cancelBusy = undefined
    const link = this.#link
    this.#attempt++
    this.#link = undefined
    link?.close()
    this.#control.length = 0
    this.#awaited.clear()
    this.#batches.retryAll()
    this.counters.unconfirmedMessages += this.#publishes.forgetUnderWay()
  }

  #isDrained(): boolean {
    const isSubscribed = this.#prefixes.size === 0 || (this.isReady && this.#awaited.size === 0)
    return this.#batches.isEmpty && this.#publishes.isEmpty && isSubscribed
  }

  #settled(): void {
    if (this.#drainWaiters.size === 0 || !this.#isDrained()) return
    for (const waiter of this.#drainWaiters) waiter(true)
  }
}
