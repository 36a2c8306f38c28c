/**
 * What one chunk adds to the statistics of spans: of each service, name and kind in it a row. In columns of numbers, some
 * 40 bytes a row and 4 a duration, so that those of a million spans are remembered.
 */
import { durationBucket, type CountedDurations } from './duration-histogram.ts'
import { textBetween } from './own-text.ts'
import type { RecordFilter } from './record-filter.ts'
import type { Range, SpanHead } from './record-head.ts'
import type { SearchChunk } from './search-source.ts'
import { readServiceName } from './service-name.ts'
import { Stretches } from './stretches.ts'

export interface StatisticsPart {
  readonly services: readonly (string | null)[]
  readonly names: readonly string[]
  /** Of each row {@link ROW_NUMBERS}: its service and name, by number; its kind; errors; how many buckets it has. */
  readonly rows: Uint32Array
  /** Of each row {@link ROW_NANOS}: the sum of its durations, the shortest and the longest. */
  readonly nanos: Float64Array
  /** The buckets of all rows that are not empty, row by row, and how many durations are in each. */
  readonly buckets: Uint16Array
  readonly counts: Uint32Array
  /** When spans started: the {@link Stretches}, in Unix milliseconds. */
  readonly stretches: Float64Array
  readonly bytes: number
}
const ROW_NUMBERS = 5
const ROW_NANOS = 3

export interface StatisticsRow {
  readonly service: string | null
  readonly name: string
  readonly kind: number
  readonly errors: number
  readonly totalNano: number
  readonly shortestNano: number
  readonly longestNano: number
  readonly durations: CountedDurations
}

const STATUS_ERROR = 2
/** What is of no known kind counts as internal (QU1). */
const [KIND_INTERNAL, KIND_SERVER, KIND_CONSUMER] = [1, 2, 5]
/** Longest name kept, in UTF-16 units. */
const MAX_NAME_CHARS = 256
const NANOS_PER_MS = 1e6
/** What a part weighs beside its columns and texts, and a text beside its characters. */
const PART_BYTES = 1200
const TEXT_BYTES = 24

export function* rowsOf({ services, names, rows, nanos, buckets, counts }: StatisticsPart): Generator<StatisticsRow> {
  let bucket = 0
  for (let row = 0; row * ROW_NUMBERS < rows.length; row++) {
    const number = (column: number): number => rows[row * ROW_NUMBERS + column] as number
    const nano = (column: number): number => nanos[row * ROW_NANOS + column] as number
    const end = bucket + number(4)
    yield {
      service: services[number(0)] ?? null,
      name: names[number(1)] ?? '',
      kind: number(2),
      errors: number(3),
      totalNano: nano(0),
      shortestNano: nano(1),
      longestNano: nano(2),
      durations: { buckets: buckets.subarray(bucket, end), counts: counts.subarray(bucket, end) },
    }
    bucket = end
  }
}

/** @throws {OtlpError} for a payload that cannot be read */
export function statisticsPart(
  filter: RecordFilter<SpanHead>,
  payload: Uint8Array,
  chunk: SearchChunk,
): StatisticsPart {
  const counted = new CountedSpans(payload)
  filter.walk(
    payload,
    chunk,
    (span) => counted.add(span),
    (reader) => counted.enter(readServiceName(reader)),
  )
  return counted.result()
}

interface Row {
  readonly service: number
  readonly name: number
  readonly kind: number
  readonly buckets: Map<number, number>
  errors: number
  totalNano: number
  shortestNano: number
  longestNano: number
}

class CountedSpans {
  readonly #payload: Uint8Array
  readonly #names = new Map<string, number>()
  /** Their numbers. */
  readonly #services = new Map<string | null, number>()
  /** Of each service, by name and kind. */
  readonly #rows: Map<number, Row>[] = []
  readonly #stretches = new Stretches()
  #service = 0

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  /** What follows is of this service. */
  enter(service: string | null): void {
    this.#service = this.#services.get(service) ?? this.#services.size
    this.#services.set(service, this.#service)
    if (this.#rows.length === this.#service) this.#rows.push(new Map())
  }

  add({ name, kind, statusCode, duration, start }: SpanHead): void {
    const row = this.#rowOf(this.#numberOf(name), kind >= KIND_SERVER && kind <= KIND_CONSUMER ? kind : KIND_INTERNAL)
    const nanos = duration.toNumber()
    const bucket = durationBucket(nanos)
    row.buckets.set(bucket, (row.buckets.get(bucket) ?? 0) + 1)
    row.totalNano += nanos
    row.shortestNano = Math.min(row.shortestNano, nanos)
    row.longestNano = Math.max(row.longestNano, nanos)
    if (statusCode === STATUS_ERROR) row.errors++
    this.#stretches.add(start.toNumber() / NANOS_PER_MS)
  }

  result(): StatisticsPart {
    const rows = this.#rows.flatMap((ofService) => [...ofService.values()])
    const columns = {
      rows: Uint32Array.from(rows.flatMap((row) => [row.service, row.name, row.kind, row.errors, row.buckets.size])),
      nanos: Float64Array.from(rows.flatMap((row) => [row.totalNano, row.shortestNano, row.longestNano])),
      buckets: Uint16Array.from(rows.flatMap(({ buckets }) => [...buckets.keys()])),
      counts: Uint32Array.from(rows.flatMap(({ buckets }) => [...buckets.values()])),
      stretches: this.#stretches.pairs(),
    }
    const [names, services] = [[...this.#names.keys()], [...this.#services.keys()]]
    const textBytes = [...names, ...services].reduce((sum, text) => sum + TEXT_BYTES + 2 * (text?.length ?? 0), 0)
    const bytes = Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, PART_BYTES + textBytes)
    return { services, names, ...columns, bytes }
  }

  #rowOf(name: number, kind: number): Row {
    const rows = this.#rows[this.#service] as Map<number, Row>
    const key = name * (KIND_CONSUMER + 1) + kind
    const known = rows.get(key)
    if (known !== undefined) return known
    const nanos = { totalNano: 0, shortestNano: Infinity, longestNano: 0 }
    const row: Row = { service: this.#service, name, kind, buckets: new Map(), errors: 0, ...nanos }
    rows.set(key, row)
    return row
  }

  #numberOf({ start, end }: Range): number {
    const name = textBetween(this.#payload, start, end, MAX_NAME_CHARS)
    const known = this.#names.get(name)
    if (known !== undefined) return known
    this.#names.set(name, this.#names.size)
    return this.#names.size - 1
  }
}
