import { describe, expect, test } from 'vitest'
import { MAX_SPAN_BUCKETS } from '../../../../src/model/metrics/distribution.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import type { Attributes } from '../../../../src/wire/otlp/attributes.ts'
import type {
  DecodedMetric,
  ExponentialPoint,
  HistogramPoint,
  MetricData,
  NumberPoint,
  SummaryPoint,
} from '../../../../src/wire/otlp/metric-types.ts'
import { otlpJsonToProtobuf } from '../../../../src/wire/otlp/from-json.ts'
import { MAX_EXPLICIT_BUCKETS, readSamples } from '../../../../src/wire/metrics/read-samples.ts'
import { identityText, parseIdentity } from '../../../../src/wire/metrics/series-identity.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const TIMES = { attributes: [], startUnixNano: 1_000_999_999n, timeUnixNano: 2_000_999_999n, flags: 0 }
const number = (value: NumberPoint['value'], more: Partial<NumberPoint> = {}): NumberPoint => ({
  ...TIMES,
  value,
  exemplars: [],
  ...more,
})
const histogram = (
  bucketCounts: readonly number[],
  explicitBounds: readonly number[],
  more: Partial<HistogramPoint> = {},
): HistogramPoint => {
  return { ...TIMES, count: 3, sum: 9, min: 1, max: 5, exemplars: [], bucketCounts, explicitBounds, ...more }
}
const exponential = (scale: number, bucketCounts: readonly number[], offset = 0): ExponentialPoint => {
  const sides = { positive: { offset, bucketCounts }, negative: { offset: 0, bucketCounts: [] } }
  return { ...TIMES, count: 3, sum: 9, min: 1, max: 5, exemplars: [], scale, zeroCount: 0, zeroThreshold: 0, ...sides }
}
const summary = (...quantiles: SummaryPoint['quantiles']): SummaryPoint => ({ ...TIMES, count: 3, sum: 9, quantiles })

function metric(data: MetricData, resource: Attributes = [], more: Partial<DecodedMetric> = {}): DecodedMetric {
  const scope = { name: 'lib', version: '1', attributes: [] }
  return {
    resource: { attributes: resource },
    scope,
    recordBytes: new Uint8Array(),
    name: 'm',
    description: '',
    unit: 's',
    data,
    ...more,
  }
}
const gauge = (...points: readonly NumberPoint[]): MetricData => ({ type: 'gauge', points })
const delta = (...points: readonly HistogramPoint[]): MetricData => ({ type: 'histogram', temporality: 1, points })
const read = (data: MetricData) => [...readSamples([metric(data)])]
const valueOf = (data: MetricData) => read(data)[0]?.sample.value

describe('points', () => {
  test('[ME10] have times in whole milliseconds', () => {
    expect(read(gauge(number(1)))[0]?.sample).toEqual({ timeMs: 2_000, startMs: 1_000, value: 1 })
  })
  const values = [
    { name: 'an integer', data: gauge(number(7n)), want: 7 },
    { name: 'infinity', data: gauge(number(Infinity)), want: Infinity },
    { name: 'NaN is no value', data: gauge(number(Number.NaN)), want: undefined },
    { name: 'no value is none', data: gauge(number(undefined)), want: undefined },
    { name: 'nor is one that says that none was recorded', data: gauge(number(0, { flags: 1 })), want: undefined },
    { name: 'other flags say nothing', data: gauge(number(3, { flags: 2 })), want: 3 },
    {
      name: 'a histogram',
      data: delta(histogram([1, 2], [5])),
      want: expect.objectContaining({ count: 3, sum: 9, min: 1, max: 5, buckets: [1, 2] }) as unknown,
    },
    {
      name: 'one without buckets',
      data: delta(histogram([], [], { sum: undefined })),
      want: expect.objectContaining({ count: 3, sum: Number.NaN, buckets: [] }) as unknown,
    },
    {
      name: 'one of more buckets than are kept',
      data: delta(
        histogram(
          Array<number>(MAX_EXPLICIT_BUCKETS + 1).fill(1),
          Array.from({ length: MAX_EXPLICIT_BUCKETS }, (_, i) => i),
        ),
      ),
      want: expect.objectContaining({ count: 3, buckets: [] }) as unknown,
    },
    {
      name: 'a summary, by quantile',
      data: { type: 'summary', points: [summary({ quantile: 0.9, value: 8 }, { quantile: 0.5, value: 4 })] } as const,
      want: expect.objectContaining({ quantiles: [4, 8] }) as unknown,
    },
  ]
  test.each(values)('[ME13] $name', ({ data, want }) => expect(valueOf(data)).toEqual(want))

  test('[ME13] exponential histograms keep as many buckets as a span has, at a coarser scale', () => {
    const of = (scale: number, counts: readonly number[], offset?: number) => {
      const value = valueOf({
        type: 'exponentialHistogram',
        temporality: 1,
        points: [exponential(scale, counts, offset)],
      })
      return typeof value === 'object' ? value.exponential : value
    }
    expect(of(2, [0, 1, 2, 0], -3)).toMatchObject({ scale: 2, positive: { offset: -2, counts: [1, 2] } })
    expect(of(2, Array<number>(MAX_SPAN_BUCKETS).fill(1))).toMatchObject({ scale: 2 })
    const coarser = of(2, Array<number>(MAX_SPAN_BUCKETS + 1).fill(1))
    expect(coarser).toMatchObject({ scale: 1, positive: { counts: { length: MAX_SPAN_BUCKETS / 2 + 1 } } })
    // Scales that no SDK has cost no more time than others.
    expect(of(2 ** 31 - 1, [1], 2 ** 31 - 1)).toMatchObject({ scale: 20, positive: { offset: 0, counts: [1] } })
  })

  const leftOut = [
    { name: 'without a time', data: gauge(number(1, { timeUnixNano: 0n })) },
    { name: 'of more counts than bounds have buckets', data: delta(histogram([1, 2, 3], [5])) },
    { name: 'of bounds that do not grow', data: delta(histogram([1, 2, 3], [5, 5])) },
    { name: 'of bounds that are no numbers', data: delta(histogram([1, 2], [Number.NaN])) },
    {
      name: 'of a scale below all',
      data: { type: 'exponentialHistogram', temporality: 1, points: [exponential(-11, [1])] } as const,
    },
  ]
  test.each(leftOut)('[ME04] $name are left out, the others stay', ({ data }) => {
    const metrics = [metric(data), metric(gauge(number(1)))]
    expect([...readSamples(metrics)].map((each) => each !== undefined)).toEqual([false, true])
  })
  test('[ME13] the official examples are read whole', () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'otlp', 'metrics.json')
    const { bytes } = otlpJsonToProtobuf('metrics', readFileSync(path, 'utf8'))
    const kinds = [...readSamples(decodeMetrics(bytes))].map(
      (each) => each && [each.identity.type, each.sample.value !== undefined],
    )
    expect(kinds).toEqual([
      ['sum', true],
      ['gauge', true],
      ['histogram', true],
      ['exponentialHistogram', true],
    ])
  })
})

describe('the identity of a series', () => {
  const text = (attributes: Attributes, resource: Attributes = [], more: Partial<DecodedMetric> = {}) =>
    [...readSamples([metric(gauge(number(1, { attributes })), resource, more)])][0]?.text
  const same = [
    {
      name: 'whatever order attributes are in',
      a: text([
        { key: 'a', value: 'x' },
        { key: 'b', value: 'y' },
      ]),
      b: text([
        { key: 'b', value: 'y' },
        { key: 'a', value: 'x' },
      ]),
    },
    {
      name: 'of repeated keys the first counts',
      a: text([{ key: 'a', value: 'x' }]),
      b: text([
        { key: 'a', value: 'x' },
        { key: 'a', value: 'y' },
      ]),
    },
    {
      name: 'whatever describes the resource',
      a: text([], [{ key: 'service.name', value: 's' }]),
      b: text(
        [],
        [
          { key: 'os.type', value: 'linux' },
          { key: 'service.name', value: 's' },
        ],
      ),
    },
    {
      name: 'the process, where there is an instance',
      a: text(
        [],
        [
          { key: 'service.instance.id', value: 'i' },
          { key: 'process.pid', value: 1n },
        ],
      ),
      b: text(
        [],
        [
          { key: 'service.instance.id', value: 'i' },
          { key: 'process.pid', value: 2n },
        ],
      ),
    },
    {
      name: 'description and version of the scope',
      a: text([]),
      b: text([], [], { description: 'd', scope: { name: 'lib', version: '2', attributes: [] } }),
    },
  ]
  test.each(same)('[ME06] is the same $name', ({ a, b }) => expect(a).toBe(b))
  const other = [
    { name: 'a text and a number', a: text([{ key: 'a', value: '1' }]), b: text([{ key: 'a', value: 1n }]) },
    { name: 'an integer and a double', a: text([{ key: 'a', value: 1 }]), b: text([{ key: 'a', value: 1n }]) },
    { name: 'units', a: text([]), b: text([], [], { unit: 'ms' }) },
    {
      name: 'processes without an instance',
      a: text([], [{ key: 'process.pid', value: 1n }]),
      b: text([], [{ key: 'process.pid', value: 2n }]),
    },
    { name: 'scopes', a: text([]), b: text([], [], { scope: { name: 'other', version: '1', attributes: [] } }) },
    {
      name: 'a key and its value, joined elsewhere',
      a: text([{ key: 'a', value: 'b","c' }]),
      b: text([{ key: 'a","b', value: 'c' }]),
    },
  ]
  test.each(other)('[ME06] differs: $name', ({ a, b }) => expect(a).not.toBe(b))
  test('[ME06] differs: bounds, temporality, kind', () => {
    const texts = [
      delta(histogram([1, 2], [5])),
      delta(histogram([1, 2], [6])),
      { type: 'histogram', temporality: 2, points: [histogram([1, 2], [5])] } as const,
      { type: 'histogram', temporality: 0, points: [histogram([1, 2], [5])] } as const,
      gauge(number(1)),
    ].map((data) => read(data)[0]?.text)
    // What has no temporality is taken for cumulative.
    expect(new Set(texts).size).toBe(4)
  })
  test('[ME06] comes back from its text', () => {
    const attributes: Attributes = [
      { key: 'list', value: ['a', 1n, { entries: [{ key: 'k', value: null }] }] },
      { key: 'bytes', value: Uint8Array.of(1, 255) },
      { key: 'double', value: -0 },
      { key: 'bool', value: false },
    ]
    const [one] = readSamples([metric(delta(histogram([1, 2, 0], [0.1, 1e300], { attributes })))])
    expect(parseIdentity(one?.text ?? '')).toEqual(one?.identity)
    expect(identityText(one?.identity as never)).toBe(one?.text)
  })
  test('[ME23] that cannot be read is a MetricBlockError', () => {
    for (const bad of ['', '{}', '[1]', '[2,"m","","gauge",false,false,[],"",[],[],[]]']) {
      expect(() => parseIdentity(bad)).toThrow(expect.objectContaining({ code: 'METRIC_BLOCK_MALFORMED' }))
    }
  })
})
