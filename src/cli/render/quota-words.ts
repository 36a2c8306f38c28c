/** Quotas as a table and as a sentence. */
import type { QuotaView } from '../../agent/http-types/device.ts'
import { formatSize } from './data-size.ts'
import { safeText } from './safe-text.ts'
import type { NameOf, TableWords } from './store-words.ts'

export function quotaTable(quotas: readonly QuotaView[], nameOf: NameOf): TableWords {
  return {
    columns: [
      { title: 'quota' },
      { title: 'from', minWidth: 8 },
      { title: 'module', minWidth: 12 },
      { title: 'lane' },
      { title: 'at most', align: 'right' },
    ],
    rows: quotas.map(({ id, deviceId, module, lane, maxBytes }) => [
      id.toString(),
      deviceId === undefined ? 'each device' : nameOf(deviceId),
      module ?? 'all together',
      lane ?? 'all together',
      formatSize(maxBytes),
    ]),
  }
}

/** Such as `module core of each device keeps 200 MiB of logs at most`. */
export function quotaWords({ deviceId, module, lane, maxBytes }: QuotaView, nameOf: NameOf): string {
  const device = deviceId === undefined ? 'each device' : safeText(nameOf(deviceId))
  const source = module === undefined ? device : `module ${safeText(module)} of ${device}`
  return `${source} keeps ${formatSize(maxBytes)}${lane === undefined ? '' : ` of ${lane}`} at most`
}
