/**
 * Approving plugins, switching them off, taking them away. What is enforced is the manifest that the person approved: it is
 * kept with the plugin's keys, under a hash that the approval named.
 */
import { toHex, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Sha256 } from '../../base/crypto.ts'
import { MeshError } from '../../base/errors.ts'
import type { ApprovedPlugin, PluginManifest } from '../../model/plugin.ts'
import type { Bus } from '../../bus/bus.ts'
import type { ModuleRecord } from '../../bus/bus-ports.ts'
import { manifestBytes, readPluginManifest } from '../../wire/plugin-manifest.ts'
import type { KeeperClient } from '../keeper-client.ts'
import { ModuleError, type ModuleRegistry } from '../module-registry.ts'

export type PluginErrorCode =
  | 'PLUGIN_UNKNOWN'
  /** The approval is of another manifest than the one that came with it. */
  | 'PLUGIN_NOT_APPROVED'
export class PluginError extends MeshError<PluginErrorCode> {}

export interface PluginDeskDeps {
  readonly keeper: Pick<KeeperClient, 'call' | 'view'>
  readonly registry: ModuleRegistry
  readonly bus: Pick<Bus, 'addModule' | 'removeModule'>
  readonly isOnline: boolean
  readonly sha256: Sha256
  readonly clock: Pick<Clock, 'now'>
}

export interface PluginReview {
  readonly manifest: PluginManifest
  readonly sha256: string
  readonly state: 'new' | 'same' | 'changed'
}
export type PluginRecord = ModuleRecord & { readonly plugin: ApprovedPlugin }

export class PluginDesk {
  readonly #deps: PluginDeskDeps

  constructor(deps: PluginDeskDeps) {
    this.#deps = deps
  }

  list(): readonly PluginRecord[] {
    return this.#deps.registry.list().filter((record) => isPlugin(record))
  }

  /** @throws {PluginError} `PLUGIN_UNKNOWN` */
  get(name: string): PluginRecord {
    const record = this.#deps.registry.get(name)
    if (!isPlugin(record)) throw new PluginError('PLUGIN_UNKNOWN', 'there is no plugin of this name')
    return record
  }

  /** @throws {PluginManifestError}, {ModuleError} `MODULE_EXISTS` if the name is that of a module of the owner's own */
  review(text: string): PluginReview {
    const { registry, sha256 } = this.#deps
    const manifest = readPluginManifest(utf8(text))
    const known = registry.get(manifest.name)
    if (known !== undefined && !isPlugin(known)) {
      throw new ModuleError('MODULE_EXISTS', 'a module of this name is there already, and it is no plugin')
    }
    const hash = toHex(sha256(manifestBytes(manifest)))
    const state = known === undefined ? 'new' : known.plugin.sha256 === hash ? 'same' : 'changed'
    return { manifest, sha256: hash, state }
  }

  /** @param approved the hash that the person saw @throws as {@link review}, and {PluginError} `PLUGIN_NOT_APPROVED` */
  async approve(text: string, approved: string): Promise<PluginRecord> {
    const { manifest, sha256, state } = this.review(text)
    if (approved !== sha256) throw new PluginError('PLUGIN_NOT_APPROVED', 'this is not the manifest that was approved')
    if (state === 'same') return this.get(manifest.name)
    const { registry, clock } = this.#deps
    const plugin: ApprovedPlugin = { manifest, sha256, approvedUnixMs: Math.floor(clock.now()), isDisabled: false }
    const keep = (record: ModuleRecord) => this.#keep(record, 'plugin.approved')
    if (state === 'changed')
      await this.#restart(await registry.change(manifest.name, (known) => ({ ...known, plugin }), keep))
    else await this.#open(await registry.add(manifest.name, keep, plugin))
    return this.get(manifest.name)
  }

  /** Ends its sessions at once; keeps its records, its credential and what was approved. */
  async disable(name: string): Promise<void> {
    const { plugin } = this.get(name)
    if (plugin.isDisabled) return
    await this.#switch(name, { ...plugin, isDisabled: true }, 'plugin.disabled')
    await this.#close(name)
  }

  async enable(name: string): Promise<void> {
    const { plugin } = this.get(name)
    if (!plugin.isDisabled) return
    await this.#open(await this.#switch(name, { ...plugin, isDisabled: false }, 'plugin.enabled'))
  }

  /** Its credential is good for nothing from then on; its records stay. */
  async remove(name: string): Promise<void> {
    const { registry, keeper } = this.#deps
    const entry = this.#entry(this.get(name), 'plugin.removed')
    await registry.remove(name, () => keeper.call('removePlugin', name, entry))
    await this.#close(name)
  }

  #switch(name: string, plugin: ApprovedPlugin, type: 'plugin.enabled' | 'plugin.disabled'): Promise<ModuleRecord> {
    return this.#deps.registry.change(
      name,
      (known) => ({ ...known, plugin }),
      (record) => this.#keep(record, type),
    )
  }

  #keep(record: ModuleRecord, type: PluginEvent): Promise<void> {
    return this.#deps.keeper.call('changeModule', record.name, record, this.#entry(record, type))
  }

  #entry({ name, plugin }: ModuleRecord, type: PluginEvent) {
    return {
      type,
      outcome: 'success' as const,
      actor: { kind: 'user' as const, ref: this.#deps.keeper.view().self.deviceId },
      object: { kind: 'plugin' as const, ref: name },
      payload: { plugin: name, manifest: plugin?.sha256 ?? '' },
    }
  }

  async #restart(record: ModuleRecord): Promise<void> {
    await this.#close(record.name)
    await this.#open(record)
  }

  async #open(record: ModuleRecord): Promise<void> {
    if (this.#deps.isOnline) await this.#deps.bus.addModule(record)
  }

  async #close(name: string): Promise<void> {
    if (this.#deps.isOnline) await this.#deps.bus.removeModule(name)
  }
}

type PluginEvent = 'plugin.approved' | 'plugin.enabled' | 'plugin.disabled' | 'plugin.removed'

function isPlugin(record: ModuleRecord | undefined): record is PluginRecord {
  return record?.plugin !== undefined
}
