/** What a benchmark measures: figures of ours beside the raw limit of the same run, and how many runs become one figure. */

export type Unit = 'ms' | 'spans/s' | 'MB/s' | 'MB' | 'B' | '% of a core' | 'rows/s'

/** One figure of one run. */
export interface Measure {
  readonly label: string
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
  readonly ours: number
  /** What the bare parts do with the same bytes in the same run. */
  readonly raw?: { readonly label: string; readonly value: number }
  /** A bound that we want to keep, on the side of `better`. Never a gate. */
  readonly goal?: number
}

export interface Benchmark {
  readonly name: string
  readonly what: string
  /** One run in a process of its own, warm-up included. */
  run(): Promise<readonly Measure[]>
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One figure of several runs. */
export interface Summary {
  readonly label: string
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
  readonly ours: Spread
  readonly raw: (Spread & { readonly label: string }) | null
  /** How many times the raw limit our cost is: the median of the runs' own ratios. */
  readonly timesRaw: number | null
  readonly goal: { readonly bound: number; readonly met: boolean } | null
}

/** @param runs measures of each run, in the same order */
export function summarize(runs: readonly (readonly Measure[])[]): readonly Summary[] {
  return (runs[0] ?? []).map((first, i) => {
    const { label, unit, better, goal } = first
    const measures = runs.map((run) => run[i] as Measure)
    const ours = spreadOf(measures.map((measure) => measure.ours))
    const raws = measures.flatMap(({ raw }) => (raw ? [raw.value] : []))
    return {
      label,
      unit,
      better,
      ours,
      raw: first.raw && raws.length > 0 ? { ...spreadOf(raws), label: first.raw.label } : null,
      timesRaw: raws.length > 0 ? spreadOf(measures.map(timesRaw)).median : null,
      goal:
        goal === undefined
          ? null
          : { bound: goal, met: better === 'lower' ? ours.median <= goal : ours.median >= goal },
    }
  })
}

function timesRaw({ better, ours, raw }: Measure): number {
  const value = raw?.value ?? Number.NaN
  return better === 'lower' ? ours / value : value / ours
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) }
}

/** Nearest rank; NaN without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}
