/** A stand-in for the agent: its unix socket, with the two routes the devtools process uses and the real HTTP dialect of ingest. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addRejected,
  otlpFailure,
  otlpResponse,
  readOtlpRequest,
  type HttpAnswer,
} from '../../src/ingest/otlp-request.ts'
import { SIGNALS, type Signal } from '../../src/model/lane.ts'
import type { Scan } from '../../src/wire/otlp/rows.ts'
import { scanOtlp } from '../../src/wire/otlp/scan.ts'

export const TOKEN = 'capability-token-of-the-devtools-process'

export interface Received {
  readonly signal: Signal
  readonly headers: IncomingMessage['headers']
  /** As it came, perhaps compressed. */
  readonly raw: Uint8Array
  /** What was taken of it; absent if it was refused. */
  readonly scan: Scan | undefined
  readonly status: number
}

export class FakeAgent {
  readonly home = mkdtempSync(join(tmpdir(), 'aico-mesh-otlp-'))
  readonly socketPath = join(this.home, 'agent.sock')
  readonly received: Received[] = []
  /** Answers a push in place of ingest while it returns something. */
  intercept: (signal: Signal) => HttpAnswer | 'silence' | undefined = () => undefined
  /** Lifelines held now. */
  readonly lifelines = new Set<ServerResponse>()
  #server: Server = createServer()

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    await new Promise<void>((resolve) => {
      this.#server.listen(this.socketPath, resolve)
    })
  }

  /** Cuts every connection, as the end of the agent's process would. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeAllConnections()
    await closed
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true })
  }

  /** Resolves once no lifeline is held, which is when the process's end of the socket is gone. */
  async lifelineLost(): Promise<void> {
    await Promise.all([...this.lifelines].map((line) => new Promise((resolve) => line.once('close', resolve))))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end()
    if (request.method === 'GET' && request.url === '/v1/devtools/lifeline') return this.#holdLifeline(response)
    const signal = SIGNALS.find((name) => request.url === `/v1/otlp/${name}`)
    if (request.method !== 'POST' || signal === undefined) return void response.writeHead(404).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const raw = new Uint8Array(Buffer.concat(chunks))
    const intercepted = this.intercept(signal)
    if (intercepted === 'silence') return
    const { answer, scan } = intercepted
      ? { answer: intercepted, scan: undefined }
      : ingest(signal, request.headers, raw)
    this.received.push({ signal, headers: request.headers, raw, scan, status: answer.status })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  #holdLifeline(response: ServerResponse): void {
    this.lifelines.add(response)
    response.on('close', () => this.lifelines.delete(response))
    response.writeHead(200).flushHeaders()
  }
}

/** What the agent does with a push, with the scan in place of admission and commit. */
function ingest(
  signal: Signal,
  headers: IncomingMessage['headers'],
  body: Uint8Array,
): { answer: HttpAnswer; scan: Scan | undefined } {
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = headers
  const message = readOtlpRequest({ signal, contentType, contentEncoding, body })
  if (!message.ok) return { answer: otlpResponse(message), scan: undefined }
  const { encoding } = message
  try {
    const scan = scanOtlp(signal, message.bytes)
    const rejected = addRejected(message.rejected, scan.rejected)
    return { answer: otlpResponse({ ok: true, signal, encoding, rejected }), scan }
  } catch (err) {
    return { answer: otlpResponse(otlpFailure(err, encoding)), scan: undefined }
  }
}
