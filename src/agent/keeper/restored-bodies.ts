/** Bodies that another device gave back, put where their segments' rows find them, and said so in the audit log. */
import type { DeviceId } from '../../model/ids.ts'
import type { LostBodies } from '../../store/lost-bodies.ts'
import type { Packs } from '../../store/packs/packs.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { CounterTable } from '../../store/small-tables.ts'
import type { Store } from '../../store/store.ts'
import type { Ledger } from '../../sync/ledger.ts'
import type { FoundBody } from '../../sync/restoring.ts'
import type { ScopedLog } from '../../sync/scope.ts'

/** Bodies that came back, ever. */
const RESTORED_COUNTER = 'store.restored.segments'

export interface RestoredTables extends Pick<Store, 'transaction'> {
  readonly lostBodies: Pick<LostBodies, 'at' | 'restore'>
  readonly packs: Pick<Packs, 'append'>
  readonly counters: Pick<CounterTable, 'add'>
}
export interface RestoredDeps {
  readonly store: RestoredTables
  readonly ledger: Ledger
}

/**
 * All or none. The entry comes first, as every entry does; what it throws keeps the bodies out.
 * @returns the segments that have their bodies again
 */
export function keepRestored(
  { store, ledger }: RestoredDeps,
  from: DeviceId,
  log: ScopedLog,
  found: readonly FoundBody[],
): readonly SegmentRowId[] {
  const { lostBodies, packs, counters } = store
  const lost = found.flatMap(({ seq, sealed }) => {
    const segment = lostBodies.at(log.rowId, seq)
    return segment === undefined ? [] : [{ segment, sealed }]
  })
  ledger.append({
    type: 'data.restored',
    outcome: 'success',
    actor: { kind: 'peer', ref: from },
    object: { kind: 'device', ref: log.author },
    payload: { segments: lost.length, records: lost.reduce((sum, { segment }) => sum + segment.records, 0) },
  })
  store.transaction(() => {
    const places = packs.append(
      log.author,
      lost.map(({ sealed }) => sealed),
    )
    for (const [i, place] of places.entries()) lostBodies.restore((lost[i] as (typeof lost)[number]).segment.id, place)
    counters.add(RESTORED_COUNTER, lost.length)
  })
  return lost.map(({ segment }) => segment.id)
}
