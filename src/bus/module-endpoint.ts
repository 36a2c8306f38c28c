/**
 * One module's door to the bus: its socket, its sessions, and what each frame means.
 *
 * Whoever gets through the socket holds the module's key, so everything here is attributed to that module.
 * A bad frame is counted and answered; it ends neither the connection nor another module's.
 */
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { RecordingRule } from '../model/recording.ts'
import type { Stage } from '../model/stage.ts'
import type { Envelope } from '../wire/bus-envelope.ts'
import {
  BUS_VERSION,
  decodeModuleFrames,
  type AgentMessage,
  type BusCode,
  type ModuleMessage,
} from '../wire/bus-frames.ts'
import type { HealthSink, ModuleCounters } from './bus-ports.ts'
import { Delivery } from './delivery.ts'
import type { FramePace } from './frame-pace.ts'
import { ModuleSession } from './module-session.ts'
import type { RouterSocket } from './router-socket.ts'
import type { TelemetryInlet } from './telemetry-inlet.ts'

/** Most sessions of one module: its processes on this device, and those not missed yet. The most silent one makes room. */
export const MAX_SESSIONS_PER_MODULE = 32
/** Time between looks for silent sessions, in milliseconds. */
const SWEEP_PERIOD_MS = 5000
/** Longest wait for commits when stopping, in milliseconds; what is not acknowledged then is sent again later. */
const STOP_TIMEOUT_MS = 5000

export interface ModuleEndpointDeps {
  readonly module: string
  readonly socket: RouterSocket
  readonly inlet: TelemetryInlet
  readonly counters: ModuleCounters
  readonly clock: Clock
  readonly log: Logger
  /** Of a plugin: it is read no faster. */
  readonly pace?: FramePace | undefined
  stage(): Stage
  /** What the module is to record. */
  recording(): readonly RecordingRule[]
  newSessionId(): string
  mayPublish(topic: string): boolean
  maySubscribe(prefix: string): boolean
  /** It tried to, and may not. */
  onNotAllowed(): void
  /** Hands a message to every module that wants it; the envelope's source is set. */
  publish(envelope: Envelope, body: Uint8Array): void
  readonly health: HealthSink | undefined
}

type Answer = Exclude<AgentMessage, { kind: 'message' }>
type Hello = Extract<ModuleMessage, { kind: 'hello' }>

export class ModuleEndpoint {
  readonly #deps: ModuleEndpointDeps
  readonly #sessions = new Map<string, ModuleSession>()
  readonly #delivery: Delivery
  #cancelSweep: (() => void) | undefined
  #isStopping = false

  constructor(deps: ModuleEndpointDeps) {
    this.#deps = deps
    this.#delivery = new Delivery({
      clock: deps.clock,
      sessions: () => this.#sessions.values(),
      send: (routingId, frames) => deps.socket.send(routingId, frames),
      onGone: (session) => this.#forget(session),
      onDelivered: () => deps.counters.delivered++,
    })
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Serves a socket that is bound already. */
  start(): void {
    const { clock, log, module } = this.#deps
    this.#cancelSweep = clock.every(SWEEP_PERIOD_MS, () => this.#endSilentSessions())
    this.#receive().catch((err: unknown) => log.error({ err, module }, 'module endpoint ended'))
  }

  /** Takes nothing new, answers what is under way, says bye, closes. */
  async stop(code: BusCode): Promise<void> {
    this.#isStopping = true
    this.#cancelSweep?.()
    await this.#underWayOrTimeout()
    this.#tellAll({ kind: 'bye', code })
    await this.#delivery.settle()
    this.#delivery.stop()
    this.#sessions.clear()
    this.#deps.socket.close()
  }

  async #underWayOrTimeout(): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(STOP_TIMEOUT_MS, resolve)
    await Promise.race([this.#deps.inlet.close(), timeout])
    cancel()
  }

  /** Queues a message for each session that subscribed to it. */
  offer(envelope: Envelope, body: Uint8Array): void {
    const wanting = [...this.#sessions.values()].filter((session) => session.wants(envelope.topic))
    for (const { outbox } of wanting) {
      this.#deps.counters.droppedMessages += outbox.offer({ kind: 'message', envelope, body })
    }
    if (wanting.length > 0) this.#delivery.wake()
  }

  tellStage(stage: Stage): void {
    this.#tellAll({ kind: 'stage', stage })
  }

  /** What it is to record has changed. */
  tellRecording(): void {
    for (const session of this.#sessions.values()) this.#tellRecording(session)
  }

  #receive(): Promise<void> {
    return this.#deps.socket.receive(([routingId, ...frames]) => {
      if (routingId === undefined) return undefined
      this.#frame(routingId.slice(), frames)
      return this.#deps.pace?.read(frames.reduce((sum, { length }) => sum + length, 0))
    })
  }

  #frame(routingId: Uint8Array, frames: readonly Uint8Array[]): void {
    const session = this.#sessions.get(toHex(routingId))
    session?.heard(this.#deps.clock.monotonic())
    if (isProbe(frames)) {
      if (!session) this.#delivery.answerStray(routingId, { kind: 'bye', code: 'BUS_NO_SESSION' })
      return
    }
    const decoded = decodeModuleFrames(frames)
    if ('refused' in decoded) {
      this.#deps.counters.badFrames++
      const refusal = nack(decoded.refused.code, decoded.refused.seq)
      if (session) this.#answer(session, refusal)
      else this.#delivery.answerStray(routingId, refusal)
      return
    }
    const { message } = decoded
    if (message.kind === 'hello') this.#hello(routingId, session, message)
    else if (session) this.#message(session, message)
    else this.#delivery.answerStray(routingId, { kind: 'bye', code: 'BUS_NO_SESSION' })
  }

  #hello(routingId: Uint8Array, known: ModuleSession | undefined, { recording }: Hello): void {
    const { clock, module } = this.#deps
    if (this.#isStopping) {
      this.#delivery.answerStray(routingId, { kind: 'bye', code: 'BUS_STOPPING' })
      return
    }
    if (!known && this.#sessions.size >= MAX_SESSIONS_PER_MODULE) this.#endMostSilentSession()
    const session = known ?? new ModuleSession(this.#deps.newSessionId(), routingId, clock.monotonic())
    this.#sessions.set(toHex(routingId), session)
    if (!known) this.#deps.health?.began(module, session.id)
    const stage = this.#deps.stage()
    this.#answer(session, { kind: 'welcome', v: BUS_VERSION, module, stage, session: session.id })
    session.takesRecording = recording === true
    this.#tellRecording(session)
  }

  #tellRecording(session: ModuleSession): void {
    if (session.takesRecording) this.#answer(session, { kind: 'recording', rules: this.#deps.recording() })
  }

  #message(session: ModuleSession, message: Exclude<ModuleMessage, { kind: 'hello' }>): void {
    switch (message.kind) {
      case 'telemetry':
      case 'audit':
      case 'notify':
        void this.#deps.inlet.accept(message).then((answer) => this.#answer(session, answer))
        return
      case 'publish':
        if (!this.#deps.mayPublish(message.envelope.topic)) return this.#notAllowed(session, message.seq)
        this.#deps.counters.published++
        this.#deps.publish({ ...message.envelope, source: this.#deps.module }, message.body)
        break
      case 'subscribe':
        if (!this.#deps.maySubscribe(message.prefix)) return this.#notAllowed(session, message.seq)
        if (session.subscribe(message.prefix)) break
        this.#answer(session, nack('BUS_SUBSCRIPTION_LIMIT', message.seq))
        return
      case 'unsubscribe':
        session.unsubscribe(message.prefix)
        break
      case 'health':
        this.#deps.health?.reported(this.#deps.module, session.id, message.checks)
        break
      case 'ping':
        break
    }
    if (message.seq !== undefined) this.#answer(session, { kind: 'ack', seq: message.seq })
  }

  #notAllowed(session: ModuleSession, seq: number | undefined): void {
    this.#deps.counters.notAllowed++
    this.#deps.onNotAllowed()
    this.#answer(session, nack('BUS_NOT_ALLOWED', seq))
  }

  #answer(session: ModuleSession, message: Answer): void {
    session.outbox.answer(message)
    if (session.outbox.isStuck) {
      this.#deps.counters.slowReaders++
      this.#forget(session)
      this.#delivery.answerStray(session.routingId, { kind: 'bye', code: 'BUS_SLOW_READER' })
    }
    this.#delivery.wake()
  }

  #tellAll(message: Answer): void {
    for (const session of this.#sessions.values()) this.#answer(session, message)
  }

  #endSilentSessions(): void {
    const now = this.#deps.clock.monotonic()
    for (const session of this.#sessions.values()) if (session.isSilent(now)) this.#expire(session)
  }

  #endMostSilentSession(): void {
    const [oldest] = [...this.#sessions.values()].sort((a, b) => a.heardAtMs - b.heardAtMs)
    if (oldest) this.#expire(oldest)
  }

  #expire(session: ModuleSession): void {
    this.#forget(session)
    this.#delivery.answerStray(session.routingId, { kind: 'bye', code: 'BUS_SESSION_EXPIRED' })
  }

  #forget(session: ModuleSession): void {
    if (!this.#sessions.delete(toHex(session.routingId))) return
    this.#deps.counters.droppedMessages += session.outbox.waitingMessages
    this.#deps.health?.ended(this.#deps.module, session.id)
  }
}

/** What ZMQ_PROBE_ROUTER sends on every new connection. */
function isProbe(frames: readonly Uint8Array[]): boolean {
  return frames.length === 1 && frames[0]?.length === 0
}

function nack(code: BusCode, seq: number | undefined): Answer {
  return { kind: 'nack', code, ...(seq === undefined ? {} : { seq }) }
}
