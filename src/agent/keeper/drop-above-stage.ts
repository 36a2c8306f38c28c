/**
 * Drops what was kept above a stage, where the person asks for it: a few segments in a transaction, none that is held. Of a
 * log segment with errors in it these are kept again, on their own, in the transaction that drops it; one that cannot be read
 * stays. A crash leaves the rest for the next run.
 */
import type { Steps } from '../../base/steps.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
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
  /** Keeps the errors of a payload again, in one transaction with `also`. */
  readonly keepErrors: (log: StoredLog, payload: Uint8Array, also: () => void) => void
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
  for (const log of STORED_LANES.flatMap((lane) => store.logs.ofLane(lane))) {
    const part = partCollectedAt(stage, { ...log, lane: log.lane as StoredLane })
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
    const above = keepsErrors ? yield* aboveErrors(run, log, page) : page.map(allOf)
    if (!run.isCurrent()) break
    // Retention may have come before.
    const there = above.filter(({ segment }) => store.kept.get(segment.id) !== undefined)
    const doomed = there.filter(({ segment }) => !run.held.has(segment.id))
    const whole = doomed.flatMap(({ segment, mixed }) => (mixed === undefined ? [segment] : []))
    store.kept.drop(log.rowId, whole, 'stage', nowMs)
    for (const { segment, mixed, records: count } of doomed) {
      if (mixed === undefined) continue
      const rest = { ...segment, records: count }
      run.keepErrors(log, mixed, () => store.kept.drop(log.rowId, [rest], 'stage', nowMs))
      yield
    }
    records += recordsOf(doomed)
    held += recordsOf(there) - recordsOf(doomed)
    yield
    after = last
  }
  return { records, held }
}

/** A segment that holds something above the stage. */
interface Above {
  readonly segment: KeptSegment
  /** Those of its records that are above it. */
  readonly records: number
  /** What it holds, where errors are among it. */
  readonly mixed?: Uint8Array
}

function allOf(segment: KeptSegment): Above {
  return { segment, records: segment.records }
}

/** What cannot be read stays: nobody can tell what it tells of. */
function* aboveErrors(
  { payloadOf }: AboveStageRun,
  log: StoredLog,
  page: readonly KeptSegment[],
): Steps<readonly Above[]> {
  const above: Above[] = []
  for (const segment of page) {
    const payload = payloadOf(log, segment.id)
    const errors = payload && errorsIn(payload)
    if (errors === 0) above.push(allOf(segment))
    else if (errors !== undefined && errors < segment.records)
      above.push({ segment, records: segment.records - errors, mixed: payload as Uint8Array })
    yield
  }
  return above
}

/** How many records tell of an error; undefined for what cannot be read. */
function errorsIn(payload: Uint8Array): number | undefined {
  try {
    const columns = new Columns(payload)
    scanAtDoor('logs', payload, columns)
    return columns.level.subarray(0, columns.count).filter(isErrorSeverity).length
  } catch (err) {
    if (err instanceof OtlpError) return undefined
    throw err
  }
}

function recordsOf(above: readonly { readonly records: number }[]): number {
  return above.reduce((sum, { records }) => sum + records, 0)
}
