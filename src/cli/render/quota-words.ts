/** Quotas as a table and as a sentence. */
import type { QuotaUseView, QuotaView } from '../../agent/http-types/device.ts'
import { formatSize } from './data-size.ts'
import { safeText } from './safe-text.ts'
import type { NameOf, TableWords } from './store-words.ts'

export function quotaTable(quotas: readonly QuotaUseView[], nameOf: NameOf): TableWords {
  return {
    columns: [
      { title: 'quota' },
      { title: 'from', minWidth: 8 },
      { title: 'module', minWidth: 12 },
      { title: 'lane' },
      { title: 'at most', align: 'right' },
      { title: 'used', minWidth: 8, dropOrder: 1 },
    ],
    rows: quotas.map(({ id, deviceId, module, lane, maxBytes, used }) => [
      id.toString(),
      deviceId === undefined ? 'each device' : nameOf(deviceId),
      module ?? 'all together',
      lane ?? 'all together',
      formatSize(maxBytes),
      usedWords(used, deviceId === undefined, nameOf),
    ]),
  }
}

/** A quota is of each device on its own: what counts is the one that has most. */
function usedWords([most]: QuotaUseView['used'], isOfEach: boolean, nameOf: NameOf): string {
  if (most === undefined) return 'nothing'
  return `${formatSize(most.bytes)}${isOfEach ? ` (${nameOf(most.deviceId)})` : ''}`
}

/** Such as `module core of each device keeps 200 MiB of logs at most`. */
export function quotaWords({ deviceId, module, lane, maxBytes }: QuotaView, nameOf: NameOf): string {
  const device = deviceId === undefined ? 'each device' : safeText(nameOf(deviceId))
  const source = module === undefined ? device : `module ${safeText(module)} of ${device}`
  return `${source} keeps ${formatSize(maxBytes)}${lane === undefined ? '' : ` of ${lane}`} at most`
}
