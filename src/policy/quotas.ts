/**
 * Which quota a source is under, and how much it has to give back for it. Pure, never throws.
 *
 * A quota is of each device on its own. What it covers of a device shares its room as the sources of a lane do (retention.ts):
 * equal parts, and what one does not need goes to the others. Rules: docs/spec/retention.md.
 */
import type { DeviceId } from '../model/ids.ts'
import type { StoredLane } from '../model/lane.ts'
import type { Quota } from '../model/quota.ts'
import { excessBytes, LANE_BYTES, type KeptSource } from './retention.ts'

/** As for a lane: what a source recorded last always fits. */
export const QUOTA_BYTES = LANE_BYTES

/** What a module of a device has in a lane, without what is held. */
export interface LaneSource extends KeptSource {
  readonly lane: StoredLane
}

/** The most specific of those that cover a source: a device that is named ranks before a module, and that before a lane. */
export function quotaOf(quotas: readonly Quota[], source: Omit<LaneSource, 'bytes'>): Quota | undefined {
  return quotas
    .filter((quota) => covers(quota, source))
    .reduce<Quota | undefined>(
      (best, each) => (best === undefined || rankOf(each) > rankOf(best) ? each : best),
      undefined,
    )
}

/** How many bytes each source has to give back for its quota, in the order of `sources`. */
export function overQuota(quotas: readonly Quota[], sources: readonly LaneSource[]): readonly number[] {
  const excess = sources.map(() => 0)
  for (const { quota, members } of shares(quotas, sources)) {
    const over = excessBytes(
      quota,
      members.map((at) => sources[at] as LaneSource),
    )
    for (const [n, at] of members.entries()) excess[at] = over[n] as number
  }
  return excess
}

/** Of one device. */
export interface DeviceUse {
  readonly deviceId: DeviceId
  readonly bytes: number
}

/** What each device has under each quota, the most first, in the order of `quotas`. */
export function quotaUse(quotas: readonly Quota[], sources: readonly LaneSource[]): readonly (readonly DeviceUse[])[] {
  const all = [...shares(quotas, sources)].map(({ quota, members }) => {
    const own = members.map((at) => sources[at] as LaneSource)
    const use = { deviceId: (own[0] as LaneSource).device, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) }
    return { quota, use }
  })
  return quotas.map((quota) =>
    all
      .filter((each) => each.quota === quota)
      .map(({ use }) => use)
      .sort((a, b) => b.bytes - a.bytes),
  )
}

interface Share {
  readonly quota: Quota
  /** Places in the list of sources. */
  readonly members: readonly number[]
}

/** Sources of one device under one quota belong together. */
function shares(quotas: readonly Quota[], sources: readonly LaneSource[]): Iterable<Share> {
  const byName = new Map<string, Share>()
  for (const [at, source] of sources.entries()) {
    const quota = quotaOf(quotas, source)
    if (quota === undefined) continue
    const name = `${quotas.indexOf(quota)} ${source.device}`
    byName.set(name, { quota, members: [...(byName.get(name)?.members ?? []), at] })
  }
  return byName.values()
}

function covers({ deviceId, module, lane }: Quota, source: Omit<LaneSource, 'bytes'>): boolean {
  return (
    (deviceId ?? source.device) === source.device &&
    (module ?? source.module) === source.module &&
    (lane ?? source.lane) === source.lane
  )
}

function rankOf({ deviceId, module, lane }: Quota): number {
  return (deviceId === undefined ? 0 : 4) + (module === undefined ? 0 : 2) + (lane === undefined ? 0 : 1)
}
