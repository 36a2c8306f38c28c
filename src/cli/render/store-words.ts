/** What the store keeps and what is gone of it, as tables and sentences. */
import type {
  GoneView,
  HoldView,
  KeptLaneView,
  KeptView,
  LaneLimitsView,
  StoreStatsView,
} from '../../agent/http-types/device.ts'
import { formatSize } from './data-size.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import type { Cell, Column } from './table.ts'

export type NameOf = (deviceId: string) => string

export interface TableWords {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

const REASONS: Readonly<Record<GoneView['reason'], string>> = {
  age: 'too old',
  size: 'no room',
  quota: 'over quota',
  stage: 'lower stage',
  lease: 'grant lapsed',
}

export function totalWords({ lanes, openRecords, disk }: StoreStatsView): readonly string[] {
  const records = sum(lanes, (lane) => lane.records)
  const bytes = disk.packBytes + disk.databaseBytes
  const each = records === 0 ? '' : `, ${Math.round(bytes / records)} B a record with all indexes`
  return [
    `${plural(records + openRecords, 'record')} here, ${formatSize(bytes)} on disk${each}.`,
    `Sealed records ${formatSize(disk.packBytes)}; database ${formatSize(disk.databaseBytes)}, of which ${formatSize(disk.freeBytes)} are free.`,
  ]
}

export function laneTable({ lanes }: StoreStatsView, nowUnixMs: number): TableWords {
  return {
    columns: [
      { title: 'lane' },
      { title: 'records', align: 'right' },
      { title: 'since', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'a record', align: 'right', dropOrder: 1 },
      { title: 'room', align: 'right', dropOrder: 2 },
      { title: 'kept for', align: 'right' },
    ],
    rows: lanes.map((lane) => [
      lane.lane,
      lane.records.toLocaleString('en-US'),
      sinceWords(lane, nowUnixMs),
      formatSize(lane.bytes),
      lane.records === 0 ? '' : `${Math.round(lane.bytes / lane.records)} B`,
      formatSize(lane.limits.maxBytes),
      plural(lane.limits.maxAgeDays, 'day'),
    ]),
  }
}

/** The largest sources of all lanes. */
export function sourceTable({ lanes }: StoreStatsView, nameOf: NameOf, nowUnixMs: number, most: number): TableWords {
  const sources = sourcesOf(lanes).filter(({ source }) => source.records > 0)
  return {
    columns: [
      { title: 'from', minWidth: 8 },
      { title: 'module', minWidth: 12 },
      { title: 'lane' },
      { title: 'records', align: 'right' },
      { title: 'since', align: 'right', dropOrder: 1 },
      { title: 'size', align: 'right' },
    ],
    rows: sources
      .sort((a, b) => b.source.bytes - a.source.bytes)
      .slice(0, most)
      .map(({ lane, source }) => [
        nameOf(source.deviceId),
        source.module,
        lane.lane,
        source.records.toLocaleString('en-US'),
        sinceWords(source, nowUnixMs),
        formatSize(source.bytes),
      ]),
  }
}

/** Where most is gone first. */
export function goneTable({ lanes }: StoreStatsView, nameOf: NameOf, nowUnixMs: number, most: number): TableWords {
  const gone = sourcesOf(lanes).flatMap(({ lane, source }) => source.gone.map((each) => ({ lane, source, each })))
  return {
    columns: [
      { title: 'gone from', minWidth: 9 },
      { title: 'module', minWidth: 12 },
      { title: 'lane' },
      { title: 'records', align: 'right' },
      { title: 'size', align: 'right', dropOrder: 1 },
      { title: 'why' },
      { title: 'last', align: 'right', dropOrder: 2 },
    ],
    rows: gone
      .sort((a, b) => b.each.records - a.each.records)
      .slice(0, most)
      .map(({ lane, source, each }) => [
        nameOf(source.deviceId),
        source.module,
        lane.lane,
        each.records.toLocaleString('en-US'),
        formatSize(each.bytes),
        REASONS[each.reason],
        relativeTime(each.lastUnixMs, nowUnixMs),
      ]),
  }
}

export function limitsSentence(lane: string, { maxAgeDays, maxBytes }: LaneLimitsView): string {
  return `${lane}: kept for ${plural(maxAgeDays, 'day')}, in ${formatSize(maxBytes)} at most.`
}

export function holdWords({ scope }: HoldView, nameOf: NameOf): string {
  if (scope.kind === 'trace') return `trace ${scope.traceId}`
  const time = `${isoOf(scope.fromUnixMs)} to ${isoOf(scope.toUnixMs)}`
  const device = scope.deviceId === undefined ? '' : `, from ${nameOf(scope.deviceId)}`
  return `${time}${device}${scope.module === undefined ? '' : `, module ${scope.module}`}`
}

function sourcesOf(lanes: readonly KeptLaneView[]) {
  return lanes.flatMap((lane) => lane.sources.map((source) => ({ lane, source })))
}

function sinceWords({ sinceUnixMs }: KeptView, nowUnixMs: number): string {
  return sinceUnixMs === null ? '' : relativeTime(sinceUnixMs, nowUnixMs)
}

function isoOf(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.000Z$/, 'Z')
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
