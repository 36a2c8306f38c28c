/**
 * One CURVE server socket for one module, as the bus wants it: sending never waits and never throws, bytes are plain.
 * The context must have a ZAP handler already; without one the socket refuses everybody.
 *
 * zeromq's own `bind` and `unbind` are not used: they run on another thread while this one still reads the socket,
 * which ends in a segmentation fault now and then (seen under load), and its `unbindSync` binds.
 */
import { Router, type Context } from 'zeromq'
import type { Clock } from '../base/clock.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import { BusError, type ModuleRecord } from './bus-ports.ts'
import { zapDomain } from './zap-handler.ts'

/** Messages libzmq queues per peer and direction; our own bounded queues come before it. */
const QUEUED_MESSAGES = 64
/** Largest frame libzmq reads before it cuts the peer off: above our limit, so that a slip gets an answer instead. */
const MAX_READ_BYTES = 2 * MAX_BODY_BYTES
/** How long libzmq goes on delivering after close, in milliseconds. */
const LINGER_MS = 500
/** Longest wait for libzmq to take down a listener, in milliseconds; it takes one. */
const UNBIND_TIMEOUT_MS = 1000

/** `full`: try again soon. `gone`: there is no such peer any more. */
export type SendOutcome = 'sent' | 'full' | 'gone'

export class RouterSocket {
  readonly #socket: Router
  readonly #clock: Clock
  #endpoint: string | undefined

  constructor(context: Context, record: ModuleRecord, clock: Clock) {
    this.#clock = clock
    this.#socket = new Router({
      context,
      curveServer: true,
      curvePublicKey: record.serverPublicKey,
      curveSecretKey: record.serverSecretKey,
      zapDomain: zapDomain(record.name),
      zapEnforceDomain: true,
      // Without `mandatory` a message that cannot be sent would vanish without a word.
      mandatory: true,
      sendTimeout: 0,
      sendHighWaterMark: QUEUED_MESSAGES,
      receiveHighWaterMark: QUEUED_MESSAGES,
      maxMessageSize: MAX_READ_BYTES,
      linger: LINGER_MS,
    })
  }

  /** @returns the endpoint with its real port. @throws {BusError} `BUS_BIND_FAILED`; the socket is closed then. */
  bind(endpoint: string): string {
    try {
      this.#socket.bindSync(endpoint)
      this.#endpoint = this.#socket.lastEndpoint ?? endpoint
      return this.#endpoint
    } catch (err) {
      this.#socket.close()
      throw new BusError('BUS_BIND_FAILED', 'cannot listen on the endpoint of a module', { cause: err })
    }
  }

  /** Multipart messages as they come, until the socket is closed; the first part is the sender's routing id. */
  async *messages(): AsyncGenerator<readonly Uint8Array[]> {
    for await (const parts of this.#socket) {
      yield parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    }
  }

  /** One call at a time: libzmq sockets are not to be sent on concurrently. */
  async send(routingId: Uint8Array, frames: readonly Uint8Array[]): Promise<SendOutcome> {
    try {
      await this.#socket.send([routingId, ...frames])
      return 'sent'
    } catch (err) {
      return (err as NodeJS.ErrnoException).code === 'EAGAIN' && !this.#socket.closed ? 'full' : 'gone'
    }
  }

  /** Once it resolved the same path or port can be bound again. */
  async close(): Promise<void> {
    if (this.#socket.closed) return
    const { events } = this.#socket
    const { promise: timeout, resolve: giveUp } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(UNBIND_TIMEOUT_MS, giveUp)
    const listenerClosed = this.#untilListenerClosed()
    // libzmq has one function behind zmq_unbind and zmq_disconnect, and this name for it runs on this thread.
    if (this.#endpoint !== undefined) this.#socket.disconnect(this.#endpoint)
    else giveUp()
    await Promise.race([listenerClosed, timeout])
    cancel()
    events.close()
    this.#socket.close()
  }

  /** libzmq removes the file of an `ipc` socket in its own time; had it been bound again before, that would break it. */
  async #untilListenerClosed(): Promise<void> {
    try {
      for await (const event of this.#socket.events) if (event.type === 'close') return
    } catch {
      // the observer was closed first: the timeout has decided
    }
  }
}
