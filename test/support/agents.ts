/**
 * Real agents for tests: each in a home and a process of its own, called over its socket as the command line does.
 *
 * Nothing survives the test: every process is killed and every home removed by {@link AgentLab.close}, and an agent whose
 * test died first dies with it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { initDevice } from '../../src/agent/host.ts'
import type {
  ErrorView,
  GrantedView,
  GrantView,
  PairedView,
  PeerDetailView,
} from '../../src/agent/http-types/device.ts'
import type { InviteView, StageName, StatusView } from '../../src/agent/http-types/device.ts'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { otlpTraces, type TestSpan } from './otlp-spans.ts'
import { waitFor } from './wait-for.ts'

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const TAPPED = fileURLToPath(new URL('../multi-node/tapped-agent.ts', import.meta.url))
/** Characters of stderr kept to explain a failure. */
const MAX_STDERR_CHARS = 8_192

export interface ReadyLine {
  readonly event: 'ready'
  readonly deviceId: string
  readonly mesh: readonly string[]
  readonly otlp: string | null
}
export interface DeviceOptions {
  /** Default `developer`. */
  readonly stage?: StageName
  /** File that gets every byte before Noise and after it; read it with frame-tap.ts. */
  readonly tapFile?: string
  /** Whether it measures the device, so that it has records that no test made. Default false. */
  readonly hostMetrics?: boolean
  /** `false`: it is on a network that filters multicast. Default true. */
  readonly multicast?: boolean
  /** Name of the network namespace it runs in. Default: that of the test. */
  readonly namespace?: string
  readonly env?: Readonly<Record<string, string>>
}
export interface GrantOptions {
  readonly to: TestAgent
  readonly lanes?: readonly string[]
  readonly modules?: readonly string[]
  readonly sinceUnixMs?: number
  readonly untilUnixMs?: number
  readonly purpose?: string
}
type Method = 'GET' | 'POST' | 'DELETE'

/** An answer that is an error, with the agent's own code. */
export class AgentCallError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(`${code}: ${message}`)
    this.status = status
    this.code = code
  }
}

/** One device: its home stays while its process comes and goes. */
export class TestAgent {
  readonly name: string
  readonly home: string
  readonly deviceId: string
  /** How its process is started: a program and what it takes. */
  readonly #program: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #otlp: string | null = null

  constructor(
    name: string,
    home: string,
    deviceId: string,
    program: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#env = env
    this.name = name
    this.home = home
    this.deviceId = deviceId
    this.#program = program
  }

  get pid(): number {
    return this.#running().pid as number
  }

  /** Base URL of the OTLP receiver. */
  get otlp(): string {
    if (this.#otlp === null) throw new Error(`${this.name} takes no OTLP`)
    return this.#otlp
  }

  async start(): Promise<ReadyLine> {
    const [file, ...args] = this.#program
    const child = spawn(file as string, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, AICO_MESH_LIFELINE: '1', ...this.#env },
    })
    this.#child = child
    const ready = await readyLine(child, this.name)
    this.#otlp = ready.otlp
    return ready
  }

  /** Ends the process and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  /** Resolves with the exit code, or the signal, when the process has ended by itself. */
  async ended(): Promise<number | string> {
    const child = this.#running()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return child.exitCode ?? String(child.signalCode)
  }

  async setStage(stage: StageName): Promise<void> {
    await this.call('POST', '/v1/stage', { stage })
    this.#otlp = (await this.status()).otlp
  }

  /** @throws {AgentCallError} */
  async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const { status, json } = await callSocket(this.home, method, path, body)
    if (status < 400) return json as T
    const { code, message } = (json as ErrorView).error
    throw new AgentCallError(status, code, message)
  }

  status(): Promise<StatusView> {
    return this.call<StatusView>('GET', '/v1/status')
  }

  /** How this agent stands with another; undefined when it does not know it as a member. */
  async peer(other: TestAgent): Promise<PeerDetailView | undefined> {
    const { peers } = await this.call<{ peers: readonly PeerDetailView[] }>('GET', '/v1/peers')
    return peers.find(({ deviceId }) => deviceId === other.deviceId)
  }

  /** Undefined when no span of it is here. */
  async trace(traceId: string, { attributes = false } = {}): Promise<TraceView | undefined> {
    try {
      return await this.call<TraceView>('GET', `/v1/traces/${traceId}${attributes ? '?attributes=true' : ''}`)
    } catch (err) {
      if (err instanceof AgentCallError && err.code === 'TRACE_NOT_FOUND') return undefined
      throw err
    }
  }

  /** Spans of a trace that one device recorded, as this agent sees them. */
  async spansOf(owner: TestAgent, traceId: string): Promise<TraceView['spans']> {
    return (await this.trace(traceId))?.spans.filter(({ deviceId }) => deviceId === owner.deviceId) ?? []
  }

  async grant({ to, lanes = ['traces'], ...terms }: GrantOptions): Promise<string> {
    const granted = await this.call<GrantedView>('POST', '/v1/consent', { to: to.deviceId, lanes, ...terms })
    return granted.grantId
  }

  async revoke(grantId: string): Promise<void> {
    await this.call('DELETE', `/v1/consent/${grantId}`)
  }

  /** Exports spans; resolves with the HTTP status, or rejects when the connection broke. */
  async send(service: string, spans: readonly TestSpan[]): Promise<number> {
    const response = await fetch(`${this.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: otlpTraces(service, spans),
    })
    await response.arrayBuffer()
    return response.status
  }

  /** Exports spans that must be taken. */
  async record(service: string, spans: readonly TestSpan[]): Promise<void> {
    const status = await this.send(service, spans)
    if (status !== 200) throw new Error(`${this.name} answered OTLP with ${status}`)
  }

  #running(): ChildProcess {
    if (this.#child === undefined) throw new Error(`${this.name} is not running`)
    return this.#child
  }
}

/** Makes agents in one temporary folder and leaves nothing of them behind. */
export class AgentLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'aico-mesh-lab-'))
  readonly #agents: TestAgent[] = []

  /** A new device, running at its stage. */
  async device(
    name: string,
    { stage = 'developer', tapFile, multicast = true, hostMetrics = false, namespace, env }: DeviceOptions = {},
  ): Promise<TestAgent> {
    const home = join(this.folder, name)
    const { deviceId } = await initDevice({ home, name, keyStore: 'file', passphrase: undefined })
    const isPlain = tapFile === undefined && multicast
    const program = isPlain
      ? [MAIN, '--home', home, 'start', '--otlp-port', '0', ...(hostMetrics ? [] : ['--no-host-metrics'])]
      : [TAPPED, home, tapFile ?? `${home}.tap`, ...(multicast ? [] : ['deaf'])]
    const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
    const agent = new TestAgent(name, home, deviceId, [...inside, process.execPath, ...program], env)
    this.#agents.push(agent)
    await agent.start()
    if (stage !== 'casual') await agent.setStage(stage)
    return agent
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.end('SIGKILL')))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Takes `joiner` into the mesh of `inviter`, and waits until both have a session. */
export async function pair(inviter: TestAgent, joiner: TestAgent): Promise<void> {
  const { ticket } = await inviter.call<InviteView>('POST', '/v1/pair/invite')
  await joiner.call<PairedView>('POST', '/v1/pair/join', { ticket })
  await connected(inviter, joiner)
}

export async function connected(a: TestAgent, b: TestAgent): Promise<void> {
  await waitFor(`${a.name} and ${b.name} to be connected`, async () => {
    return (await a.peer(b))?.connected === true && (await b.peer(a))?.connected === true
  })
}

/** Waits until `reader` shows this many spans of `owner` in a trace. */
export function shows(reader: TestAgent, owner: TestAgent, traceId: string, count: number): Promise<unknown> {
  return waitFor(`${count} spans of ${owner.name} at ${reader.name}`, async () => {
    return (await reader.spansOf(owner, traceId)).length >= count
  })
}

/**
 * Makes a reader meet an owner anew and compare everything: what the owner would ever give it has been asked for then,
 * so what is not there is not coming.
 */
export async function meetAgain(reader: TestAgent, owner: TestAgent): Promise<void> {
  await reader.end('SIGTERM')
  const sinceUnixMs = Date.now()
  await reader.start()
  await inStep(reader, owner, sinceUnixMs)
}

/** Waits until a reader has all that an owner offers, as both have said after this time. */
export function inStep(reader: TestAgent, owner: TestAgent, sinceUnixMs: number): Promise<unknown> {
  return waitFor(`${reader.name} to be in step with ${owner.name}`, async () => {
    const peer = await reader.peer(owner)
    return peer?.pendingSegments === 0 && (peer.syncedUnixMs ?? 0) >= sinceUnixMs
  })
}

/** The grants an agent knows, given and got. */
export async function grantsOf(agent: TestAgent): Promise<readonly GrantView[]> {
  return (await agent.call<{ grants: readonly GrantView[] }>('GET', '/v1/consent')).grants
}

/** One request over a home's socket, with its token. */
export function callSocket(
  home: string,
  method: Method,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const { socketFile: socketPath, tokenFile } = layOutHome(home)
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}` }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 500, json: JSON.parse(text) })
      })
    })
    call.on('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** The line that says an agent is ready. @throws {Error} with what it wrote to stderr if it ends first */
export async function readyLine(child: ChildProcess, name: string): Promise<ReadyLine> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new TypeError('the output is not piped')
  let said = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MAX_STDERR_CHARS)
  })
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${name} ended before it was ready (${String(code ?? signal)}): ${said}`)
  })
  exited.catch(() => undefined) // an end after the line is nobody's failure
  const [line] = (await Promise.race([once(createInterface({ input: stdout }), 'line'), exited])) as [string]
  return JSON.parse(line) as ReadyLine
}
