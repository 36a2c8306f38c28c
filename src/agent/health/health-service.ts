/** Looks at the agent's own health when somebody asks, and puts what modules report beside it. Answers within its time limit. */
import type { Bus } from '../../bus/bus.ts'
import type { Clock } from '../../base/clock.ts'
import { AGENT_MODULE } from '../../model/lane.ts'
import { readFileSystem } from '../../platform/host/read-host.ts'
import { decideView } from '../../policy/stage-gate.ts'
import type { DevtoolsProcess } from '../devtools-process.ts'
import type { HealthView } from '../http-types/health.ts'
import type { KeeperClient } from '../keeper-client.ts'
import { requireGate } from '../keeper/stage-error.ts'
import type { MeshHost } from '../mesh-host.ts'
import { HealthBook, isHealthy } from './health-book.ts'
import { ownChecks, type OwnFacts } from './own-checks.ts'

/** How long the store thread may take to answer, in milliseconds: whoever asks waits for a second at most. */
export const STORE_ANSWER_MS = 500

export interface HealthServiceDeps {
  readonly clock: Clock
  readonly keeper: Pick<KeeperClient, 'call' | 'view'>
  readonly bus: Pick<Bus, 'isUp'>
  readonly devtools: Pick<DevtoolsProcess, 'url' | 'pid'>
  readonly mesh: Pick<MeshHost, 'isWanted' | 'listening'>
  readonly book: HealthBook
}

export class HealthService {
  readonly #deps: HealthServiceDeps
  readonly #home: string
  readonly #startedUnixMs: number
  readonly #startedMs: number

  constructor(deps: HealthServiceDeps, home: string) {
    this.#deps = deps
    this.#home = home
    this.#startedUnixMs = deps.clock.now()
    this.#startedMs = deps.clock.monotonic()
  }

  /** @throws {StageError} at a stage that does not show it */
  async look(): Promise<HealthView> {
    const { book, clock, keeper } = this.#deps
    const { stage } = keeper.view()
    requireGate(decideView(stage, 'health'), stage)
    book.report(AGENT_MODULE, ownChecks(await this.#facts()), Math.floor(clock.now()))
    const checks = book.checks()
    return {
      live: isHealthy(checks, 'liveness'),
      ready: isHealthy(checks),
      checks: checks.map(({ reason, ...check }) => ({ ...check, reason: reason ?? null })),
    }
  }

  async #facts(): Promise<OwnFacts> {
    const { bus, clock, devtools, keeper, mesh } = this.#deps
    const [corrupt, disk] = await Promise.all([
      this.#inTime(keeper.call('corruptParts')),
      this.#inTime(readFileSystem(this.#home)),
    ])
    const { stage, held, fullSinceUnixMs, alarms } = keeper.view()
    const nowUnixMs = clock.now()
    return {
      stage,
      corrupt,
      held,
      isDiskFull: fullSinceUnixMs !== undefined,
      disk,
      isBusUp: bus.isUp,
      isOtlpOpen: devtools.url() !== undefined,
      devtoolsPid: devtools.pid(),
      isMeshWanted: mesh.isWanted(),
      isMeshOpen: mesh.listening().length > 0,
      isAuditInDoubt: alarms.some(({ code }) => code.startsWith('AUDIT_')),
      nowUnixMs,
      setBackMs: this.#startedUnixMs + (clock.monotonic() - this.#startedMs) - nowUnixMs,
    }
  }

  /** A machine that sleeps answers late, and one whose disk hangs never: both are no answer. */
  #inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const cancel = this.#deps.clock.after(STORE_ANSWER_MS, () => resolve(undefined))
    return Promise.race([answer.catch(() => undefined), late]).finally(cancel)
  }
}
