/** Processes that a benchmark starts: each speaks one JSON document a line, and none outlives the benchmark. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

const running = new Set<ChildProcess>()
// Of a program that is ended by a signal only with end-on-signals.ts.
process.on('exit', () => {
  // Not SIGKILL: a run that a benchmark started has agents of its own to end.
  for (const child of running) child.kill('SIGTERM')
})

export interface Child {
  readonly pid: number
  /** The next line of its output, parsed. Rejects when it ends without one. */
  nextJson(): Promise<unknown>
  /** Asks it to end and waits; an agent gets the time to close its store. */
  stop(): Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** How long a process may take to end after it was asked to, in milliseconds. */
const STOP_LIMIT_MS = 15_000

/** Runs Node with these arguments; errors it prints are shown, what it prints to stdout is read. */
export function startNode(args: readonly string[]): Child {
  return startProgram(process.execPath, args)
}

/** The same for any program. One that is not there ends with null. */
export function startProgram(program: string, args: readonly string[]): Child {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null): void => {
      running.delete(child)
      resolve(code)
    }
    child.once('exit', end)
    child.once('error', () => end(null))
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid as number,
    ended,
    async nextJson() {
      const { done, value } = await lines.next()
      if (done === true) throw new Error(`${[program, ...args].join(' ')} ended with code ${await ended}`)
      return JSON.parse(value)
    },
    async stop() {
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await ended
      clearTimeout(kill)
    },
  }
}

/** Runs Node to its end. @throws if it fails */
export async function runNode(args: readonly string[]): Promise<void> {
  const code = await startNode(args).ended
  if (code !== 0) throw new Error(`${args.join(' ')} ended with code ${code}`)
}
