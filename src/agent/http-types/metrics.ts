/** What questions about metrics answer. docs/spec/metrics.md. */

export type MetricTypeName = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'

/** Of `metrics`: one name, unit and kind. */
export interface MetricSummary {
  readonly name: string
  readonly unit: string
  readonly type: MetricTypeName
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  /** What it can be asked for, what is shown by default first. */
  readonly functions: readonly string[]
  readonly series: number
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly modules: readonly string[]
  /** Of all its series the latest sample; the value is null where it is no number. */
  readonly lastUnixMs: number
  readonly lastValue: number | string | null
}

/** `metrics` */
export interface MetricList {
  /** By name. */
  readonly metrics: readonly MetricSummary[]
  readonly omitted: number
  /** Stored chunks that were not looked at for want of time, and that could not be read. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

export interface MetricLine {
  /** Labels that tell this line from the others. */
  readonly labels: Readonly<Record<string, string>>
  /** How many series are in it. */
  readonly series: number
  /** One a step from `fromUnixMs` on; null where nothing was recorded. What JSON has no number for is a word. */
  readonly values: readonly (number | string | null)[]
}
export interface MetricExemplar {
  readonly timeUnixMs: number
  readonly value: number | string
  readonly traceId: string
  readonly spanId: string | null
  readonly deviceId: string
}

/** `metrics NAME` */
export interface MetricRange {
  readonly name: string
  readonly unit: string
  readonly type: MetricTypeName
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  readonly fn: string
  readonly functions: readonly string[]
  /** The steps as they are: perhaps longer than asked for, and from a multiple of their length on. */
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly stepMs: number
  readonly lines: readonly MetricLine[]
  readonly exemplars: readonly MetricExemplar[]
  readonly omittedLines: number
  readonly omittedSeries: number
  /** Series of this name that are of another unit or type than those shown. */
  readonly otherKinds: number
  readonly omittedChunks: number
  readonly unreadableChunks: number
}
