/**
 * One real agent, driven as a person would: by its command line, whichever build of it. Its home and everything it
 * starts are gone after `end`.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { runProgram, runSuccessfully, type ProgramEnd, type ProgramOptions } from './run-program.ts'

export interface ReadyLine {
  readonly event: 'ready'
  readonly deviceId: string
  readonly mesh: readonly string[]
  readonly otlp: string | null
}

/** The command of this clone, in the Node that runs the test. */
export const CLONE_COMMAND: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, '..', '..', 'bin', 'aico-mesh.js'),
]

export class AgentProgram {
  readonly home = mkdtempSync(join(tmpdir(), 'aico-mesh-agent-'))
  readonly #command: readonly string[]
  readonly #options: ProgramOptions
  #running: { readonly child: ChildProcess; readonly exited: Promise<number | null> } | undefined

  constructor(command: readonly string[] = CLONE_COMMAND, options: ProgramOptions = {}) {
    this.#command = command
    this.#options = options
  }

  /** Of the process that was started; what that starts are its children. */
  get pid(): number {
    const pid = this.#running?.child.pid
    if (pid === undefined) throw new Error('this agent was not started')
    return pid
  }

  /** Ends as the command does, whatever its exit code. */
  run(...args: readonly string[]): Promise<ProgramEnd> {
    return runProgram([...this.#command, '--home', this.home, ...args], this.#options)
  }

  /** @returns the document a command prints under `--json`. @throws if it fails */
  async ask<T>(...args: readonly string[]): Promise<T> {
    const command = [...this.#command, '--home', this.home, '--json', ...args]
    return JSON.parse(await runSuccessfully(command, this.#options)) as T
  }

  /** Starts it in the foreground of a process group of its own. @returns its ready line */
  async start(...args: readonly string[]): Promise<ReadyLine> {
    const [file = '', ...rest] = [...this.#command, '--home', this.home, 'start', ...args]
    const { cwd, env } = this.#options
    const child = spawn(file, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const killGroup = (): void => void process.kill(-(child.pid as number), 'SIGKILL')
    process.once('exit', killGroup) // a test run that is cut short leaves no agent behind
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
    void exited.then(() => process.off('exit', killGroup))
    this.#running = { child, exited }
    const line = await Promise.race([firstLine(child), exited])
    if (typeof line !== 'string') throw new Error(`the agent ended with ${line} before it was ready`)
    return JSON.parse(line) as ReadyLine
  }

  /** Resolves with its exit code once the agent, and all that held its output, has ended. */
  ended(): Promise<number | null> {
    if (this.#running === undefined) throw new Error('this agent was not started')
    return this.#running.exited
  }

  /** Signals the process that was started, and only that one. */
  kill(signal: NodeJS.Signals): void {
    this.#running?.child.kill(signal)
  }

  /** For `afterAll`: ends what still runs and removes the home. */
  async end(): Promise<void> {
    const { child, exited } = this.#running ?? {}
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL')
      await exited
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new TypeError('no output to read')
  const lines = createInterface(child.stdout)
  return new Promise((resolve) => lines.once('line', resolve))
}
