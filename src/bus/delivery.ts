/**
 * Empties the outboxes of one endpoint's sessions through its socket: one send at a time, sessions in turn, so that a
 * module that does not read delays nobody else.
 */
import type { Clock } from '../base/clock.ts'
import { writeFrames, type AgentMessage, type WrittenFrames } from '../wire/bus-frames.ts'
import type { ModuleSession } from './module-session.ts'
import type { SendOutcome } from './router-socket.ts'

/** When to try a full peer again, in milliseconds, twice as long each time it still is. libzmq does not tell when there is room. */
const FULL_RETRY_MS = 1
const MAX_FULL_RETRY_MS = 64
/** Most answers to peers without a session that wait; more are dropped: they are owed nothing. */
const MAX_STRAY_ANSWERS = 256

export interface DeliveryDeps {
  readonly clock: Clock
  sessions(): Iterable<ModuleSession>
  send(routingId: Uint8Array, frames: WrittenFrames): Promise<SendOutcome>
  onGone(session: ModuleSession): void
  onDelivered(): void
}

export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #strays: { readonly routingId: Uint8Array; readonly message: AgentMessage }[] = []
  /** Sessions whose peer took nothing more, until it is time to try again: a send that fails costs as much as several that do not. */
  readonly #full = new Set<ModuleSession>()
  /** When to try them, by how often it was in vain. */
  readonly #retryMs = new WeakMap<ModuleSession, number>()
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
    this.#full.clear()
  }

  async #run(): Promise<void> {
    await this.#sendStrays()
    for (let sent = true; sent;) {
      sent = false
      for (const session of this.#deps.sessions()) sent = (await this.#sendNext(session)) || sent
    }
    this.#running = undefined
    if (this.#hasWork()) this.wake()
  }

  /** @returns whether there was something, and room for it */
  async #sendNext(session: ModuleSession): Promise<boolean> {
    if (this.#full.has(session)) return false
    const message = session.outbox.take()
    if (!message) return false
    const outcome = await this.#deps.send(session.routingId, writeFrames(message))
    if (outcome !== 'sent') session.outbox.putBack(message)
    if (outcome === 'gone') this.#deps.onGone(session)
    if (outcome === 'full') this.#tryLater(session)
    if (outcome !== 'sent') return false
    this.#retryMs.delete(session)
    if (message.kind === 'message') this.#deps.onDelivered()
    return true
  }

  #tryLater(session: ModuleSession): void {
    const waitMs = this.#retryMs.get(session) ?? FULL_RETRY_MS
    this.#retryMs.set(session, Math.min(MAX_FULL_RETRY_MS, 2 * waitMs))
    this.#full.add(session)
    // One timer for all: those that are tried too early are full once more.
    this.#cancelRetry ??= this.#deps.clock.after(waitMs, () => {
      this.#cancelRetry = undefined
      this.#full.clear()
      this.wake()
    })
  }

  async #sendStrays(): Promise<void> {
    for (let next = this.#strays.shift(); next; next = this.#strays.shift()) {
      await this.#deps.send(next.routingId, writeFrames(next.message))
    }
  }

  /** Something arrived while the last round was under way. */
  #hasWork(): boolean {
    if (this.#strays.length > 0) return true
    for (const session of this.#deps.sessions()) if (!this.#full.has(session) && !session.outbox.isEmpty) return true
    return false
  }
}
