/**
 * An HTTP/1.1 server on 127.0.0.1, and on ::1 under the same port where the machine has it. Never on another address.
 * Whoever is slow is cut off: heads, bodies, idle connections and their number are bounded.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../platform/node-http.ts'
import { ConnectionLimit } from './connection-limit.ts'

/** `askedFirst`: the client sent `Expect: 100-continue` and holds its body back. */
export type Handle = (request: IncomingMessage, response: ServerResponse, askedFirst: boolean) => Promise<void>

export interface LoopbackServerOptions {
  /** Default {@link HEAD_TIMEOUT_MS}. */
  readonly headTimeoutMs?: number
  /** Default {@link REQUEST_TIMEOUT_MS}. */
  readonly requestTimeoutMs?: number
  /** Default {@link IDLE_TIMEOUT_MS}. */
  readonly idleTimeoutMs?: number
  /** Default {@link MAX_CONNECTIONS}. */
  readonly maxConnections?: number
}

/** From connecting, or the first byte of a further request, to the end of its head. */
export const HEAD_TIMEOUT_MS = 10_000
/** From the first byte of a request to the last: three times what an exporter gives a push. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Silence on a connection: longer than the 5 s between an exporter's batches, short enough to give places back. */
export const IDLE_TIMEOUT_MS = 30_000
/** Connections on each address. A further one closes the one that has been idle longest, or else is closed itself. */
export const MAX_CONNECTIONS = 128
/** Bytes of a request's head: exporters send under 1 KiB. */
export const MAX_HEAD_BYTES = 16_384

export class LoopbackServer {
  readonly #handle: Handle
  readonly #options: LoopbackServerOptions
  readonly #servers: Server[] = []

  constructor(handle: Handle, options: LoopbackServerOptions = {}) {
    this.#handle = handle
    this.#options = options
  }

  /** Listens on `port`, or on a free port if it is in use. @returns the port; throws what node:net throws. */
  async listen(port: number): Promise<number> {
    const taken = (await this.#listenOn('127.0.0.1', port)) ?? (await this.#listenOn('127.0.0.1', 0))
    if (taken === undefined) throw new Error('no free port on 127.0.0.1')
    await this.#listenOn('::1', taken)
    return taken
  }

  /** Takes no new connections, waits for open answers at most `graceMs`, then closes everything. */
  async close(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#servers.forEach((server) => server.closeAllConnections()), graceMs)
    await Promise.all(this.#servers.map((server) => new Promise<void>((closed) => server.close(() => closed()))))
    clearTimeout(cut)
  }

  /** @returns the port, or `undefined` if it is in use or the machine lacks the address. */
  #listenOn(host: string, port: number): Promise<number | undefined> {
    const server = this.#create()
    return new Promise((resolve, reject) => {
      server.once('error', (err: NodeJS.ErrnoException) => {
        const isExpected = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(err.code ?? '')
        if (isExpected) resolve(undefined)
        else reject(err)
      })
      server.listen({ host, port, exclusive: true }, () => {
        this.#servers.push(server)
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  #create(): Server {
    const headersTimeout = this.#options.headTimeoutMs ?? HEAD_TIMEOUT_MS
    const idleTimeoutMs = this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS
    const server = createServer({
      headersTimeout,
      requestTimeout: this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, headersTimeout),
      maxHeaderSize: MAX_HEAD_BYTES,
      requireHostHeader: false, // a missing Host is refused by the handler, like a wrong one
    })
    server.timeout = idleTimeoutMs
    const limit = new ConnectionLimit(this.#options.maxConnections ?? MAX_CONNECTIONS)
    const handle = (request: IncomingMessage, response: ServerResponse, askedFirst: boolean): void => {
      limit.begin(request.socket, response)
      void this.#handle(request, response, askedFirst)
    }
    server.on('connection', (socket) => limit.admit(socket))
    server.on('request', (request, response) => handle(request, response, false))
    server.on('checkContinue', (request, response) => handle(request, response, true))
    server.on('checkExpectation', (request, response) => handle(request, response, false))
    return server
  }
}
