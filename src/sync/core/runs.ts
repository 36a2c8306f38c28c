/**
 * Sets of sequence numbers as runs: sorted, disjoint, never touching, so that equal sets are equal arrays.
 * Costs grow with the number of runs, never with the numbers in them. Nothing is changed in place.
 * Rules: docs/spec/reconcile.md RC1.
 */
import type { SeqRange } from '../../model/segment.ts'

/** Only the functions below make one; a range list from elsewhere goes through {@link toRuns}. */
export type Runs = readonly SeqRange[]

export const NO_RUNS: Runs = []

/** Ranges in any order, overlapping or twice, as a set. A range that is empty or not of sequence numbers is left out. */
export function toRuns(ranges: Iterable<SeqRange>): Runs {
  const sorted = [...ranges].filter(isSeqRange).sort((a, b) => a.from - b.from)
  const runs: SeqRange[] = []
  for (const { from, to } of sorted) {
    const last = runs.at(-1)
    if (last === undefined || from > last.to + 1) runs.push({ from, to })
    else if (to > last.to) runs[runs.length - 1] = { from: last.from, to }
  }
  return runs
}

export function addToRuns(runs: Runs, range: SeqRange): Runs {
  return toRuns([...runs, range])
}

export function unionRuns(a: Runs, b: Runs): Runs {
  return toRuns([...a, ...b])
}

/** What is in `a` and not in `b`. */
export function subtractRuns(a: Runs, b: Runs): Runs {
  const left: SeqRange[] = []
  let at = 0
  for (const run of a) {
    let from = run.from
    while (at < b.length && (b[at] as SeqRange).to < from) at++
    for (let next = at; next < b.length && from <= run.to; next++) {
      const hole = b[next] as SeqRange
      if (hole.from > run.to) break
      if (hole.from > from) left.push({ from, to: hole.from - 1 })
      from = hole.to + 1
    }
    if (from <= run.to) left.push({ from, to: run.to })
  }
  return left
}

export function intersectRuns(a: Runs, b: Runs): Runs {
  const shared: SeqRange[] = []
  let at = 0
  for (const run of a) {
    while (at < b.length && (b[at] as SeqRange).to < run.from) at++
    for (let next = at; next < b.length; next++) {
      const other = b[next] as SeqRange
      if (other.from > run.to) break
      shared.push({ from: Math.max(run.from, other.from), to: Math.min(run.to, other.to) })
    }
  }
  return shared
}

export function runsContain(runs: Runs, seq: number): boolean {
  let low = 0
  let high = runs.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const run = runs[middle] as SeqRange
    if (seq < run.from) high = middle - 1
    else if (seq > run.to) low = middle + 1
    else return true
  }
  return false
}

export function countSeqs(runs: Runs): number {
  return runs.reduce((count, { from, to }) => count + (to - from + 1), 0)
}

function isSeqRange({ from, to }: SeqRange): boolean {
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to
}
