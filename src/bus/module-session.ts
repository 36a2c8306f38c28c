/** One connection of a module, from its hello until it ends: what it subscribed to, and what waits for it. */
import { Outbox } from './outbox.ts'

/** Most subscriptions of one session: every published message is compared with each. */
export const MAX_SUBSCRIPTIONS = 256
/** Silence after which a session is over, in milliseconds: three times the SDK's ping. */
export const SESSION_SILENCE_MS = 30_000

export class ModuleSession {
  readonly id: string
  /** How the socket finds the peer. Chosen by the client, so it says nothing about who it is. */
  readonly routingId: Uint8Array
  readonly outbox = new Outbox()
  /** Whether its module said that it wants to be told what to record. */
  takesRecording = false
  readonly #prefixes = new Set<string>()
  #heardAtMs: number

  constructor(id: string, routingId: Uint8Array, nowMs: number) {
    this.id = id
    this.routingId = routingId
    this.#heardAtMs = nowMs
  }

  get heardAtMs(): number {
    return this.#heardAtMs
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs
  }

  isSilent(nowMs: number): boolean {
    return nowMs - this.#heardAtMs > SESSION_SILENCE_MS
  }

  /** @returns false if the session has as many as it may. Subscribing twice is subscribing once. */
  subscribe(prefix: string): boolean {
    if (this.#prefixes.size >= MAX_SUBSCRIPTIONS && !this.#prefixes.has(prefix)) return false
    this.#prefixes.add(prefix)
    return true
  }

  unsubscribe(prefix: string): void {
    this.#prefixes.delete(prefix)
  }

  wants(topic: string): boolean {
    for (const prefix of this.#prefixes) if (topic.startsWith(prefix)) return true
    return false
  }
}
