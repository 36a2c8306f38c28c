/**
 * Empties the outboxes of one endpoint's sessions through its socket: one send at a time, sessions in turn, so that a
 * module that does not read delays nobody else.
 */
import type { Clock } from '../base/clock.ts'
import { encodeFrames, type AgentMessage } from '../wire/bus-frames.ts'
import type { ModuleSession } from './module-session.ts'
import type { SendOutcome } from './router-socket.ts'

/** When to try a full peer again, in milliseconds. libzmq does not tell when there is room. */
const FULL_RETRY_MS = 5
/** Most answers to peers without a session that wait; more are dropped: they are owed nothing. */
const MAX_STRAY_ANSWERS = 256

export interface DeliveryDeps {
  readonly clock: Clock
  sessions(): Iterable<ModuleSession>
  send(routingId: Uint8Array, frames: readonly Uint8Array[]): Promise<SendOutcome>
  onGone(session: ModuleSession): void
  onDelivered(): void
}

export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #strays: { readonly routingId: Uint8Array; readonly message: AgentMessage }[] = []
  #running: Promise<void> | undefined
  #cancelRetry: (() => void) | undefined

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
  }

  /** Sends what waits. Call after putting something into an outbox. */
  wake(): void {
    this.#running ??= this.#run()
  }

  /** An answer to a peer that has no session; tried once. */
  answerStray(routingId: Uint8Array, message: AgentMessage): void {
    if (this.#strays.length >= MAX_STRAY_ANSWERS) return
    this.#strays.push({ routingId, message })
    this.wake()
  }

  /** Resolves once everything that a peer has room for is handed to libzmq. */
  async settle(): Promise<void> {
    this.wake()
    while (this.#running) await this.#running
  }

  stop(): void {
    this.#cancelRetry?.()
  }

  async #run(): Promise<void> {
    this.#cancelRetry?.()
    await this.#sendStrays()
    let isFull = false
    for (let sent = true; sent;) {
      sent = false
      isFull = false
      for (const session of this.#deps.sessions()) {
        const outcome = await this.#sendNext(session)
        sent ||= outcome === 'sent'
        isFull ||= outcome === 'full'
      }
    }
    this.#running = undefined
    if (isFull) this.#cancelRetry = this.#deps.clock.after(FULL_RETRY_MS, () => this.wake())
    else if (this.#hasWork()) this.wake()
  }

  async #sendNext(session: ModuleSession): Promise<SendOutcome | 'nothing'> {
    const message = session.outbox.take()
    if (!message) return 'nothing'
    const outcome = await this.#deps.send(session.routingId, encodeFrames(message))
    if (outcome !== 'sent') session.outbox.putBack(message)
    if (outcome === 'gone') this.#deps.onGone(session)
    if (outcome === 'sent' && message.kind === 'message') this.#deps.onDelivered()
    return outcome
  }

  async #sendStrays(): Promise<void> {
    for (let next = this.#strays.shift(); next; next = this.#strays.shift()) {
      await this.#deps.send(next.routingId, encodeFrames(next.message))
    }
  }

  /** Something arrived while the last round was under way. */
  #hasWork(): boolean {
    if (this.#strays.length > 0) return true
    for (const session of this.#deps.sessions()) if (!session.outbox.isEmpty) return true
    return false
  }
}
