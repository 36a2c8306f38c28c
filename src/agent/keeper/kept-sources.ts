/** What each source, a module of a device, has in a lane: its logs, and their bytes without those that are held. */
import type { Steps } from '../../base/steps.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
import type { Quota } from '../../model/quota.ts'
import { quotaOf, type LaneSource } from '../../policy/quotas.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { Store } from '../../store/store.ts'
import type { Held } from './held-segments.ts'

/** A module's logs in a lane: one for each incarnation of the device. */
export interface Source extends LaneSource {
  readonly logs: readonly StoredLog[]
}
export interface KeptSourcesDeps {
  readonly store: Pick<Store, 'logs' | 'kept'>
  readonly held: Pick<Held, 'bytesOf'>
}

export function* keptSources(
  { store, held }: KeptSourcesDeps,
  lane: StoredLane,
  isAsked: (log: StoredLog) => boolean = () => true,
): Steps<readonly Source[]> {
  const sources = new Map<string, Source>()
  for (const log of store.logs.ofLane(lane).filter(isAsked)) {
    const name = `${log.author} ${log.module}`
    const { bytes, logs } = sources.get(name) ?? { bytes: 0, logs: [] }
    const kept = store.kept.ofLog(log.rowId).bytes - held.bytesOf(log.rowId)
    sources.set(name, { device: log.author, module: log.module, lane, bytes: bytes + kept, logs: [...logs, log] })
    yield
  }
  return [...sources.values()]
}

/** Those that are under a quota, of every lane. */
export function* limitedSources(deps: KeptSourcesDeps, quotas: readonly Quota[]): Steps<readonly Source[]> {
  const limited: Source[] = []
  for (const lane of STORED_LANES) {
    const isLimited = ({ author, module }: StoredLog): boolean =>
      quotaOf(quotas, { device: author, module, lane }) !== undefined
    limited.push(...(yield* keptSources(deps, lane, isLimited)))
  }
  return limited
}
