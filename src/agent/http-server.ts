/**
 * The agent's HTTP: one unix socket, a bearer token on every request, a list of routes and nothing else.
 *
 * A token names a capability: `cli` may call every route, `devtools` only those that say so. Errors are
 * `{ error: { code, message, details } }`; a refusal by policy is 403, a missing thing 404, bad input 400. A connection may be
 * upgraded to a link, under the same tokens: from then on it is its owner's, until it ends or the server stops.
 * Source of the shapes: docs/spec/http.md. There is no TCP port here.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { chmodSync, rmSync } from 'node:fs'
import { timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { MeshError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import { createServer, STATUS_CODES } from '../platform/node-http.ts'

export type Capability = 'cli' | 'devtools'

export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Uint8Array
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal
}
/** A value is sent as JSON, unless it was made JSON before, perhaps in parts; bytes and streams are sent as they are. */
export type HttpAnswer =
  | { readonly json: unknown; readonly status?: number }
  | { readonly jsonBytes: Uint8Array }
  | { readonly jsonParts: readonly Uint8Array[] }
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }
  | StreamAnswer

export interface StreamAnswer {
  /** Default `application/x-ndjson`. */
  readonly contentType?: string
  /** The body; the signal is aborted when nobody reads it any more. What fails once it began cuts the answer off. */
  readonly stream: (write: WriteChunk, signal: AbortSignal) => Promise<void>
  /** Asked for once the body is whole: what is known only then. */
  readonly trailers?: () => Readonly<Record<string, string>>
}
/** Resolves when there is room for more: who waits for it holds no more in memory than it has at hand. */
export type WriteChunk = (chunk: string | Uint8Array) => Promise<void>

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path with `:name` segments. */
  readonly path: string
  readonly capability: Capability
  /** Largest body, in bytes. Default {@link MAX_JSON_BODY_BYTES}. */
  readonly maxBodyBytes?: number
  handle(request: HttpRequest): Promise<HttpAnswer> | HttpAnswer
}

/** A path whose connection stops being HTTP: a GET that asks for it by `Upgrade`. */
export interface LinkRoute {
  readonly path: string
  /** The word in `Upgrade`. */
  readonly protocol: string
  readonly capability: Capability
  /** Takes the connection over, after 101. */
  open(connection: Duplex): void
}

/** Largest body of an ordinary request: words and lists typed by a person. */
export const MAX_JSON_BODY_BYTES = 262_144
/** Time a client has to send its head, in milliseconds. */
const HEAD_TIMEOUT_MS = 10_000
/** Time that requests have to end by themselves when the agent stops. */
export const STOP_GRACE_MS = 2_000

export type HttpErrorCode =
  | 'HTTP_UNAUTHORIZED'
  | 'HTTP_NOT_FOUND'
  | 'HTTP_METHOD'
  | 'HTTP_TOO_LARGE'
  | 'HTTP_BAD_JSON'
  | 'HTTP_BAD_FIELD'
  /** The client went away: said to nobody. */
  | 'HTTP_GONE'
export class HttpError extends MeshError<HttpErrorCode> {}

/** HTTP status by error code; what is not listed is 400 if it was thrown on purpose, else 500. */
const STATUS: Readonly<Record<string, number>> = {
  HTTP_UNAUTHORIZED: 401,
  HTTP_NOT_FOUND: 404,
  HTTP_METHOD: 405,
  HTTP_TOO_LARGE: 413,
  TRACE_NOT_FOUND: 404,
  ERROR_NOT_FOUND: 404,
  INVESTIGATION_NOT_FOUND: 404,
  NOTE_NOT_FOUND: 404,
  METRIC_NOT_FOUND: 404,
  HOLD_UNKNOWN: 404,
  QUOTA_UNKNOWN: 404,
  PLUGIN_UNKNOWN: 404,
  TRACE_UNREADABLE: 503,
  INTERNAL: 500,
  WORKER_GONE: 503,
  QUERY_BUSY: 503,
  TAIL_BUSY: 503,
  QUERY_STOPPED: 503,
  QUERY_TIMEOUT: 504,
}
/** Codes that mean "not now": a full disk, another process at the files. */
const UNAVAILABLE = /^STORE_/
/** Codes that mean "policy says no": the command line exits 4 on them. */
const REFUSED = /^(?:POLICY|STAGE|PAIR_NEEDS|CONSENT_REFUSED)/

export interface HttpServerOptions {
  readonly socketFile: string
  readonly routes: readonly Route[]
  readonly links?: readonly LinkRoute[]
  readonly tokens: Readonly<Record<Capability, string>>
}

export class HttpServer implements Service {
  readonly name = 'agent.http'
  readonly #log: Logger
  readonly #clock: Clock
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #stopping = new AbortController()
  readonly #upgraded = new Set<Duplex>()

  constructor(deps: { readonly log: Logger; readonly clock: Clock }, options: HttpServerOptions) {
    this.#log = deps.log
    this.#clock = deps.clock
    this.#options = options
    this.#server = createServer({ headersTimeout: HEAD_TIMEOUT_MS }, (request, response) => {
      void this.#serve(request, response)
    })
    this.#server.on('upgrade', (request, connection, first) => this.#upgrade(request, connection, first))
  }

  async start(): Promise<void> {
    const { socketFile } = this.#options
    rmSync(socketFile, { force: true }) // left by a run that was killed; the home's lock says it is not in use
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(socketFile, resolve)
    })
    chmodSync(socketFile, 0o600)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const connection of this.#upgraded) connection.destroy()
    if (!this.#server.listening) return
    // Whoever is still sending was told nothing yet; it must not keep the agent alive.
    const cancel = this.#clock.after(STOP_GRACE_MS, () => this.#server.closeAllConnections())
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
    cancel()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    this.#stopping.signal.addEventListener('abort', () => gone.abort(), { signal: gone.signal })
    try {
      const answer = await this.#answer(request, gone.signal)
      await send(response, answer, gone.signal)
    } catch (err) {
      this.#fail(response, err)
    } finally {
      if (this.#stopping.signal.aborted) response.socket?.end()
    }
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
    const capability = this.#capabilityOf(request)
    const url = toUrl(request.url ?? '/')
    const match = findRoute(this.#options.routes, request.method, url.pathname)
    requireCapability(capability, match.route)
    const body = await readBody(request, match.route.maxBodyBytes ?? MAX_JSON_BODY_BYTES)
    return match.route.handle({ params: match.params, query: url.searchParams, headers: request.headers, body, signal })
  }

  #upgrade(request: IncomingMessage, connection: Duplex, first: Buffer): void {
    connection.on('error', () => undefined) // its end is what counts
    try {
      const capability = this.#capabilityOf(request)
      const link = findLink(this.#options.links ?? [], request)
      requireCapability(capability, link)
      connection.write(head(101, { connection: 'Upgrade', upgrade: link.protocol }))
      this.#upgraded.add(connection)
      connection.once('close', () => this.#upgraded.delete(connection))
      if (first.length > 0) connection.unshift(first)
      link.open(connection)
    } catch (err) {
      const { status, json } = toErrorAnswer(this.#toFailure(err))
      connection.end(head(status, { connection: 'close' }) + JSON.stringify(json), () => connection.destroy())
    }
  }

  #capabilityOf(request: IncomingMessage): Capability {
    const given = Buffer.from((request.headers.authorization ?? '').replace(/^Bearer /, ''))
    for (const capability of ['cli', 'devtools'] as const) {
      const token = Buffer.from(this.#options.tokens[capability])
      if (given.length === token.length && timingSafeEqual(given, token)) return capability
    }
    throw new HttpError('HTTP_UNAUTHORIZED', 'a token of this agent is needed')
  }

  #toFailure(err: unknown): MeshError {
    const failure =
      err instanceof MeshError ? err : new MeshError('INTERNAL', 'something failed inside the agent; see its log')
    if (failure.code === 'INTERNAL') this.#log.error({ err }, 'request failed')
    return failure
  }

  #fail(response: ServerResponse, err: unknown): void {
    const failure = this.#toFailure(err)
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, json } = toErrorAnswer(failure)
    writeJson(response, status, json)
  }
}

function toErrorAnswer({ code, message, details }: MeshError): RouteAnswer {
  const status = STATUS[code] ?? (REFUSED.test(code) ? 403 : UNAVAILABLE.test(code) ? 503 : 400)
  return { status, json: { error: { code, message, details } } }
}

function requireCapability(given: Capability, { capability }: { readonly capability: Capability }): void {
  if (given === 'cli' || given === capability) return
  throw new HttpError('HTTP_UNAUTHORIZED', 'this token does not open that path')
}

function findLink(links: readonly LinkRoute[], { method, url, headers }: IncomingMessage): LinkRoute {
  const link = links.find(({ path, protocol }) => path === url && protocol === headers.upgrade)
  if (link !== undefined && method === 'GET') return link
  throw new HttpError('HTTP_NOT_FOUND', 'no such link')
}

/** The head of an answer on a connection that node:http has let go of. */
function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`
}

function toUrl(path: string): URL {
  if (URL.canParse(path, 'http://agent')) return new URL(path, 'http://agent')
  throw new HttpError('HTTP_NOT_FOUND', 'the path is not valid')
}

function findRoute(routes: readonly Route[], method: string | undefined, path: string) {
  const matches = routes.flatMap((route) => {
    const params = matchPath(route.path, path)
    return params ? [{ route, params }] : []
  })
  const match = matches.find(({ route }) => route.method === method)
  if (match) return match
  throw matches.length > 0
    ? new HttpError('HTTP_METHOD', 'this path does not take that method')
    : new HttpError('HTTP_NOT_FOUND', 'no such path')
}

export interface RouteAnswer {
  readonly status: number
  readonly json: unknown
}

/** Calls a route in this process, as the command line would over the socket: same routes, same answers, same errors. */
export async function callRoute(
  routes: readonly Route[],
  call: { readonly method: Route['method']; readonly path: string; readonly body: unknown },
): Promise<RouteAnswer> {
  try {
    const { pathname, searchParams } = toUrl(call.path)
    const { route, params } = findRoute(routes, call.method, pathname)
    const body = call.body === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(call.body))
    const signal = new AbortController().signal
    const answer = await route.handle({ params, query: searchParams, headers: {}, body, signal })
    if ('json' in answer) return { status: answer.status ?? 200, json: answer.json }
    if ('jsonBytes' in answer) return { status: 200, json: parseJson([answer.jsonBytes]) }
    if ('jsonParts' in answer) return { status: 200, json: parseJson(answer.jsonParts) }
    throw new HttpError('HTTP_NOT_FOUND', 'this path needs a running agent')
  } catch (err) {
    if (!(err instanceof MeshError)) throw err
    return toErrorAnswer(err)
  }
}

function parseJson(parts: readonly Uint8Array[]): unknown {
  return JSON.parse(Buffer.concat(parts).toString('utf8'))
}

/** Reads a JSON object from a request's body; an empty body is an empty object. */
export function jsonBody(request: HttpRequest): Readonly<Record<string, unknown>> {
  if (request.body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(Buffer.from(request.body).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new HttpError('HTTP_BAD_JSON', 'the body is not JSON', { cause })
  }
  throw new HttpError('HTTP_BAD_JSON', 'the body is not a JSON object')
}

async function send(response: ServerResponse, answer: HttpAnswer, signal: AbortSignal): Promise<void> {
  if ('json' in answer) {
    writeJson(response, answer.status ?? 200, answer.json)
  } else if ('jsonBytes' in answer) {
    writeJsonParts(response, 200, [answer.jsonBytes])
  } else if ('jsonParts' in answer) {
    writeJsonParts(response, 200, answer.jsonParts)
  } else if ('body' in answer) {
    response.writeHead(answer.status, answer.headers).end(answer.body)
  } else {
    await sendStream(response, answer, signal)
  }
}

async function sendStream(response: ServerResponse, answer: StreamAnswer, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'content-type': answer.contentType ?? 'application/x-ndjson' })
  response.flushHeaders()
  await answer.stream(async (chunk) => {
    if (response.write(chunk) || signal.aborted) return
    // A reader that goes away while we wait is the signal's to tell.
    await once(response, 'drain', { signal }).catch(() => undefined)
  }, signal)
  if (answer.trailers !== undefined) response.addTrailers(answer.trailers())
  response.end()
}

function writeJson(response: ServerResponse, status: number, value: unknown): void {
  writeJsonParts(response, status, [Buffer.from(JSON.stringify(value))])
}

/** Parts are handed to the socket as they are: put together first, a large answer would be copied by this thread. */
function writeJsonParts(response: ServerResponse, status: number, parts: readonly Uint8Array[]): void {
  const length = parts.reduce((bytes, part) => bytes + part.length, 0)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length })
  for (const part of parts.slice(0, -1)) response.write(part)
  response.end(parts.at(-1))
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        // What still comes is read and thrown away, so that the client gets to see the answer.
        request.removeAllListeners('data').resume()
        reject(new HttpError('HTTP_TOO_LARGE', `a body here has at most ${maxBytes} bytes`))
      } else {
        chunks.push(chunk)
      }
    })
    request.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    request.on('error', reject)
  })
}

/** @returns the values of the `:name` segments, or `undefined` if the path is another. */
function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of wanted.entries()) {
    const value = given[i] as string
    if (part.startsWith(':')) params[part.slice(1)] = decode(value)
    else if (part !== value) return undefined
  }
  return params
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new HttpError('HTTP_NOT_FOUND', 'the path is not valid', { cause })
  }
}
