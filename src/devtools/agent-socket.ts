/**
 * The devtools process's one way out: HTTP over the agent's unix socket, under its own capability token.
 * Keeps connections open between requests; every wait has a bound, and no failure of the agent throws.
 */
import { Agent, request, type IncomingMessage } from 'node:http'
import type { Signal } from '../model/lane.ts'
import type { Counts } from './refusal-tally.ts'
import type { DevtoolsConfig } from './process-words.ts'

/** A body as it came from the client, still compressed. */
export interface RawPush {
  readonly signal: Signal
  readonly contentType: string
  readonly gzip: boolean
  readonly blocks: readonly Uint8Array[]
  readonly length: number
}

export interface AgentAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly retryAfter: string | undefined
  readonly body: Uint8Array
}

/** How long the agent may take to commit and answer: half of the 10 s most exporters give a push, so one retry still fits. */
export const AGENT_TIMEOUT_MS = 5_000
/** Longest answer passed on: what OTLP says an answer should not exceed. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** Path of the request whose answer stays open as long as the agent wants this process. */
export const LIFELINE_PATH = '/v1/devtools/lifeline'

/** Path that takes counts of refused requests. */
export const REFUSED_PATH = '/v1/devtools/refused'

export class AgentSocket {
  readonly #config: Pick<DevtoolsConfig, 'socketPath' | 'token'>
  readonly #timeoutMs: number
  readonly #connections: Agent

  constructor(
    config: Pick<DevtoolsConfig, 'socketPath' | 'token'>,
    options: { readonly maxConnections: number; readonly timeoutMs?: number },
  ) {
    this.#config = config
    this.#timeoutMs = options.timeoutMs ?? AGENT_TIMEOUT_MS
    this.#connections = new Agent({ keepAlive: true, maxSockets: options.maxConnections })
  }

  /** @returns the agent's answer, or `undefined` if none came in time. */
  push(push: RawPush): Promise<AgentAnswer | undefined> {
    return new Promise((resolve) => {
      const outgoing = request({
        socketPath: this.#config.socketPath,
        path: `/v1/otlp/${push.signal}`,
        method: 'POST',
        agent: this.#connections,
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: {
          authorization: `Bearer ${this.#config.token}`,
          'content-type': push.contentType,
          'content-length': push.length,
          ...(push.gzip && { 'content-encoding': 'gzip' }),
        },
      })
      outgoing.on('response', (response) => void readAnswer(response).then(resolve))
      outgoing.on('error', () => resolve(undefined))
      for (const block of push.blocks) outgoing.write(block)
      outgoing.end()
    })
  }

  /** Tells the agent how often this process refused a request itself. @returns whether it took them */
  tellRefused(counts: Counts): Promise<boolean> {
    const body = Buffer.from(JSON.stringify({ counts }))
    return new Promise((resolve) => {
      const outgoing = request({
        socketPath: this.#config.socketPath,
        path: REFUSED_PATH,
        method: 'POST',
        agent: this.#connections,
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: {
          authorization: `Bearer ${this.#config.token}`,
          'content-type': 'application/json',
          'content-length': body.length,
        },
      })
      outgoing.on('response', (response) => {
        response.resume().on('error', () => {})
        resolve(response.statusCode === 200)
      })
      outgoing.on('error', () => resolve(false))
      outgoing.end(body)
    })
  }

  /**
   * Opens the lifeline and calls `lost` when it closes.
   * @returns false if the agent did not accept it: wrong token, no agent, or no answer in time.
   */
  holdLifeline(lost: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      const { socketPath, token } = this.#config
      const headers = { authorization: `Bearer ${token}` }
      const outgoing = request({ socketPath, path: LIFELINE_PATH, agent: false, headers })
      const tooLate = setTimeout(() => outgoing.destroy(), this.#timeoutMs)
      outgoing.on('response', (response) => {
        clearTimeout(tooLate)
        if (response.statusCode !== 200) outgoing.destroy()
        else
          response
            .resume()
            .on('error', () => {})
            .on('close', lost)
        resolve(response.statusCode === 200)
      })
      outgoing.on('error', () => resolve(false))
      outgoing.on('close', () => clearTimeout(tooLate))
      outgoing.end()
    })
  }
}

async function readAnswer(response: IncomingMessage): Promise<AgentAnswer | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > MAX_ANSWER_BYTES) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined // cut off half-way: the same to a client as no answer
  }
  const { 'content-type': contentType, 'retry-after': retryAfter } = response.headers
  return { status: response.statusCode ?? 0, contentType, retryAfter, body: Buffer.concat(chunks) }
}
