/** Setting and clearing quotas: audited before they take effect, in force before they are answered. */
import { MeshError } from '../../base/errors.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { Quota, QuotaScope } from '../../model/quota.ts'
import type { QuotaTable, StoredQuota } from '../../store/quota-table.ts'
import type { Ledger } from '../../sync/ledger.ts'

/** Every run of retention looks which of them each log is under. */
export const MAX_QUOTAS = 256

export type QuotaErrorCode =
  /** There are as many quotas as there may be. */
  | 'QUOTA_TOO_MANY'
  /** No quota has this number. */
  | 'QUOTA_UNKNOWN'
export class QuotaError extends MeshError<QuotaErrorCode> {}

export interface QuotasDeps {
  readonly table: QuotaTable
  readonly ledger: Ledger
  readonly self: DeviceId
  /** What may be kept has changed. */
  readonly onChange: () => void
}

/** In place of the one of the same scope. @throws {QuotaError}, and what the ledger throws */
export function setQuota(deps: QuotasDeps, quota: Quota): StoredQuota {
  const { table, onChange } = deps
  const all = table.all()
  const before = all.find((each) => isSameScope(each, quota))
  if (before === undefined && all.length >= MAX_QUOTAS) {
    throw new QuotaError('QUOTA_TOO_MANY', `there are ${MAX_QUOTAS} quotas already`)
  }
  record(deps, quota, before?.maxBytes, quota.maxBytes)
  const id = table.set(quota)
  onChange()
  return { id, ...quota }
}

/** @returns the one that was @throws {QuotaError}, and what the ledger throws */
export function clearQuota(deps: QuotasDeps, id: number): StoredQuota {
  const { table, onChange } = deps
  const quota = table.all().find((each) => each.id === id)
  if (quota === undefined) throw new QuotaError('QUOTA_UNKNOWN', 'no quota has this number')
  record(deps, quota, quota.maxBytes, undefined)
  table.delete(id)
  onChange()
  return quota
}

function record(
  { ledger, self }: QuotasDeps,
  scope: QuotaScope,
  from: number | undefined,
  to: number | undefined,
): void {
  const { deviceId, module, lane } = scope
  ledger.append({
    type: 'quota.changed',
    outcome: 'success',
    actor: { kind: 'user', ref: self },
    object: { kind: 'policy', ref: 'quota' },
    payload: {
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(module === undefined ? {} : { module }),
      ...(lane === undefined ? {} : { lane }),
      from: wordsOf(from),
      to: wordsOf(to),
    },
  })
}

function isSameScope(a: QuotaScope, b: QuotaScope): boolean {
  return a.deviceId === b.deviceId && a.module === b.module && a.lane === b.lane
}

function wordsOf(maxBytes: number | undefined): string {
  return maxBytes === undefined ? 'no quota' : `${maxBytes} bytes`
}
