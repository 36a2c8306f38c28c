/**
 * OTLP/HTTP on the devtools side: judges heads, reads bodies within bounds, hands them raw to the agent, and passes its answer
 * back. It decodes nothing: a hostile body meets a parser only in the agent's worker. Rules: docs/spec/otlp-http.md.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_OTLP_BYTES } from '../wire/otlp/limits.ts'
import { encodeRpcStatus, RPC_CODE, type OtlpEncoding } from '../wire/otlp/rpc-status.ts'
import type { AgentAnswer, RawPush } from './agent-link.ts'
import { InFlight } from './in-flight.ts'
import { CONTENT_TYPES, judgeHead, tooLarge, type OtlpPush, type Refusal } from './judge-head.ts'
import { MAX_CONNECTIONS } from './loopback-server.ts'
import { readBody } from './read-body.ts'

/** What the handler needs from {@link AgentLink}. */
export interface PushTarget {
  push(push: RawPush): Promise<AgentAnswer | undefined>
}

export interface OtlpHttpOptions {
  /** Largest body, as it travels. Default {@link MAX_OTLP_BYTES}. */
  readonly maxBodyBytes?: number
  /** Default {@link MAX_REQUESTS_IN_FLIGHT}. */
  readonly maxRequests?: number
  /** Default {@link MAX_BYTES_IN_FLIGHT}. */
  readonly maxBytes?: number
  /** Default {@link LINGER_MS}. */
  readonly lingerMs?: number
  /** Called with the status of every answer that this process makes itself, and of every 503. */
  readonly onRefused?: (status: number) => void
}

/** Requests between their head and the agent's answer: one for each connection. What bounds memory is the bytes. */
export const MAX_REQUESTS_IN_FLIGHT = 2 * MAX_CONNECTIONS
/** Bytes of bodies held at once: two of the largest. */
export const MAX_BYTES_IN_FLIGHT = 2 * MAX_OTLP_BYTES
/** How long the rest of a refused body is thrown away unread, so that the client sees the answer and not a reset connection. */
export const LINGER_MS = 1_000
/** What ingest answers; 503 always with a pause. */
const ANSWERS: readonly number[] = [200, 400, 413, 503]
/** Seconds asked of a client to wait when busy: exporters give up after about 10 s in all, so more would lose data. */
export const RETRY_AFTER_S = 1

export class OtlpHttp {
  readonly #target: PushTarget
  readonly #inFlight: InFlight
  readonly #maxBodyBytes: number
  readonly #lingerMs: number
  readonly #onRefused: (status: number) => void

  constructor(target: PushTarget, options: OtlpHttpOptions = {}) {
    this.#target = target
    this.#maxBodyBytes = options.maxBodyBytes ?? MAX_OTLP_BYTES
    this.#lingerMs = options.lingerMs ?? LINGER_MS
    this.#onRefused = options.onRefused ?? (() => undefined)
    this.#inFlight = new InFlight({
      maxRequests: options.maxRequests ?? MAX_REQUESTS_IN_FLIGHT,
      maxBytes: options.maxBytes ?? MAX_BYTES_IN_FLIGHT,
    })
  }

  get requestsInFlight(): number {
    return this.#inFlight.requests
  }

  /** Answers one request; never throws. `askedFirst` is set if the client waits for `100 Continue` before its body. */
  async handle(request: IncomingMessage, response: ServerResponse, askedFirst = false): Promise<void> {
    response.on('error', () => {}) // the client went away: nobody is left to tell
    const port = request.socket.localPort ?? 0
    const head = judgeHead(request, { port, maxBodyBytes: this.#maxBodyBytes })
    const answer = head.ok ? await this.#take(head, request, response, askedFirst) : head
    if (answer === undefined) return
    if ('ok' in answer) return this.#refuse(answer, request, response)
    if (answer.status === 503) this.#onRefused(503)
    passOn(answer, response)
  }

  /** @returns what to say, or `undefined` if the client is gone. */
  async #take(
    head: OtlpPush,
    request: IncomingMessage,
    response: ServerResponse,
    askedFirst: boolean,
  ): Promise<AgentAnswer | Refusal | undefined> {
    const place = this.#inFlight.enter(head.contentLength)
    if (place === undefined) return busy(head.encoding, 'too many requests at once')
    try {
      if (askedFirst) response.writeContinue()
      const body = await readBody(request, place, this.#maxBodyBytes, head.contentLength)
      if (body.kind === 'gone') return undefined
      if (body.kind === 'too-large') return tooLarge(head.encoding, this.#maxBodyBytes)
      if (body.kind === 'busy') return busy(head.encoding, 'too many bytes at once')
      const { blocks, length } = body
      const { signal, encoding, gzip } = head
      const answer = await this.#target.push({ signal, encoding, gzip, blocks, length })
      return answer && isForClient(answer, encoding) ? answer : busy(encoding, 'the agent does not answer')
    } finally {
      place.leave()
    }
  }

  #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
    const { status, encoding, allow, retryAfterS } = refusal
    this.#onRefused(status)
    const body = encodeRpcStatus({ code: refusal.rpcCode, message: refusal.message }, encoding)
    response.writeHead(status, {
      'content-length': body.length,
      'content-type': CONTENT_TYPES[encoding],
      ...(allow !== undefined && { allow }),
      ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    })
    response.write(body)
    this.#endAfter(request, response)
  }

  /**
   * Throws away what is left of the body, then ends. Cutting the connection at once may destroy the answer on its way (RFC
   * 9112 9.6), and node:http does that when it ends an answer on a connection that is not kept.
   */
  #endAfter(request: IncomingMessage, response: ServerResponse): void {
    const end = (): void => {
      clearTimeout(cut)
      response.end()
    }
    const cut = setTimeout(() => request.socket.destroy(), this.#lingerMs)
    request
      .once('end', end)
      .once('close', end)
      .on('error', () => {})
    if (request.complete && request.readableEnded) end()
    else request.resume()
  }
}

/**
 * Anything else, such as 401 or an unknown path, is between this process and the agent: the client's records are still good,
 * and it is owed an answer in its own encoding.
 */
function isForClient(answer: AgentAnswer, encoding: OtlpEncoding): boolean {
  const { status, retryAfterS } = answer
  if (!ANSWERS.includes(status) || answer.encoding !== encoding) return false
  return status !== 503 || retryAfterS > 0
}

/** Head and body leave together: most answers have no body, and one write is what they cost. */
function passOn({ status, encoding, retryAfterS, body }: AgentAnswer, response: ServerResponse): void {
  response
    .writeHead(status, {
      'content-length': body.length,
      'content-type': CONTENT_TYPES[encoding],
      ...(retryAfterS > 0 && { 'retry-after': String(retryAfterS) }),
    })
    .end(body.length > 0 ? body : undefined)
}

function busy(encoding: OtlpEncoding, message: string): Refusal {
  return { ok: false, status: 503, rpcCode: RPC_CODE.UNAVAILABLE, message, encoding, retryAfterS: RETRY_AFTER_S }
}
