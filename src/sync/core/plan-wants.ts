/**
 * What to ask a peer for: the runs it offers that are missing here, newest first in every log, in bounded chunks.
 *
 * Chunks of a run go from the top down, so that the last id of each is known before it arrives: from a signed head, or
 * from the `prev` of the segment above. A log whose offered head contradicts what is held is a fork: nothing of it is
 * asked for. Costs grow with the number of logs and gaps, never with what a row claims. Rules: docs/spec/reconcile.md RC3 to RC6.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { LogKey, SeqRange } from '../../model/segment.ts'
import type { RunRow } from './heads-digest.ts'
import { countSeqs, subtractRuns, toRuns, type Runs } from './runs.ts'

/** Most segments in one wanted run: 64 of 1 MiB are read, verified and kept before the next is asked for. */
export const RUN_SEGMENTS = 64

export interface WantedRun extends LogKey, SeqRange {
  /**
   * What the last segment's id must be: the signed head's, or (undefined) the `prev` of the segment at `to + 1`, which is
   * held or comes in the wanted run just above.
   */
  readonly lastId: Uint8Array | undefined
}
export interface WantPlan {
  readonly ranges: readonly WantedRun[]
  /** Segments offered and not held, asked for or not. */
  readonly missing: number
  /** Logs of which two different segments are vouched for at one place. */
  readonly forks: readonly LogKey[]
  /** True if the budget left something out. */
  readonly more: boolean
}
export interface WantOptions {
  /** Most segments, and most ranges, to ask for. */
  readonly budget: { readonly segments: number; readonly ranges: number }
  /** Id of a held segment: forks at an offered head are noticed before anything is asked for. */
  readonly heldId: (log: LogKey, seq: number) => Uint8Array | undefined
}

/** @param offered rows with verified signatures: each id is what the author itself put at `to` */
export function planWants(
  offered: Iterable<RunRow>,
  held: (log: LogKey) => readonly SeqRange[],
  { budget, heldId }: WantOptions,
): WantPlan {
  const forks: LogKey[] = []
  const queues: Iterator<WantedRun>[] = []
  let missing = 0
  for (const rows of rowsByLog(offered)) {
    const log = logKeyOf(rows[0] as RunRow)
    if (isForked(rows, (seq) => heldId(log, seq))) {
      forks.push(log)
      continue
    }
    const lacking = subtractRuns(toRuns(rows), toRuns(held(log)))
    missing += countSeqs(lacking)
    queues.push(chunksDown(log, rows, lacking))
  }
  return { ...takeInTurns(queues, budget), forks, missing }
}

/** The newest chunk of every log, then the next of each, until the budget is spent; the last one is cut from below. */
function takeInTurns(
  queues: readonly Iterator<WantedRun>[],
  budget: WantOptions['budget'],
): Pick<WantPlan, 'ranges' | 'more'> {
  const ranges: WantedRun[] = []
  let left = budget.segments
  for (let turn = queues; turn.length > 0;) {
    const next: Iterator<WantedRun>[] = []
    for (const queue of turn) {
      const { done, value: run } = queue.next()
      if (done === true) continue
      if (left <= 0 || ranges.length >= budget.ranges) return { ranges, more: true }
      const count = Math.min(left, run.to - run.from + 1)
      ranges.push({ ...run, from: run.to - count + 1 })
      left -= count
      if (run.to - run.from + 1 > count) return { ranges, more: true }
      next.push(queue)
    }
    turn = next
  }
  return { ranges, more: false }
}

function* chunksDown(log: LogKey, rows: readonly RunRow[], missing: Runs): Generator<WantedRun, undefined> {
  for (const run of missing.toReversed()) {
    for (let to = run.to; to >= run.from; to -= RUN_SEGMENTS) {
      const from = Math.max(run.from, to - RUN_SEGMENTS + 1)
      yield { ...log, from, to, lastId: rows.find((row) => row.to === to)?.id }
    }
  }
  return undefined
}

function isForked(rows: readonly RunRow[], heldId: (seq: number) => Uint8Array | undefined): boolean {
  const claims = new Map<number, Uint8Array>()
  for (const { to, id } of rows) {
    const other = claims.get(to) ?? heldId(to)
    if (other !== undefined && !equalBytes(other, id)) return true
    claims.set(to, id)
  }
  return false
}

/** Rows of one log together; logs in the order of their ids, so that equal offers give equal plans. */
function rowsByLog(offered: Iterable<RunRow>): readonly (readonly RunRow[])[] {
  const logs = new Map<string, RunRow[]>()
  for (const row of offered) {
    const name = `${row.author} ${row.log} ${row.incarnation}`
    const rows = logs.get(name)
    if (rows) rows.push(row)
    else logs.set(name, [row])
  }
  return [...logs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rows]) => rows)
}

function logKeyOf({ author, log, incarnation }: RunRow): LogKey {
  return { author, log, incarnation }
}
