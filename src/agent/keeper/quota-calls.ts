/** What a person may ask about quotas: how much a source may keep here. */
import type { Quota } from '../../model/quota.ts'
import type { Keeper } from './keeper.ts'
import { knownDevice } from './known-device.ts'
import { clearQuota, setQuota, type QuotasDeps } from './quotas.ts'

/** As a person names it: a device by its name. */
export type QuotaRequest = Omit<Quota, 'deviceId'> & { readonly device: string | undefined }

export function quotaCalls(keeper: Keeper) {
  const quotas = (): QuotasDeps => ({
    table: keeper.store.quotas,
    ledger: keeper.ledger,
    self: keeper.card.deviceId,
    onChange: () => keeper.retention.limitsChanged(),
  })
  return {
    quotas: () => keeper.store.quotas.all(),
    setQuota: ({ device, ...quota }: QuotaRequest) =>
      setQuota(quotas(), { ...quota, deviceId: device === undefined ? undefined : knownDevice(keeper, device) }),
    clearQuota: (id: number) => clearQuota(quotas(), id),
  }
}
