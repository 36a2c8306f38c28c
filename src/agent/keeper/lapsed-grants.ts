/**
 * Leases: a device that has heard nothing from an owner for as long as a grant allows deletes what it received under it.
 * That covers the owner who revoked, went casual or lost the device while this one was out of reach. Keys stay: when the
 * two meet again and the grant still stands, what it opens comes again.
 */
import type { DeviceId } from '../../model/ids.ts'
import { grantState, type GrantTime } from '../../policy/grant-state.ts'
import type { ConsentRecord } from '../../policy/reduce-consent.ts'
import type { Clock } from '../../base/clock.ts'
import type { Store } from '../../store/store.ts'
import type { Ledger } from '../../sync/ledger.ts'

/** How often leases are looked at, in milliseconds. */
export const LEASE_CHECK_MS = 3_600_000

/** Owners whose every readable grant to us has lapsed; revoked and expired ones keep what was received in their time. */
export function lapsedOwners(
  records: readonly ConsentRecord[],
  self: DeviceId,
  timeOf: (owner: DeviceId) => GrantTime,
): readonly DeviceId[] {
  const received = records.filter(({ grant }) => grant.recipient === self)
  const statesOf = (owner: DeviceId) =>
    received.filter(({ grant }) => grant.owner === owner).map((record) => grantState(record, timeOf(owner)))
  return [...new Set(received.map(({ grant }) => grant.owner))].filter((owner) => {
    const states = statesOf(owner)
    return states.includes('lapsed') && !states.includes('active')
  })
}

export interface PurgeDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly store: Store
  readonly ledger: Ledger
  readonly self: DeviceId
}

/** Deletes an owner's records from this device, held ones too: consent ranks first. @returns how many segments went */
export function purgeOwner({ clock, store, ledger, self }: PurgeDeps, owner: DeviceId): number {
  const logs = store.logs.ofAuthor(owner).filter(({ rowId }) => store.segments.last(rowId) !== undefined)
  if (logs.length === 0 && !store.metrics.hasAuthor(owner)) return 0
  ledger.append({
    type: 'data.purged',
    outcome: 'success',
    actor: { kind: 'device', ref: self },
    object: { kind: 'device', ref: owner },
    payload: { reason: 'lease', logs: logs.length },
  })
  return store.transaction(() => {
    store.metrics.deleteAuthor(owner)
    const nowMs = clock.now()
    return logs.reduce((sum, { rowId }) => {
      const kept = store.kept.ofLog(rowId)
      if (kept.segments > 0) store.dropped.add(rowId, 'lease', kept, { nowMs, untilNano: 0n })
      store.dropped.forgetUntil(rowId)
      store.traces.deleteLog(rowId)
      return sum + store.segments.deleteLog(rowId)
    }, 0)
  })
}
