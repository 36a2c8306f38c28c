/** What all instruments have: a description, and points to be sent. They never throw into whoever measures with them. */
import { ValueType, type MetricOptions } from '@opentelemetry/api'
import type { MetricInput, NumberPointInput } from '../../wire/otlp/write-metric.ts'
import { cutText, readAll } from '../attribute-value.ts'
import { safely } from '../safely.ts'
import type { Series, SeriesRoom } from './series-table.ts'

/** OTLP's: a point says what was since the start of its series. */
export const CUMULATIVE = 2
/** Longest description and longest unit, in characters: OpenTelemetry's least and its limit. */
const MAX_DESCRIPTION_CHARS = 1_023
const MAX_UNIT_CHARS = 63

/** What instruments of a module share. */
export interface MeterState {
  readonly room: SeriesRoom
  /** Whether the stage collects metrics, as far as is known. */
  isOn: boolean
  /** Since when: the start of every sum. */
  startUnixNano: bigint
  /** How many there are, of all meters. */
  instruments: number
  /** Values that no instrument takes: not a number, negative where only more can come, attributes that cannot be read. */
  badValues: number
}

export interface Description {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly isInteger: boolean
  /** Of a histogram; ascending. */
  readonly bounds: readonly number[] | undefined
}

export interface Instrument {
  readonly about: Description
  /** Asks whoever observes. */
  observe?(): Promise<void>
  /** What there is to send; a metric without points if there is nothing. */
  collect(timeUnixNano: bigint): MetricInput
  /** Forgets what was measured. */
  clear(): void
}

export function describe(name: string, options?: MetricOptions): Description {
  const { description = '', unit = '', valueType, advice } = readAll(options ?? {}) as MetricOptions
  return {
    name,
    description: cutText(description, MAX_DESCRIPTION_CHARS),
    unit: cutText(unit, MAX_UNIT_CHARS),
    isInteger: valueType === ValueType.INT,
    bounds: safely(() => boundsOf(advice?.explicitBucketBoundaries), undefined),
  }
}

function boundsOf(bounds: readonly number[] | undefined): readonly number[] | undefined {
  return bounds && [...bounds].filter(Number.isFinite).sort((a, b) => a - b)
}

/** A number as OTLP has it; an integer that has become a fraction stays one. */
export function valueOf({ isInteger }: Description, value: number): number | bigint {
  return isInteger && Number.isSafeInteger(value) ? BigInt(value) : value
}

export function numberPoints(
  about: Description,
  series: readonly Series<{ readonly value: number }>[],
  times: Pick<NumberPointInput, 'startUnixNano' | 'timeUnixNano'>,
): readonly NumberPointInput[] {
  return series.map(({ attributes, point }) => ({ ...times, attributes, value: valueOf(about, point.value) }))
}
