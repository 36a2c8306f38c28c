/** Routes of how fast records may travel (docs/spec/links.md LK23). */
import {
  MAX_INTERFACE_NAME_BYTES,
  MAX_METERED_INTERFACES,
  MAX_SYNC_RATE,
  type SyncLimits,
} from '../model/sync-limits.ts'
import { jsonBody, type Route } from './http-server.ts'
import type { SyncLimitsView } from './http-types/device.ts'
import type { MeshHost } from './mesh-host.ts'
import { numberField, textList } from './read-fields.ts'

type Fields = Readonly<Record<string, unknown>>
const RATES = { least: 0, most: MAX_SYNC_RATE }

export function syncLimitRoutes(mesh: Pick<MeshHost, 'limits' | 'limit'>): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/sync/limits', capability: 'cli', handle: () => ({ json: toView(mesh.limits) }) },
    {
      method: 'POST',
      path: '/v1/sync/limits',
      capability: 'cli',
      handle: async (request) => {
        await mesh.limit(changed(mesh.limits, jsonBody(request)))
        return { json: toView(mesh.limits) }
      },
    },
  ]
}

/** What is not named stays; null lifts a limit. */
function changed(limits: SyncLimits, fields: Fields): SyncLimits {
  const rate = (name: 'up' | 'down'): number | undefined =>
    fields[name] === undefined ? limits[name] : numberField(fields, name, RATES)
  const metered =
    fields['metered'] === null ? [] : textList(fields, 'metered', MAX_METERED_INTERFACES, MAX_INTERFACE_NAME_BYTES)
  return {
    up: rate('up'),
    down: rate('down'),
    metered: metered ?? limits.metered,
    meteredRate: numberField(fields, 'meteredRate', RATES) ?? limits.meteredRate,
  }
}

function toView({ up, down, metered, meteredRate }: SyncLimits): SyncLimitsView {
  return { up: up ?? null, down: down ?? null, metered, meteredRate }
}
