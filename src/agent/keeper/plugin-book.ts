/** The bounds of each plugin, made once from the manifest that is stored: what the main thread says of it is not asked. */
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { pluginBounds, type PluginBounds } from '../../ingest/plugin-bounds.ts'
import type { ApprovedPlugin } from '../../model/plugin.ts'
import type { ModuleTable } from '../../store/small-tables.ts'

export interface PluginBookDeps {
  readonly crypto: Pick<Crypto, 'sha256'>
  readonly clock: Pick<Clock, 'monotonic'>
}

export class PluginBook {
  readonly #modules: Pick<ModuleTable, 'all'>
  readonly #deps: PluginBookDeps
  /** Of every module that was asked for: none for those of the owner's own. */
  readonly #known = new Map<string, PluginBounds | undefined>()

  constructor(modules: Pick<ModuleTable, 'all'>, deps: PluginBookDeps) {
    this.#modules = modules
    this.#deps = deps
  }

  boundsOf(module: string): PluginBounds | undefined {
    if (!this.#known.has(module)) this.#known.set(module, this.#read(module))
    return this.#known.get(module)
  }

  /** Its record has changed. */
  forget(module: string): void {
    this.#known.delete(module)
  }

  #read(module: string): PluginBounds | undefined {
    const record = this.#modules.all().find(({ name }) => name === module)?.record as
      { readonly plugin?: ApprovedPlugin } | undefined
    if (record?.plugin === undefined) return undefined
    const { crypto, clock } = this.#deps
    return pluginBounds(record.plugin.manifest, { sha256: crypto.sha256, clock })
  }
}
