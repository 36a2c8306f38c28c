/** Routes of quotas: how much a source may keep here. Rules: docs/spec/retention.md. */
import { MAX_MODULE_NAME_BYTES } from '../model/lane.ts'
import { QUOTA_BYTES } from '../policy/quotas.ts'
import { jsonBody, type HttpRequest, type Route } from './http-server.ts'
import type { QuotaUseView, QuotaView } from './http-types/device.ts'
import type { QuotaRequest } from './keeper/quota-calls.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad, numberField, numberParam, optionalText, storedLaneField } from './read-fields.ts'

/** Longest name of a device. */
const MAX_DEVICE_BYTES = 256

export function quotaRoutes({ keeper }: { readonly keeper: Pick<KeeperClient, 'call'> }): readonly Route[] {
  const [path, capability] = ['/v1/store/quotas', 'cli'] as const
  return [
    {
      method: 'GET',
      path,
      capability,
      handle: async () => ({ json: { quotas: (await keeper.call('quotas')) satisfies readonly QuotaUseView[] } }),
    },
    {
      method: 'POST',
      path,
      capability,
      handle: async (request) => ({
        json: (await keeper.call('setQuota', quotaOf(request))) satisfies QuotaView,
      }),
    },
    {
      method: 'DELETE',
      path: `${path}/:quota`,
      capability,
      handle: async ({ params }) => ({
        json: (await keeper.call('clearQuota', numberParam(params, 'quota'))) satisfies QuotaView,
      }),
    },
  ]
}

function quotaOf(request: HttpRequest): QuotaRequest {
  const fields = jsonBody(request)
  const device = optionalText(fields, 'device', MAX_DEVICE_BYTES)
  const module = optionalText(fields, 'module', MAX_MODULE_NAME_BYTES)
  if (module === '') throw bad('module', 'has a name')
  if (device === undefined && module === undefined) throw bad('module', 'or device is named')
  const lane = fields['lane'] === undefined || fields['lane'] === null ? undefined : storedLaneField(fields, 'lane')
  const maxBytes = numberField(fields, 'maxBytes', QUOTA_BYTES)
  if (maxBytes === undefined) throw bad('maxBytes', 'says how much')
  return { device, module, lane, maxBytes }
}
