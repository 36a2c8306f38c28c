/**
 * `GET /livez` and `GET /readyz` on the devtools side: whether the agent works, for programs on this device that watch it
 * (docs/spec/health.md HE24). As with OTLP, strangers and web pages are told nothing; an answer comes within a second.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PROBES, type Probe } from '../wire/devtools-link.ts'
import type { AgentLink } from './agent-link.ts'
import { strangerProblem } from './judge-head.ts'

/** How long the agent may take, in milliseconds: it answers in half of that. */
export const PROBE_TIMEOUT_MS = 900
const NO_ANSWER = { status: 503, body: 'the agent does not answer\n' }

export class ProbeHttp {
  readonly #agent: Pick<AgentLink, 'ask'>

  constructor(agent: Pick<AgentLink, 'ask'>) {
    this.#agent = agent
  }

  /** Never throws. @returns false for a request of another path, which is left alone */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [path, query] = (request.url ?? '').split('?', 2)
    const probe = PROBES.find((name) => path === `/${name}`)
    if (probe === undefined) return false
    response.on('error', () => {}) // the client went away: nobody is left to tell
    request.resume()
    const problem = strangerProblem(request, request.socket.localPort ?? 0)
    if (problem !== undefined) answer(response, 403, `${problem}\n`)
    else if (request.method !== 'GET') answer(response, 405, 'method not allowed\n', { allow: 'GET' })
    else {
      const { status, body } = await this.#ask(probe, new URLSearchParams(query).has('verbose'))
      answer(response, status, body)
    }
    return true
  }

  async #ask(
    probe: Probe,
    isVerbose: boolean,
  ): Promise<{ readonly status: number; readonly body: string | Uint8Array }> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => resolve(undefined), PROBE_TIMEOUT_MS)
    const said = await Promise.race([this.#agent.ask(probe, isVerbose), late])
    clearTimeout(timer)
    return said !== undefined && (said.status === 200 || said.status === 503) ? said : NO_ANSWER
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers })
    .end(body)
}
