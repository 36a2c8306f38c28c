/**
 * Drops what is too old, then what a lane has too much of: a few segments in a transaction, the oldest of each source first.
 * A crash between two leaves what was dropped dropped, and the rest for the next run. Ends early once what is held has
 * changed: nothing is dropped that a hold keeps from the moment it is placed.
 */
import type { Steps } from '../../base/steps.ts'
import { SIGNALS, type Signal } from '../../model/lane.ts'
import {
  excessBytes,
  oldestKeptUnixMs,
  reasonToDrop,
  type DropReason,
  type KeptSource,
  type RetentionLimits,
} from '../../policy/retention.ts'
import { LOG_START, type KeptSegment } from '../../store/kept-table.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { Held } from './held-segments.ts'

/** Segments looked at, and at most dropped, in one transaction: a few milliseconds. */
export const DROPPED_AT_ONCE = 16

export interface DropRun {
  readonly store: Store
  readonly limits: RetentionLimits
  readonly held: Held
  readonly nowMs: number
  /** What came after this segment is not looked at: whether it is held is not known. */
  readonly upTo: SegmentRowId
  /** False while the clock is not believed: nothing goes for its age then. */
  readonly isClockTrusted: boolean
  /** False once what is held has changed. */
  readonly isCurrent: () => boolean
}
/** A module's logs in a lane: one for each incarnation of the device. */
interface Source extends KeptSource {
  readonly logs: readonly StoredLog[]
}
/** What goes of a log. */
interface Measure {
  readonly oldestMs: number
  /** The last segment that was stored by then; 0 if none was. */
  readonly tooOld: SegmentRowId
  /** Bytes to give back besides what is too old. */
  readonly excess: number
}

/** @returns how many segments were dropped */
export function* dropSegments(run: DropRun): Steps<number> {
  let count = 0
  for (const lane of SIGNALS) {
    const oldestMs = oldestKeptUnixMs(run.limits[lane], run.nowMs)
    const tooOld = run.isClockTrusted ? run.store.arrivals.storedBy(oldestMs) : 0
    // With nothing that old, most of the time, no log is read.
    for (const log of tooOld === 0 ? [] : run.store.logs.ofLane(lane)) {
      count += (yield* dropOf(run, log, { oldestMs, tooOld, excess: 0 })).segments
    }
    count += yield* dropExcess(run, lane, { oldestMs, tooOld })
  }
  return count
}

function* dropExcess(run: DropRun, lane: Signal, age: Omit<Measure, 'excess'>): Steps<number> {
  const sources = yield* sourcesOf(run, lane)
  const excess = excessBytes(run.limits[lane], sources)
  let count = 0
  for (const [at, { logs }] of sources.entries()) {
    let left = excess[at] as number
    for (const log of logs) {
      if (left <= 0) break
      const gone = yield* dropOf(run, log, { ...age, excess: left })
      count += gone.segments
      left -= gone.bytes
    }
  }
  return count
}

function* sourcesOf({ store, held }: DropRun, lane: Signal): Steps<readonly Source[]> {
  const sources = new Map<string, Source>()
  for (const log of store.logs.ofLane(lane)) {
    const name = `${log.author} ${log.module}`
    const { bytes, logs } = sources.get(name) ?? { bytes: 0, logs: [] }
    const kept = store.kept.ofLog(log.rowId).bytes - held.bytesOf(log.rowId)
    sources.set(name, { device: log.author, module: log.module, bytes: bytes + kept, logs: [...logs, log] })
    yield
  }
  return [...sources.values()]
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
    const doomed = doomedOf(run, page, { ...measure, excess: measure.excess - gone.bytes })
    for (const reason of ['age', 'size'] as const) store.kept.drop(log.rowId, doomed[reason], reason, nowMs)
    gone = [...doomed.age, ...doomed.size].reduce(addTo, gone)
    yield
    if (!mayGoOn(log, last, { ...measure, excess: measure.excess - gone.bytes })) break
    after = last
  }
  return gone
}

function doomedOf(
  { held }: DropRun,
  page: readonly KeptSegment[],
  { oldestMs, tooOld, excess }: Measure,
): Readonly<Record<DropReason, readonly KeptSegment[]>> {
  const doomed: Record<DropReason, KeptSegment[]> = { age: [], size: [] }
  let left = excess
  for (const segment of page) {
    // What came since is younger, by how much does not matter.
    const judged = { isHeld: held.has(segment.id), storedUnixMs: segment.id <= tooOld ? oldestMs : Infinity }
    const reason = reasonToDrop(judged, oldestMs, left)
    if (reason === undefined) continue
    doomed[reason].push(segment)
    left -= segment.bytes
  }
  return doomed
}

function addTo({ segments, bytes }: Gone, segment: KeptSegment): Gone {
  return { segments: segments + 1, bytes: bytes + segment.bytes }
}

/** Our own logs are in the order of row ids; what others sent came in any order. */
function mayGoOn({ own }: StoredLog, last: KeptSegment, { tooOld, excess }: Measure): boolean {
  return excess > 0 || (tooOld > 0 && (!own || last.id <= tooOld))
}
