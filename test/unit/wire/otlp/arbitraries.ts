/** Random but valid records for the round trips, and small builders for the tables. */
import fc from 'fast-check'
import type { SpanId, TraceId } from '../../../../src/model/ids.ts'
import { toSpanId, toTraceId } from '../../../../src/model/ids.ts'
import type { AttributeValue } from '../../../../src/wire/otlp/attributes.ts'
import type { LogRecordInput, SpanInput } from '../../../../src/wire/otlp/encode.ts'
import type { MetricInput } from '../../../../src/wire/otlp/write-metric.ts'
import { MAX_UNIX_NANO } from '../../../../src/wire/otlp/limits.ts'

export const TRACE_ID = toTraceId('5b8efff798038103d269b633813fc60c') as TraceId
export const SPAN_ID = toSpanId('eee19b7ec3c1b174') as SpanId

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const traceId = bytes(16).map((id) => toTraceId(id) ?? TRACE_ID)
const spanId = bytes(8).map((id) => toSpanId(id) ?? SPAN_ID)
const time = fc.bigInt({ min: 1n, max: MAX_UNIX_NANO })
const count = fc.nat({ max: 0xffff_ffff })
const double = fc.double()
/** Whole numbers travel as integers and come back as bigint. */
const fraction = double.filter((number) => !Number.isSafeInteger(number))

const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    text,
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fraction,
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.record({ key: text, value: tie('value') }), { maxLength: 4 }).map((entries) => ({ entries })),
  ),
}))
const attributes = fc.array(fc.record({ key: text, value }), { maxLength: 5 })

/** With every field set, so that what was decoded can be compared as a whole. */
export const span = fc.record({
  traceId,
  spanId,
  parentSpanId: fc.option(spanId, { nil: undefined }),
  traceState: text,
  name: text,
  kind: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  startUnixNano: time,
  endUnixNano: time,
  attributes,
  droppedAttributesCount: count,
  events: fc.array(fc.record({ timeUnixNano: time, name: text, attributes }), { maxLength: 3 }),
  droppedEventsCount: count,
  links: fc.array(fc.record({ traceId, spanId, traceState: text, attributes, flags: count }), { maxLength: 3 }),
  droppedLinksCount: count,
  status: fc.record({ code: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), message: text }),
  flags: count,
}) satisfies fc.Arbitrary<SpanInput>

export const logRecord = fc.record({
  timeUnixNano: time,
  observedUnixNano: time,
  severityNumber: fc.integer({ min: 0, max: 24 }),
  severityText: text,
  body: value,
  attributes,
  droppedAttributesCount: count,
  flags: count,
  traceId: fc.option(traceId, { nil: undefined }),
  spanId: fc.option(spanId, { nil: undefined }),
  eventName: text,
}) satisfies fc.Arbitrary<LogRecordInput>

const point = { attributes, startUnixNano: time, timeUnixNano: time }
const numberPoint = fc.record({
  ...point,
  value: fc.oneof(double, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
})
/** As a series can hold them: ascending bounds, and one count more or none. */
const buckets = fc.array(double, { maxLength: 5 }).chain((numbers) => {
  const bounds = [...new Set(numbers.filter((bound) => bound > -Infinity))].sort((a, b) => a - b)
  const counts = fc.array(count, { minLength: bounds.length + 1, maxLength: bounds.length + 1 })
  return fc.record({ explicitBounds: fc.constant(bounds), bucketCounts: fc.oneof(counts, fc.constant([])) })
})
const histogramPoint = fc
  .tuple(
    buckets,
    fc.record({
      ...point,
      count,
      sum: fc.option(double, { nil: undefined }),
      min: fc.option(double, { nil: undefined }),
      max: fc.option(double, { nil: undefined }),
    }),
  )
  .map(([shape, rest]) => ({ ...rest, ...shape }))
const temporality = fc.constantFrom(1, 2)
const points = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: 1, maxLength: 3 })
export const metric = fc.record({
  name: text,
  description: text,
  unit: text,
  data: fc.oneof(
    fc.record({ type: fc.constant('gauge' as const), points: points(numberPoint) }),
    fc.record({
      type: fc.constant('sum' as const),
      temporality,
      isMonotonic: fc.boolean(),
      points: points(numberPoint),
    }),
    fc.record({ type: fc.constant('histogram' as const), temporality, points: points(histogramPoint) }),
  ),
}) satisfies fc.Arbitrary<MetricInput>

export const batch = { resource: { attributes: { 'service.name': 'svc' } }, scope: { name: 'lib', version: '1' } }

export function plainSpan(change: Partial<SpanInput> = {}): SpanInput {
  return { traceId: TRACE_ID, spanId: SPAN_ID, name: 'work', kind: 1, startUnixNano: 1n, endUnixNano: 2n, ...change }
}
