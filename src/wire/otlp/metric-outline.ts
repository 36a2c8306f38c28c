/** A metric without its points: what every piece of it repeats. */
import { checkMessage, newBudget, type Budget } from './check-message.ts'
import { DATA_TAGS, POINT_TAG } from './check-point.ts'
import { readRange, type ByteRange, type FieldRange } from './container.ts'
import { MAX_HEAD_BYTES } from './limits.ts'
import { malformed, tooLarge } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { METRIC, type Schema } from './schema.ts'

export interface MetricOutline {
  /** Name, description, unit, metadata and unknown fields. */
  readonly others: readonly ByteRange[]
  readonly dataTag: number
  readonly data: FieldRange
  /** Temporality and the like. */
  readonly dataOthers: readonly ByteRange[]
  readonly headBytes: number
  readonly point: Schema
  /** Elements of a record that are left for points. */
  readonly elements: number
}

/** Checks all of it. @throws {OtlpError} if no point of the metric can be kept */
export function readOutline(reader: ProtobufReader, metric: FieldRange): MetricOutline {
  const budget = newBudget()
  checkWithout(reader, metric, METRIC, budget, (tag) => DATA_TAGS.has(tag))
  const { others, inner } = partsOf(reader, metric, (tag) => DATA_TAGS.has(tag))
  const schema = METRIC.fields[(inner?.tag ?? 0) >>> 3]?.message
  const point = schema?.fields[1]?.message
  if (inner === undefined || schema === undefined || point === undefined) throw malformed('a metric has no data')
  checkWithout(reader, inner.field, schema, budget, (tag) => tag === POINT_TAG)
  const { others: dataOthers } = partsOf(reader, inner.field, (tag) => tag === POINT_TAG)
  const headBytes = sizeOf(others) + sizeOf(dataOthers)
  if (headBytes > MAX_HEAD_BYTES) throw tooLarge('bytes around the points of a metric', MAX_HEAD_BYTES)
  const { tag: dataTag, field: data } = inner
  return { others, dataTag, data, dataOthers, headBytes, point, elements: budget.elements - 1 }
}

/** Checks a message whose parts of some tags are passed over; only one field of these, unless it is repeated, may be there. */
function checkWithout(
  reader: ProtobufReader,
  { content, end }: FieldRange,
  schema: Schema,
  budget: Budget,
  isInner: (tag: number) => boolean,
): void {
  let dataTag = 0
  reader.seek(content, end)
  checkMessage(reader, schema, budget, (tag) => {
    if (!isInner(tag)) return false
    if (dataTag !== 0 && dataTag !== tag) throw malformed('a metric has more than one kind of data')
    dataTag = tag
    reader.skip(tag & 7)
    return true
  })
}

/** Every field but those that are inner, neighbours joined, and the last that is. */
function partsOf(
  reader: ProtobufReader,
  { content, end }: FieldRange,
  isInner: (tag: number) => boolean,
): { readonly others: readonly ByteRange[]; readonly inner: { tag: number; field: FieldRange } | undefined } {
  const others: ByteRange[] = []
  let inner: { tag: number; field: FieldRange } | undefined
  reader.seek(content, end)
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (isInner(tag)) {
      inner = { tag, field: readRange(reader, start) }
      continue
    }
    reader.skip(tag & 7)
    const last = others.at(-1)
    if (last?.end === start) others[others.length - 1] = { start: last.start, end: reader.pos }
    else if (others.length < MAX_HEAD_BYTES) others.push({ start, end: reader.pos })
    else throw tooLarge('fields around the points of a metric', MAX_HEAD_BYTES)
  }
  return { others, inner }
}

function sizeOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}
