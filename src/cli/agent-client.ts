/** Talks to the running agent over its unix socket; or, for the few commands that allow it, to the home itself. */
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { codeOf } from '../base/errors.ts'
import { layOutHome, requireOwnFolder } from '../platform/home.ts'
import type { ErrorView } from '../agent/http-types.ts'
import type { AgentHost } from './agent-host.ts'
import { AgentAnswerError, CliError } from './cli-error.ts'
import type { PassphraseSource } from './passphrase.ts'

export interface AgentClientDeps {
  readonly host: AgentHost
  readonly home: string
  readonly passphrase: PassphraseSource
}
type Method = 'GET' | 'POST' | 'DELETE'

export class AgentClient {
  readonly #deps: AgentClientDeps

  constructor(deps: AgentClientDeps) {
    this.#deps = deps
  }

  /** @throws {CliError} `AGENT_NOT_RUNNING`, {AgentAnswerError} with the agent's own code */
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
    const { host, home, passphrase } = this.#deps
    return unwrap(await host.callOffline({ home, passphrase: await passphrase.forHome(), method, path, body }))
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

  #overSocket(method: Method, path: string, body: unknown): Promise<{ status: number; json: unknown }> {
    const { runFolder, socketFile, tokenFile } = layOutHome(this.#deps.home)
    if (!existsSync(socketFile) || !existsSync(tokenFile)) return Promise.reject(new NobodyListens())
    requireOwnFolder(runFolder)
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: socketFile, path, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', (cause) => reject(unreachable(cause)))
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode ?? 500, json: JSON.parse(Buffer.concat(chunks).toString('utf8')) })
          } catch (cause) {
            reject(unreachable(cause))
          }
        })
      })
      // A socket file that nobody listens on was left by an agent that was killed.
      call.on('error', (cause: NodeJS.ErrnoException) => {
        reject(cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT' ? new NobodyListens() : unreachable(cause))
      })
      call.end(text)
    })
  }
}

/** No agent has this home's socket open. */
class NobodyListens extends Error {}

/** The answer's shape is the agent's promise (http-types.ts); both come from the same version of this package. */
function unwrap({ status, json }: { readonly status: number; readonly json: unknown }): never {
  if (status < 400) return json as never
  const { error } = json as ErrorView
  throw new AgentAnswerError(status, error.code, error.message, error.details ?? {})
}

function unreachable(cause: unknown): CliError {
  return new CliError('AGENT_UNREACHABLE', 'the agent ended the connection', { cause })
}
