/** What is kept of plugins: their approved manifests, with the modules' keys, and what they were refused. */
import type { PluginRefusal } from '../../store/plugin-refusal-table.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import type { Keeper } from './keeper.ts'
import type { PluginBook } from './plugin-book.ts'

export function pluginCalls({ store, ledger }: Keeper, book: PluginBook) {
  return {
    removePlugin(name: string, entry: LedgerEntry): void {
      ledger.append(entry)
      store.modules.delete(name)
      book.forget(name)
      store.pluginRefusals.forget(name)
    },
    pluginRefusals: (): readonly PluginRefusal[] => store.pluginRefusals.all(),
    /** Of a plugin that was removed meanwhile nothing is counted. */
    addPluginRefusals(refusals: readonly PluginRefusal[]): void {
      const known = refusals.filter(({ plugin }) => book.boundsOf(plugin) !== undefined)
      store.transaction(() => known.forEach((refusal) => store.pluginRefusals.add(refusal)))
    },
  }
}
