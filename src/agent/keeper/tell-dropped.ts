/** Tells the audit log what was dropped since it was told last: counts by lane and reason, never what it was. */
import type { DeviceId } from '../../model/ids.ts'
import type { Store } from '../../store/store.ts'
import type { Ledger } from '../../sync/ledger.ts'
import { SETTING } from './device-settings.ts'

type Counts = Readonly<Record<string, number>>

/** The leaf first: after a kill between the two the same is told again, and never not at all. */
export function tellDropped(store: Store, ledger: Ledger, self: DeviceId): void {
  const told = (store.settings.get(SETTING.droppedTold) ?? {}) as Counts
  const totals = totalsOf(store)
  const news = Object.entries(totals).flatMap(([name, count]) => {
    const added = count - (told[name] ?? 0)
    return added > 0 ? [[name, added] as const] : []
  })
  if (news.length === 0) return
  ledger.append({
    type: 'data.purged',
    outcome: 'success',
    actor: { kind: 'device', ref: self },
    object: { kind: 'device', ref: self },
    payload: { reason: 'retention', ...Object.fromEntries(news) },
  })
  store.settings.set(SETTING.droppedTold, totals)
}

/** Records, by such names as `traces.age`. The end of a lease, and of a stage, has a leaf of its own. */
function totalsOf({ dropped, logs }: Store): Counts {
  const totals: Record<string, number> = {}
  for (const { log, reason, records } of dropped.all()) {
    if (reason === 'lease' || reason === 'stage') continue
    const name = `${logs.byRow(log).lane}.${reason}`
    totals[name] = (totals[name] ?? 0) + records
  }
  return totals
}
