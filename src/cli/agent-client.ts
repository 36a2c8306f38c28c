/** Talks to the running agent over its unix socket; or, for the few commands that allow it, to the home itself. */
import { existsSync, readFileSync } from 'node:fs'
import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import { layOutHome, requireOwnFolder } from '../platform/home.ts'
import { Agent, request } from '../platform/node-http.ts'
import type { ErrorView } from '../agent/http-types/device.ts'
import type { AgentHost } from './agent-host.ts'
import { AgentAnswerError, CliError } from './cli-error.ts'
import type { PassphraseSource } from './passphrase.ts'
import { watchAnswer } from './watch-answer.ts'

export interface AgentClientDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly host: AgentHost
  readonly home: string
  readonly passphrase: PassphraseSource
}
type Method = 'GET' | 'POST' | 'DELETE'
/** A request, and whether a damaged audit log is to be set aside before it. */
interface AloneCall {
  readonly method: Method
  readonly path: string
  readonly body?: unknown
  readonly setAuditAside?: true
}
interface Ask {
  readonly method: Method
  readonly path: string
  readonly contentType: string
  readonly body: string | Uint8Array
}

/** No route of the agent: that it says so shows that it is there, and costs it nothing. */
const PROBE_PATH = '/v1/probe'
/** Seconds to wait where the agent says that it takes nothing now, and not for how long. */
const DEFAULT_RETRY_S = 1

/** An answer, or how long to wait before the same is asked again, and why. */
export type Pushed<T> =
  | { readonly ok: true; readonly view: T }
  | { readonly ok: false; readonly retryAfterMs: number; readonly reason: string }

export class AgentClient {
  readonly #deps: AgentClientDeps
  /** Kept open between requests, for those who send many. */
  readonly #connections = new Agent({ keepAlive: true })

  constructor(deps: AgentClientDeps) {
    this.#deps = deps
  }

  /** @throws {CliError} `AGENT_NOT_RUNNING`, `AGENT_UNREACHABLE`, {AgentAnswerError} with the agent's own code */
  async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
    try {
      return unwrap(await this.#overSocket(method, path, body))
    } catch (err) {
      throw err instanceof NobodyListens ? await this.#notRunning() : err
    }
  }

  /** Like {@link call}, and by opening the home when no agent runs in it. */
  async callAnyway<T>(method: Method, path: string, body?: unknown): Promise<T> {
    try {
      return unwrap(await this.#overSocket(method, path, body))
    } catch (err) {
      if (!(err instanceof NobodyListens)) throw err
    }
    return this.callAlone<T>({ method, path, body })
  }

  /** By opening the home, in which no agent may run. @throws {AgentAnswerError}, and what opening it throws */
  async callAlone<T>(call: AloneCall): Promise<T> {
    const { host, home, passphrase } = this.#deps
    return unwrap(await host.callOffline({ home, passphrase: await passphrase.forHome(), body: undefined, ...call }))
  }

  /** Sends bytes; under back-pressure the caller keeps them and comes again. @throws as {@link call} */
  async push<T>(path: string, body: Uint8Array): Promise<Pushed<T>> {
    const response = await this.#open({ method: 'POST', path, contentType: 'application/x-protobuf', body })
    const answer = await readJson(response)
    if (answer.status !== 503) return { ok: true, view: unwrap(answer) }
    const { code, details } = (answer.json as ErrorView).error
    const reason = details?.['reason']
    const retryAfterMs = (Number(response.headers['retry-after']) || DEFAULT_RETRY_S) * 1000
    return { ok: false, retryAfterMs, reason: typeof reason === 'string' ? reason : code }
  }

  /** The agent's answer as it comes: a stream that is cut off fails. @throws as {@link call} */
  async download(
    path: string,
    { method = 'GET', body }: { readonly method?: Method; readonly body?: unknown } = {},
  ): Promise<IncomingMessage> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const response = await this.#open({ method, path, contentType: 'application/json', body: text })
    if ((response.statusCode ?? 500) < 400) return response
    return unwrap(await readJson(response))
  }

  /** A home that holds no device is more likely mistyped than one whose agent is down. */
  async #notRunning(): Promise<CliError> {
    const { host, home } = this.#deps
    const hasDevice = await host.readKeyStore(home).then(
      () => true,
      (err: unknown) => codeOf(err) !== 'HOME_MISSING',
    )
    const words = hasDevice
      ? `no agent runs in ${home}; start one with \`aico-mesh start\``
      : `no agent runs in ${home}, and no device is there: check --home, or begin with \`aico-mesh init --name NAME\``
    return new CliError('AGENT_NOT_RUNNING', words)
  }

  async #overSocket(method: Method, path: string, body: unknown): Promise<{ status: number; json: unknown }> {
    const text = body === undefined ? '' : JSON.stringify(body)
    return readJson(await this.#request({ method, path, contentType: 'application/json', body: text }))
  }

  async #open(ask: Ask): Promise<IncomingMessage> {
    try {
      return await this.#request(ask, this.#connections)
    } catch (err) {
      throw err instanceof NobodyListens ? await this.#notRunning() : err
    }
  }

  /** Resolves with the head of the answer. */
  #request({ method, path, contentType, body }: Ask, agent?: HttpAgent): Promise<IncomingMessage> {
    const { runFolder, socketFile, tokenFile } = layOutHome(this.#deps.home)
    if (!existsSync(socketFile) || !existsSync(tokenFile)) return Promise.reject(new NobodyListens())
    requireOwnFolder(runFolder)
    const headers = {
      authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}`,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
    }
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: socketFile, path, method, headers, ...(agent && { agent }) })
      const unwatch = watchAnswer({
        clock: this.#deps.clock,
        probe: (answered) => probe(socketFile, answered),
        onSilence() {
          reject(new CliError('AGENT_UNREACHABLE', 'the agent does not answer: its process hangs, or was stopped'))
          call.destroy()
        },
      })
      call.on('response', (response) => {
        unwatch()
        resolve(response)
      })
      // A socket file that nobody listens on was left by an agent that was killed.
      call.on('error', (cause: NodeJS.ErrnoException) => {
        unwatch()
        reject(cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT' ? new NobodyListens() : unreachable(cause))
      })
      call.end(body)
    })
  }
}

/** On a connection of its own. Any answer will do: without a token it is 401. */
function probe(socketPath: string, answered: (isThere: boolean) => void): () => void {
  let isWanted = true
  const end = (isThere: boolean): void => {
    if (isWanted) answered(isThere)
    isWanted = false
  }
  const call = request({ socketPath, path: PROBE_PATH, agent: false }, (response) => {
    response.resume()
    end(true)
  })
  call.on('error', () => end(false))
  call.end()
  return () => {
    isWanted = false
    call.destroy()
  }
}

/** The whole answer. @throws {CliError} `AGENT_UNREACHABLE` if it breaks off */
async function readJson(response: IncomingMessage): Promise<{ status: number; json: unknown }> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    return { status: response.statusCode ?? 500, json: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
  } catch (cause) {
    throw unreachable(cause)
  }
}

/** No agent has this home's socket open. */
class NobodyListens extends Error {}

/** The answer's shape is the agent's promise (http-types/); both come from the same version of this package. */
function unwrap({ status, json }: { readonly status: number; readonly json: unknown }): never {
  if (status < 400) return json as never
  const { error } = json as ErrorView
  throw new AgentAnswerError(status, error.code, error.message, error.details ?? {})
}

export function unreachable(cause: unknown): CliError {
  return new CliError('AGENT_UNREACHABLE', 'the agent ended the connection', { cause })
}
