/** Random records and conditions out of few words, so that they often meet; hostile ones among them. */
import fc from 'fast-check'
import type { Condition, SearchLane } from '../../../../src/query/search/condition.ts'
import { SearchError } from '../../../../src/query/search/search-error.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import type { AttributeValue } from '../../../../src/wire/otlp/attributes.ts'
import type { LogsInput, TracesInput } from '../../../../src/wire/otlp/encode.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'

const KEYS = ['service.name', 'http.status', 'exception.message', 'ok', 'schlüssel', 'name', 'aico.topic']
const TEXTS = [
  'frontend',
  'Connection refused by peer',
  'connection_refused',
  '200',
  '200.0',
  '-0',
  '5e2',
  'true',
  'ÜBER die Straße',
  'die straße über',
  'KELVIN \u212A',
  'x'.repeat(70),
  `${'x'.repeat(64)} y`,
  'a'.repeat(200),
  'word word other',
  '',
]

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.boolean(),
  fc.constantFrom(200n, 0n, -7n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.constantFrom(200, 0.5, -0, 2 ** 53, Number.NaN, Infinity, 1e300),
  fc.constant(null),
  fc.uint8Array({ maxLength: 4 }),
)
const anyValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxLength: 3 }),
  fc
    .array(fc.record({ key: fc.constantFrom(...KEYS), value: scalar }), { maxLength: 2 })
    .map((entries) => ({ entries })),
)
const attributes = fc.array(fc.record({ key: fc.constantFrom(...KEYS), value: anyValue }), { maxLength: 4 })
const text = fc.constantFrom(...TEXTS)
const offset = fc.constantFrom(0n, 1n, 999n, 2n ** 32n - 1n, 2n ** 32n, 200_000_000n, 10n ** 15n)

export const tracesInputs: fc.Arbitrary<TracesInput> = fc.record({
  resource: fc.record({ attributes }),
  scope: fc.record({ name: text, attributes }),
  spans: fc.array(
    fc.record({
      traceId: fc.integer({ min: 1, max: 20 }).map(traceIdOf),
      spanId: fc.integer({ min: 1, max: 9 }).map(spanIdOf),
      name: text,
      kind: fc.integer({ min: 0, max: 7 }),
      startUnixNano: offset.map((nanos) => T0_NANO + nanos),
      endUnixNano: offset.map((nanos) => T0_NANO + nanos),
      attributes,
      events: fc.array(fc.record({ timeUnixNano: fc.constant(1n), name: text, attributes }), { maxLength: 2 }),
      status: fc.record({ code: fc.integer({ min: 0, max: 4 }), message: text }),
    }),
    { maxLength: 4 },
  ),
})

export const logsInputs: fc.Arbitrary<LogsInput> = fc.record({
  resource: fc.record({ attributes }),
  scope: fc.record({ name: text, attributes }),
  logRecords: fc.array(
    fc.record({
      timeUnixNano: fc.oneof(
        fc.constant(0n),
        offset.map((nanos) => T0_NANO + nanos),
      ),
      observedUnixNano: offset.map((nanos) => T0_NANO + nanos),
      severityNumber: fc.integer({ min: -1, max: 26 }),
      body: anyValue,
      attributes,
      traceId: fc.option(fc.integer({ min: 1, max: 20 }).map(traceIdOf), { nil: undefined }),
      eventName: text,
    }),
    { maxLength: 4 },
  ),
})

const operators = fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '~', '!~', 'exists', 'missing')
const typed = fc.oneof(
  text,
  fc.constantFrom<string | number | boolean>(
    200,
    0,
    0.5,
    -7,
    2 ** 53,
    1e300,
    true,
    false,
    'REFUSED',
    'straße',
    'xx',
    'k',
  ),
)
const attributeCondition = fc.record({ attribute: fc.constantFrom(...KEYS), op: operators, value: typed })
const fieldCondition = fc.oneof(
  fc.record({ field: fc.constantFrom('name', 'service', 'module', 'session', 'text'), op: operators, value: typed }),
  fc.record({
    field: fc.constant('trace'),
    op: fc.constantFrom('=', '!='),
    value: fc.constantFrom('0000', '00000000000000000000000000000001', traceIdOf(7)),
  }),
  fc.record({
    field: fc.constant('topic'),
    op: fc.constantFrom('=', '!=', '~', '!~'),
    value: fc.constantFrom('die ', 'word', 'x'.repeat(70), 'ÜBER'),
  }),
  fc.record({ field: fc.constant('device'), op: fc.constantFrom('=', '!='), value: fc.constantFrom('de', 'ab') }),
)
export const spanConditions = fc.array(
  fc.oneof(
    attributeCondition,
    fieldCondition,
    fc.record({
      field: fc.constant('kind'),
      op: fc.constantFrom('=', '!='),
      value: fc.constantFrom('internal', 'server', 'consumer'),
    }),
    fc.record({
      field: fc.constant('status'),
      op: fc.constantFrom('=', '!='),
      value: fc.constantFrom('unset', 'ok', 'error'),
    }),
    fc.record({
      field: fc.constant('duration'),
      op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      value: fc.constantFrom('0ns', '999ns', '200ms', '4294967295ns', '4.294967296s', '277h'),
    }),
  ),
  { maxLength: 3 },
)
export const logConditions = fc.array(
  fc.oneof(
    attributeCondition,
    fieldCondition,
    fc.record({
      field: fc.constant('severity'),
      op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      value: fc.constantFrom('trace', 'warn', 'fatal', '9', '24'),
    }),
  ),
  { maxLength: 3 },
)
export const times = fc.option(
  offset.map((nanos) => T0_NANO + nanos),
  { nil: undefined },
)

/** Of random conditions, those that can be meant. */
export function conditionsOf(where: readonly object[], lane: SearchLane): readonly Condition[] {
  return where.flatMap((each) => {
    const { op, value } = each as { op: string; value: unknown }
    const isAny = op === 'exists' || op === 'missing'
    try {
      return readSearchQuery({ where: [{ ...each, value: isAny ? undefined : value }] }, lane, 0).conditions
    } catch (err) {
      if (err instanceof SearchError) return []
      throw err
    }
  })
}
