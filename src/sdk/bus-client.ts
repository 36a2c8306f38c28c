/**
 * The module's side of docs/spec/bus.md: greets, keeps its subscriptions, carries batches until they are committed and
 * messages once. Begins anew whenever its session is over, for ever. Never throws into its caller and never waits for it.
 */
import type { Clock } from '../base/clock.ts'
import type { HealthReport } from '../model/health.ts'
import type { RecordingRule } from '../model/recording.ts'
import type { Stage } from '../model/stage.ts'
import type { Envelope } from '../wire/bus-envelope.ts'
import {
  BUS_VERSION,
  decodeAgentFrames,
  type AgentMessage,
  type ModuleMessage,
  writeFrames,
} from '../wire/bus-frames.ts'
import type { BatchKind } from './batch.ts'
import { BatchSender, type BatchCounters } from './batch-sender.ts'
import type { Link, OpenLink } from './link.ts'
import { PublishQueue } from './publish-queue.ts'
import { Refusals } from './refusals.ts'
import type { Spool } from './spool/spool.ts'

/** Time without a welcome after which hello is said again, in milliseconds. */
export const HELLO_RETRY_MS = 1000
/** Time between pings, in milliseconds. */
export const PING_PERIOD_MS = 10_000
/** Silence after which the link is given up and opened anew, in milliseconds: three pings. */
const SILENCE_MS = 3 * PING_PERIOD_MS
/** A session that ended in one of these ways may begin again at once; after others the next connection says when. */
const GREET_AGAIN: ReadonlySet<string> = new Set(['BUS_NO_SESSION', 'BUS_SESSION_EXPIRED', 'BUS_SLOW_READER'])

export interface ClientCounters extends BatchCounters {
  /** Messages lost before they were sent, because the agent was away or busy too long. */
  droppedMessages: number
  /** Messages sent whose fate is unknown, because the connection broke before an answer. */
  unconfirmedMessages: number
  /** Frames of the agent's that made no sense. */
  badFrames: number
}

export interface BusClientDeps {
  readonly clock: Clock
  readonly openLink: OpenLink
  /** Chosen at random: names this sender's batches for good, so that one sent twice is kept once. */
  readonly stream: string
  /** Where what waits goes while the agent is away; without one it waits in memory. */
  readonly spool?: Spool | undefined
  /** Name and version told to the agent. */
  readonly sdk: string
  onStage(stage: Stage): void
  onRecording(rules: readonly RecordingRule[]): void
  onMessage(envelope: Envelope, body: Uint8Array): void
}

/** `greeting` until the agent's welcome, and again when the session is over. */
type State = 'new' | 'greeting' | 'ready' | 'closed'

export class BusClient {
  readonly #deps: BusClientDeps
  readonly #batches: BatchSender
  readonly #publishes = new PublishQueue()
  readonly #prefixes = new Set<string>()
  readonly #control: ModuleMessage[] = []
  /** Sequence numbers of control frames that are not answered yet. */
  readonly #awaited = new Set<number>()
  readonly #drainWaiters = new Set<(isDrained: boolean) => void>()
  readonly counters: ClientCounters = {
    droppedRecords: 0,
    refusedRecords: 0,
    uncollectedRecords: 0,
    droppedMessages: 0,
    unconfirmedMessages: 0,
    badFrames: 0,
  }
  /** Records, details of records, messages and subscriptions, by the agent's code. */
  readonly refusals = new Refusals()
  #state: State = 'new'
  #stage: Stage | undefined
  #link: Link | undefined
  #heardAtMs = 0
  #nextSeq = 0
  #isPumping = false
  /** Set from a hello until its welcome, or until it is time to say it again. */
  #cancelHelloRetry: (() => void) | undefined
  #cancelPing: (() => void) | undefined

  constructor(deps: BusClientDeps) {
    this.#deps = deps
    this.#batches = new BatchSender({
      clock: deps.clock,
      stream: deps.stream,
      spool: deps.spool,
      counters: this.counters,
      refusals: this.refusals,
      nextSeq: () => this.#nextSeq++,
      onWaiting: () => this.#pump(),
      onDone: () => this.#settled(),
    })
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** What the agent last said; undefined before its first welcome. */
  get stage(): Stage | undefined {
    return this.#stage
  }

  connect(): void {
    if (this.#state !== 'new') return
    this.#heardAtMs = this.#deps.clock.monotonic()
    this.#cancelPing = this.#deps.clock.every(PING_PERIOD_MS, () => this.#ping())
    this.#openLink()
    void this.#batches.takeOver()
  }

  /** Sends it until the agent has committed it. */
  deliver(kind: BatchKind, bytes: Uint8Array, records: number): void {
    this.#batches.deliver(kind, bytes, records)
  }

  /** @returns false if it was dropped at once. */
  publish(envelope: Envelope, body: Uint8Array): boolean {
    if (this.#state === 'closed') return false
    this.counters.droppedMessages += this.#publishes.add({ kind: 'publish', seq: this.#nextSeq++, envelope, body })
    this.#pump()
    return true
  }

  /** What the module's checks say; the agent forgets it with the session. */
  health(checks: readonly HealthReport[]): void {
    if (this.isReady) this.#sendControl({ kind: 'health', seq: this.#nextSeq++, checks })
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
    this.#pump()
    const cancel = this.#deps.clock.after(timeoutMs, () => resolve(false))
    const isDrained = await promise
    cancel()
    this.#drainWaiters.delete(resolve)
    return isDrained
  }

  /** Resolves once there is room for more: at once most of the time. A sender that waits for it loses nothing by being quick. */
  room(): Promise<void> {
    return this.#batches.room()
  }

  /** What could not be sent goes to the spool, if there is one, for the next run. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const isDrained = this.#isDrained()
    this.#endSession()
    this.#state = 'closed'
    this.#cancelPing?.()
    this.#link?.close()
    this.#link = undefined
    for (const waiter of this.#drainWaiters) waiter(isDrained)
    await this.#batches.close()
  }

  #openLink(): void {
    this.#state = 'greeting'
    try {
      const link: Link = this.#deps.openLink((frames) => {
        if (link === this.#link) this.#frames(frames)
      })
      this.#link = link
    } catch {
      return // an address the transport does not take now: the next ping tries again
    }
    this.#greet()
  }

  /** At most one hello is under way: several frames of an old session may each be answered `bye`. */
  #greet(): void {
    if (this.#cancelHelloRetry) return
    const isWaiting = this.#control.some((message) => message.kind === 'hello')
    if (!isWaiting) this.#sendControl({ kind: 'hello', v: BUS_VERSION, sdk: this.#deps.sdk, recording: true })
    this.#cancelHelloRetry = this.#deps.clock.after(HELLO_RETRY_MS, () => {
      this.#cancelHelloRetry = undefined
      if (this.#state !== 'greeting') return
      this.#batches.spoolWaiting()
      this.#greet()
    })
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
        if (this.#state === 'greeting') this.#welcome(message.stage)
        break
      case 'stage':
        this.#setStage(message.stage)
        break
      case 'recording':
        this.#deps.onRecording(message.rules)
        break
      case 'ack':
        this.#acked(message)
        break
      case 'nack':
        this.#nacked(message)
        break
      case 'message':
        this.#deps.onMessage(message.envelope, message.body)
        break
      case 'bye':
        if (this.#state === 'ready') this.#endSession()
        if (GREET_AGAIN.has(message.code)) this.#greet()
        break
    }
  }

  #welcome(stage: Stage): void {
    this.#cancelHelloRetry?.()
    this.#cancelHelloRetry = undefined
    this.#state = 'ready'
    for (const prefix of this.#prefixes) this.#sendControl({ kind: 'subscribe', seq: this.#nextSeq++, prefix })
    // After the subscriptions: whoever drains waits for their answers too.
    this.#setStage(stage)
    this.#pump()
  }

  #setStage(stage: Stage): void {
    this.#stage = stage
    this.#batches.setStage(stage)
    this.#deps.onStage(stage)
    this.#settled()
  }

  #acked(ack: Extract<AgentMessage, { kind: 'ack' }>): void {
    this.#awaited.delete(ack.seq)
    this.#publishes.settle(ack.seq)
    this.#batches.acked(ack)
    this.#pump()
    this.#settled()
  }

  #nacked(nack: Extract<AgentMessage, { kind: 'nack' }>): void {
    const { seq, code } = nack
    if (seq === undefined) {
      // Of what is sent without a number only a message can be refused so (BU46).
      if (code === 'BUS_NOT_ALLOWED') this.#refusedMessage(code)
      return
    }
    if (!this.#batches.nacked(seq, nack)) {
      if (this.#awaited.delete(seq)) this.refusals.add(code, 1)
      if (this.#publishes.settle(seq)) this.#refusedMessage(code)
      this.#pump()
    }
    this.#settled()
  }

  #refusedMessage(code: string): void {
    this.counters.droppedMessages++
    this.refusals.add(code, 1)
  }

  #ping(): void {
    const silenceMs = this.#deps.clock.monotonic() - this.#heardAtMs
    if (!this.#link || (this.isReady && silenceMs > SILENCE_MS)) this.#replaceLink()
    else if (this.isReady) this.#sendControl(this.#newPing())
    else this.#greet()
  }

  /** Its answer is for all messages that were sent before it, too. */
  #newPing(): ModuleMessage {
    const seq = this.#nextSeq++
    this.#publishes.confirmBy(seq)
    return { kind: 'ping', seq }
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
      for (;;) {
        const next = this.#nextOn(link)
        const message = next instanceof Promise ? await next : next
        if (message === undefined) break
        await link.send(writeFrames(message))
      }
    } catch {
      // The link was closed. What it did not take is either sent on the next one, or was to be sent once only.
    }
    this.#isPumping = false
    // A link replaced while its last send was under way left the hello of the new one waiting.
    if (this.#control.length > 0) this.#pump()
  }

  #nextOn(link: Link): ModuleMessage | undefined | Promise<ModuleMessage | undefined> {
    if (link !== this.#link) return undefined
    const control = this.#control.shift()
    if (control || !this.isReady) return control
    const batch = this.#batches.next()
    if (batch instanceof Promise) return this.#fromSpool(batch, link)
    return batch ?? this.#publishes.next() ?? this.#confirmation()
  }

  /** For whoever waits until everything is answered. */
  #confirmation(): ModuleMessage | undefined {
    return this.#drainWaiters.size > 0 && this.#publishes.isUnconfirmed ? this.#newPing() : undefined
  }

  async #fromSpool(batch: Promise<ModuleMessage | undefined>, link: Link): Promise<ModuleMessage | undefined> {
    const message = await batch
    // The session may have ended meanwhile: then it is not under way any more.
    if (link !== this.#link || !this.isReady) return undefined
    return message ?? this.#nextOn(link)
  }

  #replaceLink(): void {
    this.#endSession()
    this.#link?.close()
    this.#link = undefined
    this.#openLink()
  }

  /** The agent knows nothing of us any more: batches will be sent again, messages will not. */
  #endSession(): void {
    this.#state = 'greeting'
    this.#cancelHelloRetry?.()
    this.#cancelHelloRetry = undefined
    this.#control.length = 0
    this.#awaited.clear()
    this.#batches.endSession()
    this.counters.unconfirmedMessages += this.#publishes.forgetUnderWay()
    this.#settled()
  }

  #isDrained(): boolean {
    const isSubscribed = this.#prefixes.size === 0 || (this.isReady && this.#awaited.size === 0)
    return this.#batches.isDone && this.#publishes.isEmpty && isSubscribed
  }

  #settled(): void {
    if (this.#drainWaiters.size === 0 || !this.#isDrained()) return
    for (const waiter of this.#drainWaiters) waiter(true)
  }
}
