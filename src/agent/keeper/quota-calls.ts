/** What a person may ask about quotas: how much a source may keep here. */
import type { Steps } from '../../base/steps.ts'
import type { Quota } from '../../model/quota.ts'
import { quotaUse, type DeviceUse } from '../../policy/quotas.ts'
import type { StoredQuota } from '../../store/quota-table.ts'
import { heldSegments } from './held-segments.ts'
import type { Keeper } from './keeper.ts'
import { limitedSources } from './kept-sources.ts'
import { knownDevice } from './known-device.ts'
import { clearQuota, setQuota, type QuotasDeps } from './quotas.ts'

/** As a person names it: a device by its name. */
export type QuotaRequest = Omit<Quota, 'deviceId'> & { readonly device: string | undefined }

/** A quota, and what the devices that are under it have, the most first. */
type UsedQuota = StoredQuota & { readonly used: readonly DeviceUse[] }

export function quotaCalls(keeper: Keeper) {
  const quotas = (): QuotasDeps => ({
    table: keeper.store.quotas,
    ledger: keeper.ledger,
    self: keeper.card.deviceId,
    onChange: () => keeper.retention.limitsChanged(),
  })
  return {
    quotas: () => keeper.turns.run(() => usedQuotas(keeper)),
    setQuota: ({ device, ...quota }: QuotaRequest) =>
      setQuota(quotas(), { ...quota, deviceId: device === undefined ? undefined : knownDevice(keeper, device) }),
    clearQuota: (id: number) => clearQuota(quotas(), id),
  }
}

/** As a run of retention counts it: without what is held. */
function* usedQuotas({ store }: Pick<Keeper, 'store'>): Steps<readonly UsedQuota[]> {
  const quotas = store.quotas.all()
  if (quotas.length === 0) return []
  const held = yield* heldSegments(
    store,
    store.holds.all().map(({ scope }) => scope),
  )
  const used = quotaUse(quotas, yield* limitedSources({ store, held }, quotas))
  return quotas.map((quota, at) => ({ ...quota, used: used[at] ?? [] }))
}
