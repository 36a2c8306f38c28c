/** Starts the devtools process in its sandbox (./sandbox.ts), with next to nothing in its environment, and listens to the one thing it says. */
import { fork, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { MeshError } from '../base/errors.ts'
import { readListening, type DevtoolsConfig } from './process-words.ts'
import { devtoolsProgram, sandboxFlags } from './sandbox.ts'

export type DevtoolsErrorCode =
  /** The process ended before it listened. */
  | 'DEVTOOLS_START_FAILED'
  /** It did not listen in time. */
  | 'DEVTOOLS_START_TIMEOUT'
  /** It was stopped while it started. */
  | 'DEVTOOLS_STOPPED'

export class DevtoolsError extends MeshError<DevtoolsErrorCode> {}

export interface DevtoolsListeningAt {
  readonly url: string
  readonly port: number
}

export interface DevtoolsExit {
  readonly code: number | null
  readonly signal: string | null
  /** The end of what it wrote to stderr. */
  readonly stderr: string
}

/** One run of the process. */
export interface DevtoolsChild {
  readonly pid: number | undefined
  /** Rejects with DEVTOOLS_START_FAILED if the process ends first. */
  readonly listening: Promise<DevtoolsListeningAt>
  readonly exited: Promise<DevtoolsExit>
  /** Tells it, once, what to serve. Until then it touches nothing, keeps no process alive, and does not wait for long. */
  serve(config: DevtoolsConfig): void
  /** Asks it to end; it finishes what is under way, within a second. */
  end(): void
  kill(): void
}

/** Characters of stderr kept for the log: the last lines of a stack. */
const MAX_STDERR_CHARS = 2_048

/** Half of the room for new objects. Bodies are passed on as they are, so that few are made. */
const MAX_SEMI_SPACE_MB = 4

export function launchDevtools(): DevtoolsChild {
  const child = fork(devtoolsProgram(), [], {
    execArgv: [...sandboxFlags(), `--max-semi-space-size=${MAX_SEMI_SPACE_MB}`],
    env: memorySettings(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const exited = exitOf(child)
  const listening = listeningOf(child, exited)
  // A pipe is a socket, which the types of Node do not say.
  const holds = [child, child.channel, child.stderr as Socket | null]
  for (const hold of holds) hold?.unref()
  return {
    pid: child.pid,
    listening,
    exited,
    serve: (config) => {
      for (const hold of holds) hold?.ref()
      child.send(config, () => {}) // a failure shows as the exit
    },
    end: () => {
      for (const hold of holds) hold?.ref()
      if (child.connected) child.disconnect()
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** How memory is given back to the system, as the agent began with it (bin/lean-memory.js); nothing else of the environment. */
function memorySettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('MALLOC_')))
}

function exitOf(child: ChildProcess): Promise<DevtoolsExit> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS)
  })
  // Not 'close': Node does not emit it after disconnect().
  const written = new Promise<void>((resolve) => child.stderr?.once('close', resolve))
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null, stderr: 'could not be started' }))
    child.once('exit', (code, signal) => void written.then(() => resolve({ code, signal, stderr })))
  })
}

/** The child says one thing. Whatever else it says, it is not the program we started. */
function listeningOf(child: ChildProcess, exited: Promise<DevtoolsExit>): Promise<DevtoolsListeningAt> {
  const listening = new Promise<DevtoolsListeningAt>((resolve, reject) => {
    let hasSpoken = false
    child.on('message', (message) => {
      const said = readListening(message)
      if (said === undefined || hasSpoken) child.kill('SIGKILL')
      else resolve({ url: said.url, port: said.port })
      hasSpoken = true
    })
    void exited.then(({ code, signal, stderr }) =>
      reject(
        new DevtoolsError('DEVTOOLS_START_FAILED', `devtools process ended before it listened: ${stderr.trim()}`, {
          details: { code: code ?? -1, signal: signal ?? '' },
        }),
      ),
    )
  })
  listening.catch(() => {}) // who waits gets it; who only waits for the exit must not crash
  return listening
}
