/** What the metric read models ask of the store: series, blocks of points and roll-ups, and what is not in these yet. */
import type { DeviceId } from '../../model/ids.ts'
import type { Tier } from '../../model/metrics/tiers.ts'
import type { ChunkRef } from '../trace-source.ts'

export interface MetricSeriesRow {
  readonly id: number
  readonly deviceId: DeviceId
  readonly module: string
  /** See wire/metrics/series-identity.ts. */
  readonly identity: string
  /** Of its latest sample; 0 before the first. */
  readonly lastMs: number
  /** Null for what is no number. */
  readonly lastValue: number | null
}

/** An hour that any series has points of, and the tiers that hold them; by hour they are held once it is not dirty. */
export interface MetricHour {
  readonly hour: number
  readonly hasRaw: boolean
  readonly hasMinutes: boolean
  /** Points came since it was rolled up: only the raw ones are whole. */
  readonly isDirty: boolean
}

export interface MetricSource {
  /** By number; all of them without a name. Others' series among them are those that were granted. */
  series(name: string | undefined): Iterable<MetricSeriesRow>
  /** In order, both ends included. */
  hours(from: number, to: number): readonly MetricHour[]
  block(tier: Tier, hour: number, series: number): Uint8Array | undefined
  /** Blocks of points of an hour that are not joined to its raw block yet; none unless it is dirty. */
  parts(hour: number, series: number): readonly Uint8Array[]
  /** Chunks of metrics whose points are not in the blocks yet, or not all of them, oldest first. */
  tail(): readonly ChunkRef[]
  /** Whether a metric in these chunks may be looked at. Default: every one. */
  readonly shows?: (module: string, name: string) => boolean
}
