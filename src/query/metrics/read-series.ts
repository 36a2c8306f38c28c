/**
 * One series over a stretch of time, each hour from the coarsest tier that says all that is asked (docs/spec/metrics.md
 * ME41): pieces in order of time, of which each lies within one step.
 */
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import { joinRollups } from '../../model/metrics/join-rollups.ts'
import { rollUp, rollupOf, type Rollup } from '../../model/metrics/rollup.ts'
import { sortSamples, type Sample } from '../../model/metrics/sample.ts'
import { HOUR_MS, hourOf, MINUTE_MS, type Tier } from '../../model/metrics/tiers.ts'
import { readRollupBlock, readSampleBlock } from '../../wire/metrics/read-block.ts'
import type { RollupForm } from '../../wire/metrics/rollup-entries.ts'
import type { MetricHour, MetricSource } from './metric-source.ts'
import type { TailSeries } from './tail.ts'

/** What was recorded at a time, or in the stretch that begins then. */
export type Piece = readonly [timeMs: number, rollup: Rollup]

export interface HourPieces {
  readonly pieces: readonly Piece[]
  readonly exemplars: readonly Exemplar[]
}

export interface SeriesReader {
  readonly source: Pick<MetricSource, 'block' | 'parts'>
  /** Undefined for a series that is only in the tail. */
  readonly id: number | undefined
  readonly form: RollupForm
  readonly tail: TailSeries | undefined
  readonly stepMs: number
}

/** Which tier answers for an hour. */
export function tierFor({ hasRaw, hasMinutes, isDirty }: Omit<MetricHour, 'hour'>, stepMs: number): Tier {
  const isRolledUp = !isDirty
  if (isRolledUp && stepMs % HOUR_MS === 0) return 'hour'
  if (isRolledUp && hasMinutes && stepMs % MINUTE_MS === 0) return 'minute'
  if (hasRaw) return 'raw'
  return hasMinutes ? 'minute' : 'hour'
}

export function readHour(reader: SeriesReader, state: MetricHour): HourPieces {
  const recent = reader.tail?.samples.filter(({ timeMs }) => hourOf(timeMs) === state.hour) ?? []
  // What is not in the blocks yet can only be joined to points as they came.
  const tier = recent.length > 0 && state.hasRaw ? 'raw' : tierFor(state, reader.stepMs)
  const read = tier === 'raw' ? readRaw(reader, state, recent) : readRolledUp(reader, tier, state.hour, recent)
  const exemplars = reader.tail?.exemplars.filter(({ timeMs }) => hourOf(timeMs) === state.hour) ?? []
  return exemplars.length === 0 ? read : { ...read, exemplars: [...read.exemplars, ...exemplars] }
}

function readRaw(
  { source, id, form }: SeriesReader,
  { hour, isDirty }: MetricHour,
  recent: readonly Sample[],
): HourPieces {
  const stored = id === undefined ? [] : [source.block('raw', hour, id), ...(isDirty ? source.parts(hour, id) : [])]
  const blocks = stored.map((bytes) => readSampleBlock(bytes, form))
  const samples = sortSamples([...blocks.flatMap((block) => block.samples), ...recent])
  const pieces = samples.flatMap((sample): readonly Piece[] => {
    const rollup = rollupOf(sample, form.behaviour)
    return rollup === undefined ? [] : [[sample.timeMs, rollup]]
  })
  return { pieces, exemplars: blocks.flatMap((block) => block.exemplars) }
}

function readRolledUp(
  { source, id, form }: SeriesReader,
  tier: 'minute' | 'hour',
  hour: number,
  recent: readonly Sample[],
): HourPieces {
  const block = readRollupBlock(id === undefined ? undefined : source.block(tier, hour, id), form)
  const within = block.rollups.filter(({ timeMs }) => hourOf(timeMs) === hour)
  const kept = within.map(({ timeMs, rollup }): Piece => [timeMs, rollup])
  const stretchMs = tier === 'minute' ? MINUTE_MS : HOUR_MS
  const pieces = recent.length === 0 ? kept : joinRollups(kept, rollUp(recent, form.behaviour, stretchMs))
  return { pieces, exemplars: block.exemplars.filter(({ timeMs }) => hourOf(timeMs) === hour) }
}
