/** Brings what listens in line with the stage: at start, and whenever the person changes it. Takes effect at once. */
import type { Service } from '../base/service.ts'
import type { Stage } from '../model/stage.ts'
import type { Bus } from '../bus/bus.ts'
import { planStageChange, type KeptFate, type StageChange } from '../policy/stage-change.ts'
import { decideEndpoint } from '../policy/stage-gate.ts'
import type { DevtoolsProcess } from './devtools-process.ts'
import type { HostSampler } from './host-metrics/host-sampler.ts'
import type { KeeperClient } from './keeper-client.ts'
import { FAREWELL_MS, type MeshHost } from './mesh-host.ts'

export interface StageSwitchDeps {
  readonly keeper: KeeperClient
  readonly bus: Bus
  readonly devtools: DevtoolsProcess
  readonly mesh: MeshHost
  /** None: this device is not measured. */
  readonly sampler: HostSampler | undefined
  readonly isOnline: boolean
}

export class StageSwitch implements Service {
  readonly name = 'agent.stage'
  readonly #deps: StageSwitchDeps

  constructor(deps: StageSwitchDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    await this.#apply(this.#deps.keeper.view().stage)
  }

  async stop(): Promise<void> {
    this.#deps.sampler?.stop()
    await this.#closeOtlp()
  }

  async change(to: Stage, fate: KeptFate = 'keep'): Promise<StageChange> {
    const { keeper, bus, mesh, isOnline } = this.#deps
    if (!isOnline) return keeper.call('setStage', to, fate)
    const { closeMesh } = planStageChange(keeper.view().stage, to)
    const set = (): Promise<StageChange> => keeper.call('setStage', to, fate)
    const change = closeMesh ? await mesh.farewell(FAREWELL_MS, set) : await set()
    bus.setStage(to)
    await mesh.update()
    await this.#apply(to)
    return change
  }

  async #apply(stage: Stage): Promise<void> {
    const { devtools, keeper, sampler } = this.#deps
    sampler?.setStage(stage)
    if (!decideEndpoint(stage, 'otlp').allow) return this.#closeOtlp()
    if (devtools.url() !== undefined) return
    await devtools.start()
    await keeper.call('recordEvent', {
      type: 'endpoint.opened',
      outcome: 'success',
      actor: { kind: 'device', ref: keeper.view().self.deviceId },
      object: { kind: 'endpoint', ref: 'otlp' },
      payload: { url: devtools.url() ?? '' },
    })
  }

  async #closeOtlp(): Promise<void> {
    const { devtools, keeper } = this.#deps
    if (devtools.url() === undefined) return devtools.stop()
    await devtools.stop()
    await keeper.call('recordEvent', {
      type: 'endpoint.closed',
      outcome: 'success',
      actor: { kind: 'device', ref: keeper.view().self.deviceId },
      object: { kind: 'endpoint', ref: 'otlp' },
    })
  }
}
