/**
 * Whether a benchmark has become worse than its baseline. Only ratios to the raw limit of the same run are compared, since
 * absolute figures say more about the machine than about the code; measures without a raw limit are not judged.
 */
import type { Summary } from './measure.ts'

/** How much worse the ratio's median may be than the baseline's. */
export const TOLERANCE = 0.15

export type Verdict =
  | { readonly label: string; readonly is: 'kept' }
  | { readonly label: string; readonly is: 'worse'; readonly was: number; readonly now: number; readonly limit: number }
  /** In the baseline, but not measured any more: whoever renames a measure writes the baseline anew. */
  | { readonly label: string; readonly is: 'gone' }
  /** Not in the baseline yet. */
  | { readonly label: string; readonly is: 'new' }

/**
 * Worse is: the median of the runs' ratios is more than {@link TOLERANCE} above the baseline's median, and above every
 * single run of the baseline. The second keeps a measure that scatters by nature from failing by chance.
 */
export function checkRatios(baseline: readonly Summary[], now: readonly Summary[]): readonly Verdict[] {
  const judged = now.filter(({ timesRaw }) => timesRaw !== null)
  const gone = baseline
    .filter(({ label, timesRaw }) => timesRaw !== null && !judged.some((each) => each.label === label))
    .map(({ label }): Verdict => ({ label, is: 'gone' }))
  return [...judged.map((each) => judge(baseline, each)), ...gone]
}

/** Whether a check with these verdicts fails. */
export function isFailure(verdict: Verdict): boolean {
  return verdict.is === 'worse' || verdict.is === 'gone'
}

function judge(baseline: readonly Summary[], { label, timesRaw }: Summary): Verdict {
  const was = baseline.find((each) => each.label === label)?.timesRaw
  const now = timesRaw?.median ?? Number.NaN
  if (!was) return { label, is: 'new' }
  const limit = Math.max(was.median * (1 + TOLERANCE), was.max)
  return now <= limit ? { label, is: 'kept' } : { label, is: 'worse', was: was.median, now, limit }
}
