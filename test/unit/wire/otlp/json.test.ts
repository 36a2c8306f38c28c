import { describe, expect, test } from 'vitest'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { otlpJsonToProtobuf } from '../../../../src/wire/otlp/from-json.ts'
import { MAX_JSON_DEPTH, MAX_JSON_OBJECTS, MAX_OTLP_BYTES } from '../../../../src/wire/otlp/limits.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { metricsToJson, tracesToJson } from '../../../../src/wire/otlp/to-json.ts'
import { SPAN_ID, TRACE_ID } from './arbitraries.ts'
import { otelJs, officialExample } from './fixtures.ts'

const IDS = `"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}"`
/** A traces document around the fields of one span, given as JSON text. */
const spanWith = (fields: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{${IDS},"name":"first"},{${IDS},${fields}},{${IDS},"name":"last"}]}]}]}`
const valueWith = (value: string): string => spanWith(`"attributes":[{"key":"k","value":${value}}]`)

describe('OTLP/JSON in', () => {
  test.each([
    { name: 'trace', signal: 'traces', accepted: 1 },
    { name: 'logs', signal: 'logs', accepted: 1 },
    { name: 'events', signal: 'logs', accepted: 1 },
    { name: 'metrics', signal: 'metrics', accepted: 4 },
  ] as const)('[OT10] the official example $name is taken whole', ({ name, signal, accepted }) => {
    const { bytes, rejected } = otlpJsonToProtobuf(signal, officialExample(name))
    expect(rejected).toBeUndefined()
    const scan = scanOtlp(signal, bytes)
    expect(scan).toMatchObject({ accepted, rejected: undefined, resources: [{ serviceName: 'my.service' }] })
  })

  test('[OT10] the official trace says what it says', () => {
    const { bytes } = otlpJsonToProtobuf('traces', officialExample('trace'))
    expect(decodeSpans(bytes)).toMatchObject([
      {
        resource: { attributes: [{ key: 'service.name', value: 'my.service' }] },
        scope: { name: 'my.library', version: '1.0.0', attributes: [{ key: 'my.scope.attribute' }] },
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        parentSpanId: 'eee19b7ec3c1b173',
        name: "I'm a server span",
        kind: 2,
        startUnixNano: 1544712660000000000n,
        endUnixNano: 1544712661000000000n,
        attributes: [{ key: 'my.span.attr', value: 'some value' }],
      },
    ])
  })

  test('[OT10] the official log says what it says, in a value of every kind', () => {
    const { bytes } = otlpJsonToProtobuf('logs', officialExample('logs'))
    expect(decodeLogRecords(bytes)).toMatchObject([
      {
        severityNumber: 10,
        severityText: 'Information',
        body: 'Example log record',
        attributes: [
          { value: 'some string' },
          { value: true },
          { value: 10n },
          { value: 637.704 },
          { value: ['many', 'values'] },
          { value: { entries: [{ key: 'some.map.key', value: 'some value' }] } },
        ],
      },
    ])
  })

  test.each([
    { name: 'no resources', text: '{}' },
    { name: 'resources that are null', text: '{"resourceSpans":null}' },
    { name: 'names in snake_case, which are unknown', text: '{"resource_spans":[{"bad":1}]}' },
    { name: 'scopes that are null', text: '{"resourceSpans":[{"resource":null,"scopeSpans":null}]}' },
  ])('[OT10] $name is an empty message', ({ text }) => {
    const { bytes, rejected } = otlpJsonToProtobuf('traces', text)
    expect(rejected).toBeUndefined()
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 0, rejected: undefined })
  })

  test.each([
    { name: 'unknown fields', fields: '"later":{"x":[1]},"start_time_unix_nano":"5"', expected: { startUnixNano: 0n } },
    { name: 'null for absent', fields: '"name":null,"attributes":null', expected: { name: '', attributes: [] } },
    {
      name: 'a time as a string',
      fields: '"startTimeUnixNano":"1544712660000000001"',
      expected: { startUnixNano: 1544712660000000001n },
    },
    {
      name: 'a time as a number, to the last digit',
      fields: '"startTimeUnixNano":1544712660000000001',
      expected: { startUnixNano: 1544712660000000001n },
    },
    { name: 'a small time as a number', fields: '"startTimeUnixNano":5', expected: { startUnixNano: 5n } },
    { name: 'a 32-bit number as a string', fields: '"droppedEventsCount":"7"', expected: { droppedEventsCount: 7 } },
    { name: 'an enum of a later version', fields: '"kind":99', expected: { kind: 99 } },
    { name: 'a parent that is empty', fields: '"parentSpanId":""', expected: { parentSpanId: undefined } },
    {
      name: 'ids in upper case',
      fields: `"parentSpanId":"${SPAN_ID.toUpperCase()}"`,
      expected: { parentSpanId: SPAN_ID },
    },
    { name: 'all 32 bits of flags', fields: '"flags":4294967295', expected: { flags: 4294967295 } },
    { name: 'text beyond ASCII', fields: '"name":"sp\\u00e4n \\ud83d\\ude00"', expected: { name: 'spän 😀' } },
  ])('[OT10] a span with $name is taken', ({ fields, expected }) => {
    const { bytes, rejected } = otlpJsonToProtobuf('traces', spanWith(fields))
    expect(rejected).toBeUndefined()
    expect(decodeSpans(bytes)[1]).toMatchObject(expected)
  })

  test.each([
    { name: 'an empty value', value: '{}', expected: null },
    { name: 'an integer as a string', value: '{"intValue":"-9223372036854775808"}', expected: -(2n ** 63n) },
    { name: 'an integer as a large number', value: '{"intValue":9223372036854775807}', expected: 2n ** 63n - 1n },
    { name: 'an integer as a small number', value: '{"intValue":7}', expected: 7n },
    { name: 'a double', value: '{"doubleValue":1e3}', expected: 1000 },
    {
      name: 'a double as a large whole number',
      value: '{"doubleValue":1234567890123456789}',
      expected: 1234567890123456800,
    },
    { name: 'a double as a string', value: '{"doubleValue":"1.5"}', expected: 1.5 },
    { name: 'NaN', value: '{"doubleValue":"NaN"}', expected: Number.NaN },
    { name: 'minus infinity', value: '{"doubleValue":"-Infinity"}', expected: -Infinity },
    { name: 'bytes', value: '{"bytesValue":"AQL/"}', expected: new Uint8Array([1, 2, 255]) },
    {
      name: 'bytes, URL-safe and without padding',
      value: '{"bytesValue":"_-8"}',
      expected: new Uint8Array([255, 239]),
    },
    { name: 'an empty array', value: '{"arrayValue":{}}', expected: [] },
    { name: 'an empty map', value: '{"kvlistValue":{"values":[]}}', expected: { entries: [] } },
  ])('[OT10] $name is a value', ({ value, expected }) => {
    const { bytes } = otlpJsonToProtobuf('traces', valueWith(value))
    expect(decodeSpans(bytes)[1]?.attributes).toEqual([{ key: 'k', value: expected }])
  })

  test.each([
    { name: 'with an exponent, as JavaScript writes it', value: '{"intValue":1e+21}', expected: 1e21 },
    { name: 'the largest of all', value: '{"intValue":1.7976931348623157e308}', expected: Number.MAX_VALUE },
    { name: 'in digits, as JavaScript writes it', value: '{"intValue":100000000000000000000}', expected: 1e20 },
    {
      name: 'the first beyond 64 bits, as JavaScript writes it',
      value: '{"intValue":9223372036854776000}',
      expected: 2 ** 63,
    },
    { name: 'below zero', value: '{"intValue":-100000000000000000000}', expected: -1e20 },
    { name: 'as a string of digits of a double', value: '{"intValue":"100000000000000000000"}', expected: 1e20 },
    {
      name: 'that no double is written as',
      value: '{"intValue":18446744073709551615}',
      expected: '18446744073709551615',
    },
    { name: 'one beyond', value: '{"intValue":"9223372036854775808"}', expected: '9223372036854775808' },
    { name: 'one beyond, below zero', value: '{"intValue":"-9223372036854775809"}', expected: '-9223372036854775809' },
    { name: 'of many digits', value: `{"intValue":${'7'.repeat(400)}}`, expected: '7'.repeat(400) },
    { name: 'in a list', value: '{"arrayValue":{"values":[{"intValue":1e21},{"intValue":1}]}}', expected: [1e21, 1n] },
  ])('[OT14] an integer of more than 64 bits is kept: $name', ({ value, expected }) => {
    const { bytes, rejected } = otlpJsonToProtobuf('traces', valueWith(value))
    expect(rejected).toBeUndefined()
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 3, rejected: undefined })
    expect(decodeSpans(bytes)[1]?.attributes).toEqual([{ key: 'k', value: expected }])
  })

  test('[OT14] a point’s is kept as a double, and refused alone where it is none', () => {
    const exemplar = '"exemplars":[{"asInt":1e21}]'
    const points = `[{"asInt":1e+21,${exemplar}},{"asInt":"18446744073709551615"},{"asInt":2}]`
    const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":${points}}}]}]}]}`
    const { bytes, rejected } = otlpJsonToProtobuf('metrics', text)
    expect(rejected).toMatchObject({ count: 1, code: 'OTLP_JSON' })
    expect(decodeMetrics(bytes)).toMatchObject([
      { data: { points: [{ value: 1e21, exemplars: [{ value: 1e21 }] }, { value: 2n }] } },
    ])
  })

  test.each([
    { name: 'an id that is not hex', fields: '"traceId":"W47/95gDgQPSabYzgT/GDA=="', code: 'OTLP_BAD_ID' },
    { name: 'an id of an odd number of digits', fields: '"parentSpanId":"abc"', code: 'OTLP_BAD_ID' },
    { name: 'an enum as a word', fields: '"kind":"SPAN_KIND_SERVER"', code: 'OTLP_JSON' },
    { name: 'an enum as a string of digits', fields: '"kind":"2"', code: 'OTLP_JSON' },
    { name: 'an enum past 32 bits', fields: '"kind":2147483648', code: 'OTLP_JSON' },
    { name: 'a name that is a number', fields: '"name":5', code: 'OTLP_JSON' },
    { name: 'a time with a fraction', fields: '"startTimeUnixNano":1.5', code: 'OTLP_JSON' },
    { name: 'a time below zero', fields: '"startTimeUnixNano":"-1"', code: 'OTLP_JSON' },
    { name: 'a time past 64 bits', fields: '"startTimeUnixNano":"18446744073709551616"', code: 'OTLP_JSON' },
    { name: 'a time of a thousand digits', fields: `"startTimeUnixNano":"${'1'.repeat(1000)}"`, code: 'OTLP_JSON' },
    { name: 'a time in words', fields: '"startTimeUnixNano":"2018-12-13T14:51:00Z"', code: 'OTLP_JSON' },
    {
      name: 'an integer with a fraction',
      fields: '"attributes":[{"key":"k","value":{"intValue":1e-7}}]',
      code: 'OTLP_JSON',
    },
    { name: 'a count below zero', fields: '"droppedEventsCount":-1', code: 'OTLP_JSON' },
    { name: 'flags past 32 bits', fields: '"flags":4294967296', code: 'OTLP_JSON' },
    { name: 'attributes that are a map', fields: '"attributes":{"k":"v"}', code: 'OTLP_JSON' },
    { name: 'an attribute that is null', fields: '"attributes":[null]', code: 'OTLP_JSON' },
    { name: 'a status that is an array', fields: '"status":[]', code: 'OTLP_JSON' },
    { name: 'a bare value', fields: '"attributes":[{"key":"k","value":"v"}]', code: 'OTLP_JSON' },
    {
      name: 'bytes that are not base64',
      fields: '"attributes":[{"key":"k","value":{"bytesValue":"a*"}}]',
      code: 'OTLP_JSON',
    },
    {
      name: 'a boolean as a string',
      fields: '"attributes":[{"key":"k","value":{"boolValue":"true"}}]',
      code: 'OTLP_JSON',
    },
    {
      name: 'a double as a word',
      fields: '"attributes":[{"key":"k","value":{"doubleValue":"many"}}]',
      code: 'OTLP_JSON',
    },
  ])('[OT10] a span with $name is left out alone and counted', ({ fields, code }) => {
    const { bytes, rejected } = otlpJsonToProtobuf('traces', spanWith(fields))
    expect(rejected).toMatchObject({ count: 1, code, message: expect.any(String) })
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 2, rejected: undefined })
    expect(decodeSpans(bytes).map(({ name }) => name)).toEqual(['first', 'last'])
  })

  test('[OT10] ids of a wrong length are hex, and left to the scan', () => {
    const { bytes, rejected } = otlpJsonToProtobuf('traces', spanWith(`"traceId":"${TRACE_ID}0102030405060708"`))
    expect(rejected).toBeUndefined()
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 2, rejected: { count: 1, code: 'OTLP_BAD_ID' } })
  })

  test('[OT10] a bad resource takes its own records with it and no others', () => {
    const scope = `"scopeSpans":[{"spans":[{${IDS}}]},{"spans":[{${IDS}}]}]`
    const text = `{"resourceSpans":[{"resource":{"attributes":5},${scope}},{${scope}}]}`
    const { bytes, rejected } = otlpJsonToProtobuf('traces', text)
    expect(rejected).toMatchObject({ count: 2, code: 'OTLP_JSON' })
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 2, rejected: undefined })
  })

  test('[OT10] a bad point is left out alone; a metric bad besides counts its points', () => {
    const gauge = '"gauge":{"dataPoints":[{"asInt":"1"},{"asInt":"x"},{"asInt":"2"},null]}'
    const text = (name: string): string =>
      `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":${name},${gauge}},5]}]}]}`
    const { bytes, rejected } = otlpJsonToProtobuf('metrics', text('"m"'))
    expect(rejected).toMatchObject({ count: 3, code: 'OTLP_JSON' })
    expect(scanOtlp('metrics', bytes)).toMatchObject({ accepted: 2, rejected: undefined })
    expect(otlpJsonToProtobuf('metrics', text('7')).rejected).toMatchObject({ count: 5, code: 'OTLP_JSON' })
  })

  test('[OT10] scale and offset of an exponential histogram may be negative', () => {
    const point =
      '{"scale":-3,"positive":{"offset":-2147483648,"bucketCounts":["5",6]},"negative":{"offset":2147483647}}'
    const metric = `{"exponentialHistogram":{"dataPoints":[${point}]}}`
    const { bytes } = otlpJsonToProtobuf('metrics', `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}]}]}]}`)
    expect(decodeMetrics(bytes)).toMatchObject([
      {
        data: {
          points: [
            { scale: -3, positive: { offset: -(2 ** 31), bucketCounts: [5, 6] }, negative: { offset: 2 ** 31 - 1 } },
          ],
        },
      },
    ])
  })

  test.each([
    { name: 'no JSON', text: 'traces' },
    { name: 'JSON cut short', text: '{"resourceSpans":[' },
    { name: 'an empty text', text: '' },
    { name: 'an array', text: '[]' },
    { name: 'null', text: 'null' },
    { name: 'resources that are an object', text: '{"resourceSpans":{}}' },
    { name: 'a resource that is a number', text: '{"resourceSpans":[5]}' },
    { name: 'scopes that are text', text: '{"resourceSpans":[{"scopeSpans":"x"}]}' },
    { name: 'spans that are an object', text: '{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}' },
  ])('[OT10] $name is refused as a whole', ({ text }) => {
    expect(() => otlpJsonToProtobuf('traces', text)).toThrow(expect.objectContaining({ code: 'OTLP_JSON' }))
  })

  test('[OT10] what is said of a broken document does not quote it', () => {
    const secret = '{"password":hunter2}'
    expect(() => otlpJsonToProtobuf('traces', secret)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2'), cause: undefined }),
    )
  })

  test('[OT10] a key named __proto__ is an unknown field like any other', () => {
    const { bytes } = otlpJsonToProtobuf('traces', spanWith('"__proto__":{"name":"x"}'))
    expect(decodeSpans(bytes)[1]?.name).toBe('')
  })
})

describe('limits of OTLP/JSON', () => {
  const arrays = (depth: number): string => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  test('[OT4] JSON nests to its limit and no deeper, before it is parsed', () => {
    expect(otlpJsonToProtobuf('traces', arrays(MAX_JSON_DEPTH)).rejected).toBeUndefined()
    for (const text of [arrays(MAX_JSON_DEPTH + 1), '['.repeat(100_000)]) {
      expect(() => otlpJsonToProtobuf('traces', text)).toThrow(expect.objectContaining({ code: 'OTLP_TOO_DEEP' }))
    }
  })

  test('[OT4] brackets inside strings do not count', () => {
    const text = `{"a":"${'['.repeat(MAX_JSON_DEPTH + 1)}","b":"\\"${'{'.repeat(MAX_JSON_DEPTH + 1)}"}`
    expect(otlpJsonToProtobuf('traces', text).rejected).toBeUndefined()
  })

  test('[OT4] too many objects are refused before they are parsed', () => {
    const text = `{"x":[${'[],'.repeat(MAX_JSON_OBJECTS)}0]}`
    expect(() => otlpJsonToProtobuf('traces', text)).toThrow(expect.objectContaining({ code: 'OTLP_TOO_LARGE' }))
  })

  test('[OT4] a document over the size limit is refused unread', () => {
    const text = ' '.repeat(MAX_OTLP_BYTES + 1)
    expect(() => otlpJsonToProtobuf('traces', text)).toThrow(expect.objectContaining({ code: 'OTLP_TOO_LARGE' }))
  })
})

describe('OTLP/JSON out', () => {
  test('[OT11] an official example comes back as it was, ids in lower case', () => {
    const example = officialExample('trace')
    const { bytes } = otlpJsonToProtobuf('traces', example)
    const lowered = example.replace(/"[0-9A-F]{16,32}"/g, (id) => id.toLowerCase())
    expect(tracesToJson(bytes)).toEqual(JSON.parse(lowered))
  })

  test('[OT11] the official metrics come back as they were', () => {
    const example = officialExample('metrics')
    expect(metricsToJson(otlpJsonToProtobuf('metrics', example).bytes)).toEqual(JSON.parse(example))
  })

  test('[OT11] gauges of no finite number go out and come back as they came', () => {
    const points = ['NaN', 'Infinity', '-Infinity', '-0'].map((asDouble) => ({ asDouble }))
    const metric = { name: 'm', gauge: { dataPoints: points } }
    const text = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] })
    const { bytes } = otlpJsonToProtobuf('metrics', text)
    expect(JSON.parse(JSON.stringify(metricsToJson(bytes)))).toMatchObject(JSON.parse(text) as object)
    const back = otlpJsonToProtobuf('metrics', JSON.stringify(metricsToJson(bytes)))
    expect(back.bytes).toEqual(bytes)
  })

  test('[OT11] packed numbers come out as lists of strings', () => {
    const text = JSON.stringify(metricsToJson(otelJs('metrics')))
    expect(text).toContain('"bucketCounts":["1","0","1"],"explicitBounds":[2,3]')
    expect(text).toContain('"positive":{"offset":-2,"bucketCounts":["100","200"]}')
  })
})
