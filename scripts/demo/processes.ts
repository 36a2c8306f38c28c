/**
 * The processes of the demo: starts each, waits for the line that says it is ready, and ends them all by their ids,
 * modules before agents, so that what a module still has to report is taken.
 *
 * Each is in a process group of its own, so that Ctrl-C reaches only the demo, which then ends them in order.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { DemoError } from './demo-error.ts'

export interface ProcessPlan {
  /** For messages, such as "the phone's agent". */
  readonly title: string
  readonly role: 'agent' | 'module'
  /** Arguments of node. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Takes its stderr: a file, so that it can outlive the demo. */
  readonly logFile: string
}

interface Running extends ProcessPlan {
  readonly child: ChildProcess
}

/** Time a process has to be ready, in milliseconds: seconds as a rule, more on a busy machine. */
const READY_MS = 45_000
/** Time a process has to end by itself, in milliseconds. */
const STOP_MS = 10_000

export class Processes {
  readonly #keep: boolean
  readonly #running: Running[] = []

  /** @param options `keep`: they are meant to outlive the demo, so they do not end with it */
  constructor(options: { readonly keep: boolean }) {
    this.#keep = options.keep
  }

  /** @returns what its first line says. @throws {DemoError} `DEMO_PROCESS_ENDED` */
  async start(plan: ProcessPlan, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    signal.throwIfAborted()
    const log = openSync(plan.logFile, 'a')
    const child = spawn(process.execPath, plan.args, {
      detached: true,
      env: { ...process.env, ...plan.env, ...(!this.#keep && plan.role === 'agent' && { AICO_MESH_LIFELINE: '1' }) },
      stdio: ['ignore', 'pipe', log, ...(this.#keep ? [] : (['ipc'] as const))],
    })
    closeSync(log)
    this.#running.push({ ...plan, child })
    return firstLine(child, plan, signal)
  }

  pids(): readonly number[] {
    return this.#running.flatMap(({ child }) => child.pid ?? [])
  }

  /** Those that have ended, which none should by itself. */
  ended(): readonly string[] {
    return this.#running.filter(({ child }) => hasEnded(child)).map(({ title }) => title)
  }

  /** Lets the demo end while they go on. */
  release(): void {
    for (const { child } of this.#running) child.unref()
  }

  /** Resolves once every one has ended. */
  async stop(): Promise<void> {
    for (const role of ['module', 'agent'] as const) {
      await Promise.all(this.#running.filter((each) => each.role === role).map(({ child }) => end(child)))
    }
    this.#running.length = 0
  }
}

/** The line of JSON that agents and modules print when they are ready. */
async function firstLine(child: ChildProcess, { title }: ProcessPlan, signal: AbortSignal) {
  const stdout = child.stdout
  if (stdout === null) throw new TypeError('stdout is a pipe')
  const waiting = new AbortController()
  const until = AbortSignal.any([signal, waiting.signal, AbortSignal.timeout(READY_MS)])
  try {
    const line = once(createInterface(stdout), 'line', { signal: until })
    const gone = once(child, 'exit', { signal: until }).then(() => {
      throw new DemoError('DEMO_PROCESS_ENDED', `${title} ended before it was ready`)
    })
    const [text] = (await Promise.race([line, gone])) as [string]
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch (err) {
    signal.throwIfAborted()
    if (err instanceof DemoError) throw err
    throw new DemoError('DEMO_PROCESS_ENDED', `${title} was not ready within ${READY_MS / 1000} s`, { cause: err })
  } finally {
    waiting.abort()
    stdout.destroy()
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
