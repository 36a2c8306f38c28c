/**
 * What a process does with an agent: makes a device, runs one until it is told to stop, or opens its home for a single
 * request while no agent runs. The command line is given this as {@link AgentHost}; it knows nothing else of the agent.
 */
import type { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import type { Logger } from '../base/logger.ts'
import { MeshError } from '../base/errors.ts'
import { collectWhenIdle } from '../platform/collect-when-idle.ts'
import { nodeClock } from '../platform/node-clock.ts'
import { nodeCrypto } from '../platform/node-crypto.ts'
import { deviceNameProblem, MAX_DEVICE_NAME_BYTES, type DeviceNameProblem } from '../model/device-name.ts'
import type { ReadyEvent } from './agent-state.ts'
import { startAgent } from './compose.ts'
import { callRoute, type RouteAnswer } from './http-server.ts'
import type { KeyStore } from './key-file.ts'

export interface InitOptions {
  readonly home: string
  readonly name: string
  readonly keyStore: KeyStore
  readonly passphrase: string | undefined
}
export interface RunOptions {
  readonly keeperThread: Worker
  readonly home: string
  readonly passphrase: string | undefined
  readonly logLevel: string
  readonly otlpPort: number | undefined
  readonly hostMetrics: boolean
  readonly onReady: (event: ReadyEvent) => void
  /** Aborted when the agent is to stop. */
  readonly signal: AbortSignal
}
export interface OfflineCall {
  readonly keeperThread: Worker
  readonly home: string
  readonly passphrase: string | undefined
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body: unknown
  /** Whether a damaged audit log is kept beside a new one first. Default false. */
  readonly setAuditAside?: boolean
}

/** Everything written from here on is its owner's alone, whatever the shell's habit is. */
const PRIVATE_UMASK = 0o077

export type HostErrorCode = 'DEVICE_NAME_INVALID' | 'AGENT_FAILED'
export class HostError extends MeshError<HostErrorCode> {}

/** @throws {HostError} `DEVICE_NAME_INVALID`, and what `makeDevice` throws */
export async function initDevice({ home, name, keyStore, passphrase }: InitOptions) {
  const problem = deviceNameProblem(name)
  if (problem !== undefined) throw new HostError('DEVICE_NAME_INVALID', NAME_PROBLEMS[problem])
  process.umask(PRIVATE_UMASK)
  // It opens a store on this thread, whose code nothing else here needs.
  const { makeDevice } = await import('./new-device.ts')
  const deviceId = await makeDevice({ clock: nodeClock, crypto: nodeCrypto }, { home, name, keyStore, passphrase })
  return { deviceId, name, keyStore }
}

/** Runs until the signal is aborted or somebody asks the agent to stop. @throws what starting throws */
export async function runAgent(options: RunOptions): Promise<void> {
  process.umask(PRIVATE_UMASK)
  const log = stderrLog(options.logLevel)
  endOnBugs(log)
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  options.signal.addEventListener('abort', () => end(), { once: true })
  const agent = await startAgent({
    home: options.home,
    passphrase: options.passphrase,
    log,
    isOnline: true,
    keeperThread: options.keeperThread,
    ...(options.otlpPort === undefined ? {} : { otlpPort: options.otlpPort }),
    hostMetrics: options.hostMetrics,
    onStop: end,
    onFatal: (cause) => fail(new HostError('AGENT_FAILED', 'the agent cannot go on', { cause })),
  })
  options.onReady(agent.state.ready())
  collectWhenIdle()
  try {
    await ended
  } finally {
    await agent.stop()
  }
}

/** Answers one request by opening the home for as long as it takes; no port, bus or mesh is opened. */
export async function callOffline({
  keeperThread,
  home,
  passphrase,
  method,
  path,
  body,
  setAuditAside = false,
}: OfflineCall): Promise<RouteAnswer> {
  process.umask(PRIVATE_UMASK)
  const agent = await startAgent({
    home,
    passphrase,
    log: stderrLog('warn'),
    isOnline: false,
    setAuditAside,
    keeperThread,
    onStop: () => undefined,
    onFatal: () => undefined,
  })
  try {
    return await callRoute(agent.routes, { method, path, body })
  } finally {
    await agent.stop()
  }
}

/**
 * A bug ends the agent as a power cut would, which it is made for. Node's own way out closes the databases, and the next
 * start could not tell that from a hand that took their write-ahead logs away.
 */
function endOnBugs(log: Logger): void {
  process.on('uncaughtException', (err) => {
    log.error({ err }, 'the agent ends: something failed that nobody took care of')
    process.kill(process.pid, 'SIGKILL')
  })
}

/** The agent's own log goes to stderr and nowhere else: never through the path it describes. */
function stderrLog(level: string): Logger {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }))
}

const NAME_PROBLEMS: Readonly<Record<DeviceNameProblem, string>> = {
  LENGTH: `a device name is 1 to ${MAX_DEVICE_NAME_BYTES} bytes of text`,
  UNSEEN: 'a device name has no characters that are not seen, and no space at its ends',
  LIKE_AN_ID: 'a device name is not only hex digits, which would look like the id of a device',
}
