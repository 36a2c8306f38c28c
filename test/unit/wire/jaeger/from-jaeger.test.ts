import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jaegerTraceToOtlp, MAX_JAEGER_SPANS } from '../../../../src/wire/jaeger/from-jaeger.ts'
import { JaegerError } from '../../../../src/wire/jaeger/jaeger-error.ts'
import { findAttribute } from '../../../../src/wire/otlp/attributes.ts'
import { decodeSpans, type DecodedSpan } from '../../../../src/wire/otlp/decode-traces.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'

type Json = Readonly<Record<string, unknown>>

const FILE = join(import.meta.dirname, '../../../fixtures/jaeger/checkout.json')
const checkout = (JSON.parse(readFileSync(FILE, 'utf8')) as { data: [unknown] }).data[0]

function convert(trace: unknown) {
  const { bytes, rejected } = jaegerTraceToOtlp(trace)
  const scan = scanOtlp('traces', bytes)
  expect(scan.rejected).toBeUndefined()
  const spans = decodeSpans(bytes)
  expect(scan.accepted).toBe(spans.length)
  return { spans, rejected }
}

const GOOD = { traceID: 'a1', spanID: 'b2', operationName: 'work', startTime: 1000, duration: 10, processID: 'p' }
/** The one span of a trace, made of what a good one has and these members. */
function spanWith(members: Json, processes: Json = {}): DecodedSpan {
  const { spans } = convert({ spans: [{ ...GOOD, ...members }], processes })
  return spans[0] as DecodedSpan
}
const tag = (key: string, type: string, value: unknown): Json => ({ key, type, value })

describe('a trace of Jaeger', () => {
  const { spans, rejected } = convert(checkout)
  const [shop, stock, mail] = spans as [DecodedSpan, DecodedSpan, DecodedSpan]

  test('[JG1] is taken whole, each process a resource with its tags', () => {
    expect(rejected).toBeUndefined()
    expect(
      spans.map(({ name, resource }) => [
        name,
        ...resource.attributes.map(({ key, value }) => `${key}=${value as string}`),
      ]),
    ).toEqual([
      ['GET /checkout', 'service.name=shop', 'hostname=till-1', 'pid=4711'],
      ['reserve', 'service.name=stock'],
      ['send mail', 'service.name=mail'],
    ])
  })

  test('[JG2] ids are padded, microseconds are nanoseconds', () => {
    expect(shop).toMatchObject({
      traceId: '00000000000000003c191d03fa8be065',
      spanId: '0000000da2b4e6f1',
      parentSpanId: undefined,
      startUnixNano: 1_795_370_400_000_123_000n,
      endUnixNano: 1_795_370_400_250_623_000n,
    })
  })

  test('[JG3] what OTLP has a place for goes there, and is no attribute any more', () => {
    expect(shop).toMatchObject({
      kind: 2,
      status: { code: 2, message: 'no stock' },
      traceState: 'vendor=1',
      scope: { name: 'shop.http', version: '2.1.0' },
      flags: 1,
    })
    expect(stock).toMatchObject({ kind: 3, status: { code: 0 }, flags: 1 })
    expect(mail).toMatchObject({ kind: 0, status: { code: 1 }, flags: 0 })
    expect(mail.attributes).toEqual([])
  })

  test('[JG4] tags keep their types and their order; what has no other place is under jaeger', () => {
    expect(shop.attributes).toEqual([
      { key: 'http.method', value: 'GET' },
      { key: 'http.status_code', value: 500n },
      { key: 'large', value: 9_007_199_254_740_993n },
      { key: 'ratio', value: 2 },
      { key: 'sampled', value: false },
      { key: 'payload', value: Uint8Array.of(0, 1, 2, 255) },
      { key: 'jaeger.warnings', value: ['clock skew adjusted'] },
      { key: 'jaeger.flags', value: 3n },
      { key: 'jaeger.trace.warnings', value: ['one span is missing'] },
    ])
  })

  test('[JG5] logs are events', () => {
    expect(shop.events).toEqual([
      { timeUnixNano: 1_795_370_400_100_000_000n, name: 'retry', attributes: [{ key: 'attempt', value: 2n }] },
      { timeUnixNano: 1_795_370_400_200_000_000n, name: 'log', attributes: [{ key: 'message', value: 'gave up' }] },
    ])
  })

  test('[JG6] references are a parent and links', () => {
    const link = (traceId: string, spanId: string, type: string) => ({
      traceId,
      spanId,
      traceState: '',
      flags: 0,
      attributes: [{ key: 'opentracing.ref_type', value: type }],
    })
    expect([stock.parentSpanId, stock.links]).toEqual([
      shop.spanId,
      [link('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'follows_from')],
    ])
    // What it follows from is the only one it could stand under, and stays told from a parent.
    expect([mail.parentSpanId, mail.links]).toEqual([stock.spanId, [link(mail.traceId, stock.spanId, 'follows_from')]])
  })
})

describe('spans of other shapes', () => {
  const other = { refType: 'CHILD_OF', traceID: 'ff', spanID: 'ee' }
  test.each([
    { name: 'a parent of an older version', members: { parentSpanID: 'c3' }, parent: '00000000000000c3', links: 0 },
    {
      name: 'a parent named both ways',
      members: { parentSpanID: 'c3', references: [{ ...other, traceID: 'a1' }] },
      parent: '00000000000000ee',
      links: 0,
    },
    { name: 'a parent in another trace', members: { references: [other] }, parent: undefined, links: 1 },
    {
      name: 'two parents',
      members: { references: [{ ...other, traceID: 'a1' }, other] },
      parent: '00000000000000ee',
      links: 1,
    },
    {
      name: 'a reference without an id',
      members: { references: [{ ...other, spanID: '' }, null, 7] },
      parent: undefined,
      links: 0,
    },
  ])('[JG6] $name', ({ members, parent, links }) => {
    const span = spanWith(members)
    expect([span.parentSpanId, span.links.length]).toEqual([parent, links])
  })

  test.each([
    { name: 'an unknown kind', tags: [tag('span.kind', 'string', 'proxy')], kept: ['span.kind'], status: 0 },
    { name: 'an error as a text', tags: [tag('error', 'string', 'true')], kept: ['error'], status: 2 },
    { name: 'no error', tags: [tag('error', 'bool', false)], kept: ['error'], status: 0 },
    {
      name: 'an error beside a status that is fine',
      tags: [tag('error', 'bool', true), tag('otel.status_code', 'string', 'OK')],
      kept: ['error'],
      status: 1,
    },
    {
      name: 'a status of another program',
      tags: [tag('otel.status_code', 'string', 'MAYBE')],
      kept: ['otel.status_code'],
      status: 0,
    },
    {
      name: 'a description without a status',
      tags: [tag('otel.status_description', 'string', 'x')],
      kept: ['otel.status_description'],
      status: 0,
    },
    {
      name: 'two tags of one name',
      tags: [tag('span.kind', 'string', 'client'), tag('span.kind', 'string', 'server')],
      kept: ['span.kind'],
      status: 0,
    },
  ])('[JG3] $name is not lost', ({ tags, kept, status }) => {
    const span = spanWith({ tags })
    expect(span.attributes.map(({ key }) => key)).toEqual(kept)
    expect(span.status.code).toBe(status)
  })

  test.each([
    { name: 'an int64 that is a fraction', type: 'int64', value: 1.5, expected: 1.5 },
    { name: 'an int64 in words', type: 'int64', value: 'many', expected: 'many' },
    { name: 'an int64 past 64 bits', type: 'int64', value: '9223372036854775808', expected: '9223372036854775808' },
    { name: 'the largest int64', type: 'int64', value: '9223372036854775807', expected: 9_223_372_036_854_775_807n },
    { name: 'a float64 as text', type: 'float64', value: '-1.5e3', expected: -1500 },
    { name: 'a bool as text', type: 'bool', value: 'true', expected: true },
    { name: 'binary that is none', type: 'binary', value: '{', expected: '{' },
    { name: 'a number without a type', type: '', value: 3, expected: 3n },
    { name: 'a list', type: 'string', value: [1], expected: '[1]' },
    { name: 'null', type: 'string', value: null, expected: null },
  ])('[JG4] $name is kept as what it is', ({ type, value, expected }) => {
    expect(findAttribute(spanWith({ tags: [tag('k', type, value)] }).attributes, 'k')).toEqual(expected)
  })

  test('[JG1] a span may bring its own process, or none', () => {
    expect(spanWith({ process: { serviceName: 'own' } }).resource.attributes).toEqual([
      { key: 'service.name', value: 'own' },
    ])
    expect(spanWith({}).resource.attributes).toEqual([])
    expect(spanWith({ processID: 'constructor' }).resource.attributes).toEqual([])
  })

  test('[JG2] a fraction of a microsecond is kept to the nanosecond', () => {
    expect(spanWith({ startTime: 1000.123, duration: 0.5 })).toMatchObject({
      startUnixNano: 1_000_123n,
      endUnixNano: 1_000_623n,
    })
  })
})

describe('what cannot be taken', () => {
  test.each([
    { name: 'no trace id', bad: { traceID: undefined }, code: 'JAEGER_BAD_ID' },
    { name: 'a trace id of 33 digits', bad: { traceID: '1'.repeat(33) }, code: 'JAEGER_BAD_ID' },
    { name: 'a span id of zeros', bad: { spanID: '000' }, code: 'JAEGER_BAD_ID' },
    { name: 'a span id that is no hex', bad: { spanID: 'xyz' }, code: 'JAEGER_BAD_ID' },
    { name: 'no start', bad: { startTime: null }, code: 'JAEGER_BAD_TIME' },
    { name: 'a start before 1970', bad: { startTime: -1 }, code: 'JAEGER_BAD_TIME' },
    { name: 'a start that is no number', bad: { startTime: 'noon' }, code: 'JAEGER_BAD_TIME' },
    { name: 'a negative duration', bad: { duration: -5 }, code: 'JAEGER_BAD_TIME' },
    { name: 'a log without a time', bad: { logs: [{}] }, code: 'JAEGER_BAD_TIME' },
  ])('[JG7] a span with $name is left out alone', ({ bad, code }) => {
    const { spans, rejected } = convert({ spans: [GOOD, { ...GOOD, ...bad }, { ...GOOD, spanID: 'c3' }] })
    expect(spans.map(({ spanId }) => spanId)).toEqual(['00000000000000b2', '00000000000000c3'])
    expect(rejected).toMatchObject({ count: 1, code })
  })

  test.each([
    { name: 'no object', value: null, code: 'JAEGER_NOT_A_TRACE' },
    { name: 'spans that are no list', value: { spans: {} }, code: 'JAEGER_NOT_A_TRACE' },
    { name: 'too many spans', value: { spans: Array(MAX_JAEGER_SPANS + 1).fill(null) }, code: 'JAEGER_TOO_LARGE' },
  ])('[JG7] $name is no trace', ({ value, code }) => {
    expect(() => jaegerTraceToOtlp(value)).toThrow(expect.objectContaining({ code }))
  })

  test('[JG7] as many spans as may be are each looked at', () => {
    expect(jaegerTraceToOtlp({ spans: Array(MAX_JAEGER_SPANS).fill(null) }).rejected?.count).toBe(MAX_JAEGER_SPANS)
  })

  test('[JG7] any JSON in the place of any member does no harm', () => {
    const members = fc.dictionary(
      fc.constantFrom(...Object.keys(GOOD), 'tags', 'logs', 'references', 'flags', 'warnings', 'process'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(members, fc.jsonValue(), (changed, processes) => {
        try {
          const { rejected, bytes } = jaegerTraceToOtlp({ spans: [{ ...GOOD, ...changed }], processes })
          expect(
            (rejected?.count ?? 0) +
              scanOtlp('traces', bytes).accepted +
              (scanOtlp('traces', bytes).rejected?.count ?? 0),
          ).toBe(1)
        } catch (err) {
          expect(err).toBeInstanceOf(JaegerError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
