/**
 * What stands between the bus and the rest of the agent for the sake of plugins: who may say and hear what, what of their
 * batches and reports goes on to the store's thread, and the count of what does not. Modules of the owner's own pass.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Service } from '../../base/service.ts'
import type { BusAccess, ModuleRecord, ReportSink, TelemetryBatch, TelemetrySink } from '../../bus/bus-ports.ts'
import type { PluginManifest } from '../../model/plugin.ts'
import { decidePublish, decideSubscribe } from '../../policy/plugins/bus-access.ts'
import type { BusTelemetry } from '../keeper/bus-intake.ts'
import type { KeeperClient } from '../keeper-client.ts'
import type { ModuleRegistry } from '../module-registry.ts'
import { PluginInlet, type PluginTaken } from './plugin-inlet.ts'
import { PluginRefusals, type PluginRefusalsDeps } from './plugin-refusals.ts'

export interface PluginGuardDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly keeper: Pick<KeeperClient, 'call'>
  readonly registry: Pick<ModuleRegistry, 'get'>
  /** To the store's thread. */
  readonly take: (batch: BusTelemetry) => Promise<PluginTaken>
  readonly onPersistentRefusal: PluginRefusalsDeps['onPersistent']
}

export class PluginGuard implements Service, BusAccess {
  readonly name = 'agent.plugins'
  readonly refusals: PluginRefusals
  readonly telemetry: TelemetrySink = { accept: (batch) => this.#acceptBatch(batch) }
  readonly reports: ReportSink = { accept: (report) => this.#acceptReport(report) }
  readonly #deps: PluginGuardDeps
  readonly #inlet: PluginInlet

  constructor(deps: PluginGuardDeps) {
    const { log, clock, keeper, take, onPersistentRefusal } = deps
    this.#deps = deps
    this.refusals = new PluginRefusals({
      clock,
      log,
      audit: (entry) => keeper.call('audit', entry),
      count: (counted) => keeper.call('addPluginRefusals', counted),
      onPersistent: onPersistentRefusal,
    })
    const refused = this.refusals.refused.bind(this.refusals)
    this.#inlet = new PluginInlet({ clock, take, refused })
  }

  async start(): Promise<void> {}

  stop(): Promise<void> {
    return this.refusals.stop()
  }

  mayPublish({ plugin }: ModuleRecord, topic: string): boolean {
    return decidePublish(plugin?.manifest, topic).allow
  }

  maySubscribe({ plugin }: ModuleRecord, prefix: string): boolean {
    return decideSubscribe(plugin?.manifest, prefix).allow
  }

  /** A module tried to say or hear what it may not. */
  notAllowed(module: string): void {
    if (this.#manifestOf(module)) this.refusals.refused(module, 'PLUGIN_TOPIC')
  }

  #acceptBatch(batch: TelemetryBatch): Promise<PluginTaken> {
    const manifest = this.#manifestOf(batch.module)
    return manifest === undefined ? this.#deps.take(batch) : this.#inlet.accept(batch, manifest)
  }

  async #acceptReport(report: Parameters<ReportSink['accept']>[0]): Promise<void> {
    const manifest = this.#manifestOf(report.module)
    if (manifest !== undefined) this.#inlet.checkReport(report, manifest)
    await this.#deps.keeper.call('takeReport', { ...report, bytes: new Uint8Array(report.bytes) })
  }

  #manifestOf(module: string): PluginManifest | undefined {
    return this.#deps.registry.get(module)?.plugin?.manifest
  }
}
