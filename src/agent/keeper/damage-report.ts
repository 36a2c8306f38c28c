/** What is said of damaged bodies: to the audit log when they are found, in `status` for as long as they are not back. */
import type { DeviceId } from '../../model/ids.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'

/** Of one device's records, here. */
export interface LostOfOwner {
  readonly deviceId: DeviceId
  readonly segments: number
  readonly records: number
}

/** An entry for each device whose records they are. */
export function damageEntries(
  { logs }: Pick<Store, 'logs'>,
  self: DeviceId,
  found: readonly StoredSegment[],
): readonly LedgerEntry[] {
  const counts = found.map(({ log, records }) => ({ deviceId: logs.byRow(log).author, segments: 1, records }))
  return sumByOwner(counts).map(({ deviceId, segments, records }) => ({
    type: 'data.damaged',
    outcome: 'failure',
    actor: { kind: 'device', ref: self },
    object: { kind: 'device', ref: deviceId },
    payload: { segments, records },
  }))
}

export function lostByOwner({ logs, lostBodies }: Pick<Store, 'logs' | 'lostBodies'>): readonly LostOfOwner[] {
  return sumByOwner(lostBodies.byLog().map(({ log, ...count }) => ({ deviceId: logs.byRow(log).author, ...count })))
}

function sumByOwner(counts: readonly LostOfOwner[]): readonly LostOfOwner[] {
  const sums = new Map<DeviceId, LostOfOwner>()
  for (const { deviceId, segments, records } of counts) {
    const sum = sums.get(deviceId) ?? { segments: 0, records: 0 }
    sums.set(deviceId, { deviceId, segments: sum.segments + segments, records: sum.records + records })
  }
  return [...sums.values()]
}
