/**
 * Drops what was kept above a stage, where the person asks for it: a few segments in a transaction, none that is held. Log
 * segments go only if no record of them tells of an error; one that cannot be read stays. A crash leaves the rest for the next run.
 */
import type { Steps } from '../../base/steps.ts'
import { SIGNALS } from '../../model/lane.ts'
import type { Stage } from '../../model/stage.ts'
import { isErrorSeverity } from '../../policy/stage-gate.ts'
import { partCollectedAt } from '../../policy/stage-kept.ts'
import { LOG_START, type KeptSegment } from '../../store/kept-table.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { scanAtDoor } from '../../wire/otlp/scan-at-door.ts'
import { Columns } from '../../wire/otlp/columns.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import { DROPPED_AT_ONCE } from './drop-segments.ts'
import type { Held } from './held-segments.ts'

export interface AboveStageRun {
  readonly store: Store
  readonly stage: Stage
  readonly held: Held
  readonly nowMs: number
  /** What came after this segment is not looked at. */
  readonly upTo: SegmentRowId
  /** False once what is held has changed. */
  readonly isCurrent: () => boolean
  /** Undefined for a segment that cannot be read. */
  readonly payloadOf: (log: StoredLog, id: SegmentRowId) => Uint8Array | undefined
}
/** Records. `held`: above the stage too, and kept for a hold. */
export interface DroppedAbove {
  readonly records: number
  readonly held: number
}

const NOTHING: DroppedAbove = { records: 0, held: 0 }

export function* dropAboveStage(run: AboveStageRun): Steps<DroppedAbove> {
  const { store, stage } = run
  let total = NOTHING
  for (const log of SIGNALS.flatMap((lane) => store.logs.ofLane(lane))) {
    const part = partCollectedAt(stage, { ...log, lane: log.lane as (typeof SIGNALS)[number] })
    if (part === 'all') continue
    const gone = yield* dropOf(run, log, part === 'errors')
    total = { records: total.records + gone.records, held: total.held + gone.held }
    // Roll-ups of what is held stay with it.
    if (log.lane === 'metrics' && gone.held === 0 && run.isCurrent()) {
      store.transaction(() => store.metrics.deleteSource(log.author, log.module))
    }
  }
  return total
}

function* dropOf(run: AboveStageRun, log: StoredLog, keepsErrors: boolean): Steps<DroppedAbove> {
  const { store, nowMs, upTo } = run
  let { records, held } = NOTHING
  for (let after = LOG_START; run.isCurrent();) {
    const page = store.kept.page(log.rowId, after, DROPPED_AT_ONCE).filter(({ id }) => id <= upTo)
    const last = page.at(-1)
    if (last === undefined) break
    const above = keepsErrors ? yield* withoutErrors(run, log, page) : page
    if (!run.isCurrent()) break
    // Retention may have come before.
    const there = above.filter(({ id }) => store.kept.get(id) !== undefined)
    const doomed = there.filter(({ id }) => !run.held.has(id))
    store.kept.drop(log.rowId, doomed, 'stage', nowMs)
    records += recordsOf(doomed)
    held += recordsOf(there) - recordsOf(doomed)
    yield
    after = last
  }
  return { records, held }
}

function* withoutErrors(
  { payloadOf }: AboveStageRun,
  log: StoredLog,
  page: readonly KeptSegment[],
): Steps<readonly KeptSegment[]> {
  const without: KeptSegment[] = []
  for (const segment of page) {
    const payload = payloadOf(log, segment.id)
    if (payload !== undefined && !tellsOfError(payload)) without.push(segment)
    yield
  }
  return without
}

/** What nobody can tell stays. */
function tellsOfError(payload: Uint8Array): boolean {
  try {
    const columns = new Columns(payload)
    scanAtDoor('logs', payload, columns)
    return columns.level.subarray(0, columns.count).some(isErrorSeverity)
  } catch (err) {
    if (err instanceof OtlpError) return true
    throw err
  }
}

function recordsOf(segments: readonly KeptSegment[]): number {
  return segments.reduce((sum, { records }) => sum + records, 0)
}
