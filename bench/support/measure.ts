/** What a benchmark measures: figures of ours beside the raw limit of the same run, and how many runs become one figure. */

export type Unit =
  | 'ns'
  | 'us'
  | 'ms'
  | 'spans/s'
  | 'points/s'
  | 'lines/s'
  | 'messages/s'
  | 'B/line'
  | 'MB/s'
  | 'MB'
  | 'B'
  | 'B/span'
  | '% of a core'
  | 'rows/s'
  | 'requests'

/** One figure of one run. */
export interface Measure {
  readonly label: string
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
  readonly ours: number
  /** What the bare parts do with the same bytes in the same run. */
  readonly raw?: { readonly label: string; readonly value: number }
  /** A bound that we want to keep, on the side of `better`. */
  readonly goal?: number
  /** The share of the raw limit that we want to reach: 0.5 is half as fast, or twice as slow or large. */
  readonly shareGoal?: number
}

export interface BenchmarkOptions {
  /** A folder in which what takes long to make is kept, and found again by the next run. */
  readonly home?: string
  /** Fewer records than the benchmark is named for, to try it out. */
  readonly records?: number
}

export interface Benchmark {
  readonly name: string
  readonly what: string
  /** One run in a process of its own, warm-up included. */
  run(options: BenchmarkOptions): Promise<readonly Measure[]>
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Goal {
  readonly bound: number
  readonly met: boolean
}

/** One figure of several runs. */
export interface Summary {
  readonly label: string
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
  readonly ours: Spread
  readonly raw: (Spread & { readonly label: string }) | null
  /** How many times the raw limit our cost is, of the runs' own ratios: only figures of one run are compared. */
  readonly timesRaw: Spread | null
  readonly goal: Goal | null
  /** Of the raw limit, by the median of {@link timesRaw}. */
  readonly shareGoal: Goal | null
}

/** @param runs measures of each run, in the same order */
export function summarize(runs: readonly (readonly Measure[])[]): readonly Summary[] {
  return (runs[0] ?? []).map((first, i) =>
    summarizeOne(
      first,
      runs.map((run) => run[i] as Measure),
    ),
  )
}

function summarizeOne(first: Measure, measures: readonly Measure[]): Summary {
  const { label, unit, better, goal, shareGoal } = first
  const ours = spreadOf(measures.map((measure) => measure.ours))
  const raws = measures.flatMap(({ raw }) => (raw ? [raw.value] : []))
  const timesRaw = raws.length > 0 ? spreadOf(measures.map(ratioOf)) : null
  const isMet = (bound: number): boolean => (better === 'lower' ? ours.median <= bound : ours.median >= bound)
  return {
    label,
    unit,
    better,
    ours,
    raw: first.raw && raws.length > 0 ? { ...spreadOf(raws), label: first.raw.label } : null,
    timesRaw,
    goal: goal === undefined ? null : { bound: goal, met: isMet(goal) },
    shareGoal:
      shareGoal === undefined || timesRaw === null ? null : { bound: shareGoal, met: 1 / timesRaw.median >= shareGoal },
  }
}

function ratioOf({ better, ours, raw }: Measure): number {
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
