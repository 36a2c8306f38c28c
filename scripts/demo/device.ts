/** One device of the demo: a home of its own, an agent in a process of its own, and the commands its person types. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ModuleAddedView, StatusView } from '../../src/agent/http-types/device.ts'
import type { TraceList, TraceView } from '../../src/agent/http-types/traces.ts'
import { askAgent } from './agent-api.ts'
import { DemoError } from './demo-error.ts'
import type { Processes } from './processes.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What a person runs; the demo runs the same file. */
export const COMMAND = join(ROOT, 'bin', 'aico-mesh.js')
const MODULES = join(ROOT, 'examples', 'aico')
const LIFELINE = join(import.meta.dirname, 'lifeline.ts')

export interface DeviceDeps {
  readonly processes: Processes
  /** Holds the homes and the log files. */
  readonly folder: string
  readonly signal: AbortSignal
}

export class Device {
  readonly name: string
  readonly home: string
  readonly #deps: DeviceDeps
  #deviceId = ''

  constructor(name: string, deps: DeviceDeps) {
    this.name = name
    this.home = join(deps.folder, name)
    this.#deps = deps
  }

  get deviceId(): string {
    return this.#deviceId
  }

  async startAgent(): Promise<void> {
    const args = [COMMAND, '--home', this.home, 'start']
    const ready = await this.#start(`the ${this.name}'s agent`, 'agent', args, {})
    this.#deviceId = String(ready['deviceId'])
  }

  /** Where programs that speak OpenTelemetry report on this device. */
  async otlpUrl(): Promise<string> {
    return (await this.ask<StatusView>('/v1/status')).otlp ?? ''
  }

  /** Lets a module report over the bus. @returns the environment to start it with */
  async addModule(module: string): Promise<Readonly<Record<string, string>>> {
    const { credential } = await this.run<ModuleAddedView>('modules', 'add', module)
    return { AICO_MESH_MODULE: credential }
  }

  /** @returns where it listens, if it does */
  async startModule(module: string, env: Readonly<Record<string, string>>): Promise<string> {
    const args = ['--import', LIFELINE, join(MODULES, `${module}.ts`)]
    const { url } = await this.#start(`${module} on the ${this.name}`, 'module', args, env)
    return String(url)
  }

  /** Runs a command on this device and reads its JSON. @throws {DemoError} `DEMO_COMMAND_FAILED` */
  run<T>(...words: readonly string[]): Promise<T> {
    const args = [COMMAND, '--home', this.home, '--json', ...words]
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    execFile(process.execPath, args, { signal: this.#deps.signal }, (err, stdout, stderr) => {
      if (err === null) return resolve(JSON.parse(stdout) as T)
      const message = `\`aico-mesh ${words.slice(0, 2).join(' ')}\` failed on the ${this.name}`
      reject(new DemoError('DEMO_COMMAND_FAILED', message, { said: stderr, cause: err }))
    })
    return promise
  }

  /** Runs a command that draws on our terminal. */
  async draw(...words: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [COMMAND, '--home', this.home, ...words], {
      stdio: ['ignore', 'inherit', 'inherit'],
      signal: this.#deps.signal,
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) throw new DemoError('DEMO_COMMAND_FAILED', `\`aico-mesh ${words[0]}\` failed on the ${this.name}`)
  }

  /** @returns the trace as this device sees it, undefined if it has no span of it */
  trace(traceId: string): Promise<TraceView | undefined> {
    return askAgent<TraceView>(this.home, `/v1/traces/${traceId}`)
  }

  async traceIds(): Promise<readonly string[]> {
    const list = await askAgent<TraceList>(this.home, '/v1/traces')
    return (list?.traces ?? []).map(({ traceId }) => traceId)
  }

  async ask<T>(path: string): Promise<T> {
    const answer = await askAgent<T>(this.home, path)
    if (answer === undefined) throw new DemoError('DEMO_ANSWER', `the ${this.name}'s agent knows no ${path}`)
    return answer
  }

  #start(
    title: string,
    role: 'agent' | 'module',
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { processes, folder, signal } = this.#deps
    const logFile = join(folder, `${title.replaceAll(/[^a-z]+/g, '-')}.log`)
    return processes.start({ title, role, args, env, logFile }, signal)
  }
}
