/** What the store keeps, since when, what is gone and why: of each lane and of each source in it. */
import { statSync } from 'node:fs'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
import type { LaneLimits } from '../../policy/retention.ts'
import type { DroppedCounts, GoneReason } from '../../store/dropped-table.ts'
import { LOG_START, type KeptCounts } from '../../store/kept-table.ts'
import type { LogRowId, StoredLog } from '../../store/log-table.ts'
import type { PostingStats } from '../../store/postings/posting-index.ts'
import type { Store } from '../../store/store.ts'
import type { Keeper } from './keeper.ts'

export interface GoneStats extends DroppedCounts {
  readonly reason: GoneReason
  readonly firstUnixMs: number
  readonly lastUnixMs: number
}
interface Stats extends KeptCounts {
  /** When the oldest record that is kept says it was recorded; null without any. */
  readonly sinceUnixMs: number | null
  readonly gone: readonly GoneStats[]
}
export interface SourceStats extends Stats {
  readonly deviceId: DeviceId
  readonly module: string
}
export interface LaneStats extends Stats {
  readonly lane: StoredLane
  readonly limits: LaneLimits
  /** Acknowledged, and not yet in a segment. */
  readonly openRecords: number
  readonly sources: readonly SourceStats[]
}
export interface StoreStats {
  readonly lanes: readonly LaneStats[]
  /** Of all lanes. */
  readonly openRecords: number
  readonly holds: number
  readonly quotas: number
  readonly disk: {
    readonly packBytes: number
    readonly databaseBytes: number
    /** Of the database: pages that are not used now. */
    readonly freeBytes: number
  }
  readonly index: PostingStats
}

const NANOS_PER_MS = 1_000_000n

export function* storeStats(keeper: Keeper, storeFile: string): Steps<StoreStats> {
  const { store, writer, retention } = keeper
  const gone = goneByLog(store)
  const limits = retention.limits()
  const lanes: LaneStats[] = []
  for (const lane of STORED_LANES) {
    const sources = yield* sourcesOf(store, lane, gone)
    lanes.push({
      lane,
      limits: limits[lane],
      openRecords: writer.openRecords(lane),
      ...sources.reduce(added, NOTHING),
      sources,
    })
  }
  return {
    lanes,
    openRecords: writer.openRecords(),
    holds: store.holds.all().length,
    quotas: store.quotas.all().length,
    disk: {
      packBytes: store.packs.bytes(),
      databaseBytes: sizeOf(storeFile) + sizeOf(`${storeFile}-wal`),
      freeBytes: store.freePages.bytes(),
    },
    index: store.postings.stats(),
  }
}

const NOTHING: Stats = { segments: 0, records: 0, bytes: 0, sinceUnixMs: null, gone: [] }

/** A device may have several logs of a module: one for each of its incarnations. */
function* sourcesOf(
  store: Store,
  lane: StoredLane,
  gone: ReadonlyMap<LogRowId, readonly GoneStats[]>,
): Steps<readonly SourceStats[]> {
  const sources = new Map<string, SourceStats>()
  for (const log of store.logs.ofLane(lane)) {
    const name = `${log.author} ${log.module}`
    const known = sources.get(name) ?? { deviceId: log.author, module: log.module, ...NOTHING }
    sources.set(name, { ...known, ...added(known, statsOf(store, log, gone.get(log.rowId) ?? [])) })
    yield
  }
  return [...sources.values()].sort((a, b) => b.bytes - a.bytes)
}

function statsOf({ kept, segments }: Store, { rowId }: StoredLog, gone: readonly GoneStats[]): Stats {
  const [oldest] = kept.page(rowId, LOG_START, 1)
  const since = oldest && segments.times(oldest.id)?.minUnixNano
  return { ...kept.ofLog(rowId), sinceUnixMs: since === undefined ? null : Number(since / NANOS_PER_MS), gone }
}

function added(a: Stats, b: Stats): Stats {
  return {
    segments: a.segments + b.segments,
    records: a.records + b.records,
    bytes: a.bytes + b.bytes,
    sinceUnixMs: earlier(a.sinceUnixMs, b.sinceUnixMs),
    gone: b.gone.reduce(addedGone, a.gone),
  }
}

function addedGone(all: readonly GoneStats[], more: GoneStats): readonly GoneStats[] {
  const known = all.find(({ reason }) => reason === more.reason)
  if (known === undefined) return [...all, more]
  const sum: GoneStats = {
    reason: more.reason,
    segments: known.segments + more.segments,
    records: known.records + more.records,
    bytes: known.bytes + more.bytes,
    firstUnixMs: Math.min(known.firstUnixMs, more.firstUnixMs),
    lastUnixMs: Math.max(known.lastUnixMs, more.lastUnixMs),
  }
  return all.map((each) => (each === known ? sum : each))
}

function goneByLog({ dropped }: Store): ReadonlyMap<LogRowId, readonly GoneStats[]> {
  const byLog = new Map<LogRowId, readonly GoneStats[]>()
  for (const { log, ...gone } of dropped.all()) byLog.set(log, [...(byLog.get(log) ?? []), gone])
  return byLog
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
