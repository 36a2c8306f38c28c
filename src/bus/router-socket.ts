/**
 * One CURVE server socket for one module, as the bus wants it: sending never waits and never throws, bytes are plain.
 * The context must have a ZAP handler already; without one the socket refuses everybody.
 *
 * zeromq's own `bind` and `unbind` are not used: they run on another thread while this one still reads the socket,
 * which ends in a segmentation fault now and then (`unbindSync` binds instead). Its events are not used either:
 * src/sdk/zmq-link.ts says why.
 */
import { rmSync } from 'node:fs'
import { Router, type Context } from 'zeromq'
import { MAX_BODY_BYTES, type WrittenFrames } from '../wire/bus-frames.ts'
import { BusError, type ModuleRecord } from './bus-ports.ts'
import { zapDomain } from './zap-handler.ts'

/** Messages libzmq queues per peer and direction; our own bounded queues come before it. */
const QUEUED_MESSAGES = 64
/** Of a plugin, on the way in: what is not read yet lies in the agent's memory, up to 8 MiB each, and its frames are read slowly. */
const QUEUED_OF_PLUGIN = 2
/** Largest frame libzmq reads before it cuts the peer off: above our limit, so that a slip gets an answer instead. */
const MAX_READ_BYTES = 2 * MAX_BODY_BYTES
/** How long libzmq goes on delivering after close, in milliseconds. */
const LINGER_MS = 500

const IPC = 'ipc://'

/** `full`: try again soon. `gone`: there is no such peer any more. */
export type SendOutcome = 'sent' | 'full' | 'gone'

export class RouterSocket {
  readonly #socket: Router
  #endpoint: string | undefined

  constructor(context: Context, record: ModuleRecord) {
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
      receiveHighWaterMark: record.plugin === undefined ? QUEUED_MESSAGES : QUEUED_OF_PLUGIN,
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

  /**
   * Hands over multipart messages as they come, until the socket is closed; the first part is the sender's routing id.
   * @param take answers what to wait for before the next is read, if anything
   */
  async receive(take: (parts: readonly Uint8Array[]) => Promise<void> | undefined): Promise<void> {
    for await (const parts of this.#socket) {
      const pause = take(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)))
      // Only of a plugin: to await nothing would cost every message a turn.
      if (pause) await pause
    }
  }

  /** One call at a time: libzmq sockets are not to be sent on concurrently. */
  async send(routingId: Uint8Array, frames: WrittenFrames): Promise<SendOutcome> {
    try {
      await this.#socket.send([routingId, ...frames])
      return 'sent'
    } catch (err) {
      return (err as NodeJS.ErrnoException).code === 'EAGAIN' && !this.#socket.closed ? 'full' : 'gone'
    }
  }

  /** Goes on delivering for a moment. The socket's file goes with it: libzmq would leave it behind. */
  close(): void {
    if (this.#socket.closed) return
    this.#socket.close()
    if (this.#endpoint?.startsWith(IPC) === true) rmSync(this.#endpoint.slice(IPC.length), { force: true })
  }
}
