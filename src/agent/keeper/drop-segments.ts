/**
 * Drops what is too old, then what sources have beyond their quotas, then what a lane has too much of: a few segments in a
 * transaction, the oldest of each source first. A crash between two leaves what was dropped dropped, and the rest for the
 * next run. Ends early once what is held has changed: nothing is dropped that a hold keeps from the moment it is placed.
 */
import type { Steps } from '../../base/steps.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
import type { Quota } from '../../model/quota.ts'
import type { StorageUse } from '../../policy/notifications/nearly-full.ts'
import { readableName } from '../../policy/notifications/readable-name.ts'
import { overQuota, quotaUse } from '../../policy/quotas.ts'
import {
  DROP_REASONS,
  excessBytes,
  oldestKeptUnixMs,
  reasonToDrop,
  type DropReason,
  type Excess,
  type RetentionLimits,
} from '../../policy/retention.ts'
import { LOG_START, type KeptSegment } from '../../store/kept-table.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { Held } from './held-segments.ts'
import { keptSources, limitedSources, type Source } from './kept-sources.ts'

/** Segments looked at, and at most dropped, in one transaction: a few milliseconds. */
export const DROPPED_AT_ONCE = 16

export interface DropRun {
  readonly store: Store
  readonly limits: RetentionLimits
  readonly quotas: readonly Quota[]
  readonly held: Held
  readonly nowMs: number
  /** What came after this segment is not looked at: whether it is held is not known. */
  readonly upTo: SegmentRowId
  /** False while the clock is not believed: nothing goes for its age then. */
  readonly isClockTrusted: boolean
  /** How much there is under each limit, before what is too much goes. */
  readonly onUse: (uses: readonly StorageUse[]) => void
  /** False once what is held has changed. */
  readonly isCurrent: () => boolean
}
/** What goes of a log. */
interface Measure {
  readonly oldestMs: number
  /** The last segment that was stored by then; 0 if none was. */
  readonly tooOld: SegmentRowId
  /** What to give back besides what is too old. */
  readonly excess: Excess
}

const NOTHING_OLD = { oldestMs: Number.NEGATIVE_INFINITY, tooOld: 0 }

/** @returns how many segments were dropped */
export function* dropSegments(run: DropRun): Steps<number> {
  let count = 0
  for (const lane of STORED_LANES) count += yield* dropOld(run, lane)
  const limited = yield* limitedSources(run, run.quotas)
  count += yield* dropExcess(run, limited, overQuota(run.quotas, limited), 'quota')
  const uses = quotaUses(run, limited)
  for (const lane of STORED_LANES) {
    const sources = yield* keptSources(run, lane)
    uses.push({ of: LANE_WORDS[lane], bytes: bytesOf(sources), maxBytes: run.limits[lane].maxBytes })
    count += yield* dropExcess(run, sources, excessBytes(run.limits[lane], sources), 'size')
  }
  run.onUse(uses)
  return count
}

/** As a person calls what is in a lane. */
const LANE_WORDS: Readonly<Record<StoredLane, string>> = {
  traces: 'traces',
  logs: 'logs',
  metrics: 'measurements',
  documents: 'notes',
}

/** Of a quota, what the device has that has most under it. */
function quotaUses({ quotas }: DropRun, limited: readonly Source[]): StorageUse[] {
  const most = quotaUse(quotas, limited)
  return quotas.map(({ module, maxBytes }, at) => ({
    of: module === undefined ? 'a device' : readableName(module),
    bytes: most[at]?.[0]?.bytes ?? 0,
    maxBytes,
  }))
}

function bytesOf(sources: readonly Source[]): number {
  return sources.reduce((sum, { bytes }) => sum + bytes, 0)
}

function* dropOld(run: DropRun, lane: StoredLane): Steps<number> {
  const oldestMs = oldestKeptUnixMs(run.limits[lane], run.nowMs)
  const tooOld = run.isClockTrusted ? run.store.arrivals.storedBy(oldestMs) : 0
  let count = 0
  // With nothing that old, most of the time, no log is read.
  for (const log of tooOld === 0 ? [] : run.store.logs.ofLane(lane)) {
    count += (yield* dropOf(run, log, { oldestMs, tooOld, excess: { bytes: 0, reason: 'size' } })).segments
  }
  return count
}

/** What was too old is gone by now. @param excess in the order of `sources` */
function* dropExcess(
  run: DropRun,
  sources: readonly Source[],
  excess: readonly number[],
  reason: Excess['reason'],
): Steps<number> {
  let count = 0
  for (const [at, { logs }] of sources.entries()) {
    let left = excess[at] as number
    for (const log of logs) {
      if (left <= 0) break
      const gone = yield* dropOf(run, log, { ...NOTHING_OLD, excess: { bytes: left, reason } })
      count += gone.segments
      left -= gone.bytes
    }
  }
  return count
}

interface Gone {
  readonly segments: number
  readonly bytes: number
}

/** From the oldest up, for as long as there is a reason to. */
function* dropOf(run: DropRun, log: StoredLog, measure: Measure): Steps<Gone> {
  const { store, nowMs, upTo } = run
  let gone: Gone = { segments: 0, bytes: 0 }
  for (let after = LOG_START; run.isCurrent();) {
    const page = store.kept.page(log.rowId, after, DROPPED_AT_ONCE).filter(({ id }) => id <= upTo)
    const last = page.at(-1)
    if (last === undefined) break
    const doomed = doomedOf(run, page, lessBy(gone, measure))
    for (const reason of DROP_REASONS) store.kept.drop(log.rowId, doomed[reason], reason, nowMs)
    gone = DROP_REASONS.flatMap((reason) => doomed[reason]).reduce(addTo, gone)
    yield
    if (!mayGoOn(log, last, lessBy(gone, measure))) break
    after = last
  }
  return gone
}

function doomedOf(
  { held }: DropRun,
  page: readonly KeptSegment[],
  { oldestMs, tooOld, excess }: Measure,
): Readonly<Record<DropReason, readonly KeptSegment[]>> {
  const doomed: Record<DropReason, KeptSegment[]> = { age: [], size: [], quota: [] }
  let left = excess.bytes
  for (const segment of page) {
    // What came since is younger, by how much does not matter.
    const judged = { isHeld: held.has(segment.id), storedUnixMs: segment.id <= tooOld ? oldestMs : Infinity }
    const reason = reasonToDrop(judged, oldestMs, { ...excess, bytes: left })
    if (reason === undefined) continue
    doomed[reason].push(segment)
    left -= segment.bytes
  }
  return doomed
}

function addTo({ segments, bytes }: Gone, segment: KeptSegment): Gone {
  return { segments: segments + 1, bytes: bytes + segment.bytes }
}

function lessBy({ bytes }: Gone, measure: Measure): Measure {
  return { ...measure, excess: { ...measure.excess, bytes: measure.excess.bytes - bytes } }
}

/** Our own logs are in the order of row ids; what others sent came in any order. */
function mayGoOn({ own }: StoredLog, last: KeptSegment, { tooOld, excess }: Measure): boolean {
  return excess.bytes > 0 || (tooOld > 0 && (!own || last.id <= tooOld))
}
