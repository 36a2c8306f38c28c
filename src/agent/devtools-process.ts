/**
 * Keeps the devtools process running while it is wanted: starts it, restarts it with growing pauses if it dies, ends it.
 * The agent's socket must serve before `start` (the process holds a lifeline there), and the process never outlives the agent.
 * It can be begun before it is started: it then loads while the agent does the rest.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import { DevtoolsError, launchDevtools, type DevtoolsChild, type DevtoolsListeningAt } from '../devtools/launch.ts'
import { OTLP_HTTP_PORT } from '../devtools/process-words.ts'

export interface DevtoolsProcessDeps {
  readonly log: Logger
  readonly clock: Clock
  /** How to start one run of it. Default: the real process. */
  readonly launch?: typeof launchDevtools
}

export interface DevtoolsProcessOptions {
  /** Path of the agent's unix socket. */
  readonly socketPath: string
  /** Capability token for it. */
  readonly token: string
  /** Wanted port. Default {@link OTLP_HTTP_PORT}; a free one is taken if it is in use. */
  readonly port?: number
}

/** How long the process may take to listen: it takes a fifth of a second on an idle machine. */
export const START_TIMEOUT_MS = 15_000
/** How long it may take to end by itself before it is killed: twice what it waits for open requests. */
export const STOP_GRACE_MS = 2_000
/** Pause before the first restart; doubles with every failure in a row. */
export const RESTART_MIN_MS = 500
export const RESTART_MAX_MS = 30_000
/** A run of this length ends a row of failures. */
export const STABLE_AFTER_MS = 60_000

export class DevtoolsProcess implements Service {
  readonly name = 'agent.devtools-process'
  readonly #deps: Required<DevtoolsProcessDeps>
  readonly #options: DevtoolsProcessOptions
  #state: 'stopped' | 'starting' | 'running' = 'stopped'
  #child: DevtoolsChild | undefined
  /** One that waits to be told what to serve. */
  #begun: DevtoolsChild | undefined
  #url: string | undefined
  /** The port of the last run, so that a restart keeps the address that exporters were given. */
  #port: number
  #failures = 0
  #cancelRestart: (() => void) | undefined

  constructor(deps: DevtoolsProcessDeps, options: DevtoolsProcessOptions) {
    this.#deps = { launch: launchDevtools, ...deps }
    this.#options = options
    this.#port = options.port ?? OTLP_HTTP_PORT
  }

  /** Base URL without a path, or `undefined` while the process is not serving. */
  url(): string | undefined {
    return this.#url
  }

  /** Process id of the current run, if there is one. */
  pid(): number | undefined {
    return this.#child?.pid
  }

  /** Only at a stage that has the endpoint: a process is there from now on. */
  begin(): void {
    if (this.#state !== 'stopped' || this.#begun !== undefined) return
    const child = this.#deps.launch()
    this.#begun = child
    // It waits some seconds only: a start that takes longer has another one.
    void child.exited.then(() => {
      if (this.#begun === child) this.#begun = undefined
    })
  }

  /** Throws DevtoolsError if the process does not come up; it is then not tried again. */
  async start(): Promise<void> {
    if (this.#state !== 'stopped') return
    this.#state = 'starting'
    try {
      await this.#run()
    } catch (err) {
      if (this.#isStopped()) throw new DevtoolsError('DEVTOOLS_STOPPED', 'stopped while starting', { cause: err })
      await this.stop()
      throw err
    }
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    const child = this.#child ?? this.#begun
    if (child === undefined) return
    this.#begun = undefined
    const cancelKill = this.#deps.clock.after(STOP_GRACE_MS, () => child.kill())
    child.end()
    await child.exited
    cancelKill()
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  /** Starts one run and resolves once it serves. */
  async #run(): Promise<void> {
    const { clock, launch, log } = this.#deps
    const { socketPath, token } = this.#options
    const startedAt = clock.monotonic()
    const child = this.#begun ?? launch()
    this.#begun = undefined
    this.#child = child
    child.serve({ socketPath, token, port: this.#port })
    void child.exited.then((exit) => this.#onExit(exit, clock.monotonic() - startedAt))
    const { url, port } = await this.#inTime(child)
    this.#state = 'running'
    this.#url = url
    if (port !== this.#port && this.#port !== 0)
      log.warn({ taken: this.#port, url }, 'the port is taken: OTLP is elsewhere')
    this.#port = port
    log.info({ url, pid: child.pid }, 'devtools process listening')
  }

  async #inTime(child: DevtoolsChild): Promise<DevtoolsListeningAt> {
    let isLate = false
    const cancel = this.#deps.clock.after(START_TIMEOUT_MS, () => {
      isLate = true
      child.kill()
    })
    const at = await child.listening
      .catch((err: unknown) => {
        if (!isLate) throw err
        const details = { timeoutMs: START_TIMEOUT_MS }
        throw new DevtoolsError('DEVTOOLS_START_TIMEOUT', 'devtools process did not listen in time', { details })
      })
      .finally(cancel)
    if (this.#isStopped()) throw new DevtoolsError('DEVTOOLS_STOPPED', 'stopped while starting')
    return at
  }

  #onExit(exit: Awaited<DevtoolsChild['exited']>, ranMs: number): void {
    this.#child = undefined
    this.#url = undefined
    if (this.#state !== 'running') return
    if (ranMs >= STABLE_AFTER_MS) this.#failures = 0
    const pauseMs = Math.min(RESTART_MIN_MS * 2 ** this.#failures, RESTART_MAX_MS)
    this.#failures++
    this.#deps.log.warn({ ...exit, ranMs: Math.round(ranMs), pauseMs }, 'devtools process ended, restarting')
    this.#cancelRestart = this.#deps.clock.after(pauseMs, () => void this.#restart())
  }

  async #restart(): Promise<void> {
    try {
      await this.#run()
    } catch (err) {
      // Its exit has been seen, or will be: that schedules the next try.
      if (this.#state === 'running') this.#deps.log.warn({ err }, 'devtools process did not restart')
    }
  }
}
