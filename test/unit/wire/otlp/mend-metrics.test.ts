import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../../src/base/bytes.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { MAX_ELEMENTS, MAX_HEAD_BYTES, MAX_RECORD_BYTES } from '../../../../src/wire/otlp/limits.ts'
import { mendMetrics } from '../../../../src/wire/otlp/mend-metrics.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { scanAtDoor } from '../../../../src/wire/otlp/scan-at-door.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { dataOf, field, fixed64, hex, varint } from './raw.ts'

const BAD_TEXT = hex('ff')
const label = (value: string | Uint8Array): Uint8Array => field(7, field(1, 'k'), field(2, field(1, value)))
const point = (time: bigint, ...parts: Uint8Array[]): Uint8Array => field(1, fixed64(3, time), ...parts)
const sum = (...points: Uint8Array[]): Uint8Array =>
  concat(field(1, 'calls'), field(3, '{call}'), field(7, ...points, varint(2, 1), varint(3, 1)))
const doubles = (...values: number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer)
const counts = (...values: bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(values).buffer)
const histogram = (bounds: Uint8Array, buckets: Uint8Array): Uint8Array =>
  concat(field(1, 'h'), field(9, point(5n, field(6, buckets), field(7, bounds)), varint(2, 2)))

/** What the door keeps: of each metric its name, unit, whether it is a delta, and the times of its points. */
function kept(bytes: Uint8Array) {
  return decodeMetrics(bytes).map(({ name, unit, data }) => ({
    name,
    unit,
    temporality: 'temporality' in data ? data.temporality : undefined,
    times: data.type === 'none' ? [] : data.points.map(({ timeUnixNano }) => timeUnixNano),
  }))
}

describe('a metric of which something cannot be kept', () => {
  test('[OT6] a bad point is left out alone: the others of its metric stay, with all that was around them', () => {
    const bytes = dataOf(sum(point(1n), point(2n, label(BAD_TEXT)), point(3n)), sum(point(4n)))
    expect(scanAtDoor('metrics', bytes)).toMatchObject({ accepted: 3, rejected: { count: 1, code: 'OTLP_BAD_TEXT' } })
    expect(kept(mendMetrics(bytes).bytes)).toEqual([
      { name: 'calls', unit: '{call}', temporality: 1, times: [1n, 3n] },
      { name: 'calls', unit: '{call}', temporality: 1, times: [4n] },
    ])
  })

  test('[OT6] a metric larger than a record is taken apart between its points, and none is lost', () => {
    const text = 'x'.repeat(1_000)
    const times = Array.from({ length: 3_000 }, (_, i) => BigInt(i + 1))
    const bytes = dataOf(sum(...times.map((time) => point(time, label(text)))))
    expect(bytes.length).toBeGreaterThan(3 * MAX_RECORD_BYTES)
    expect(scanAtDoor('metrics', bytes)).toMatchObject({ accepted: 3_000, rejected: undefined })
    const pieces = kept(mendMetrics(bytes).bytes)
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.flatMap((piece) => piece.times)).toEqual(times)
    expect(new Set(pieces.map(({ name, unit, temporality }) => `${name} ${unit} ${temporality}`))).toEqual(
      new Set(['calls {call} 1']),
    )
  })

  test('[OT6] points that fit a record each, but not its elements together, are taken apart too', () => {
    const wide = field(1, fixed64(2, 1n), fixed64(3, 1n), field(8, field(2, new Uint8Array(100_000))))
    const bytes = dataOf(field(10, wide, wide))
    expect(scanAtDoor('metrics', bytes)).toMatchObject({ accepted: 2, rejected: undefined })
  })

  const alone: readonly { name: string; metric: Uint8Array; code: string; count: number }[] = [
    {
      name: 'a name that is not text',
      metric: concat(field(1, BAD_TEXT), field(5, point(1n), point(2n))),
      code: 'OTLP_BAD_TEXT',
      count: 2,
    },
    {
      name: 'two kinds of data',
      metric: concat(field(5, point(1n)), field(7, point(1n))),
      code: 'OTLP_MALFORMED',
      count: 2,
    },
    { name: 'points cut off', metric: concat(field(1, 'm'), hex('2a 05 0a 09')), code: 'OTLP_MALFORMED', count: 1 },
    {
      name: 'a description too large to repeat',
      metric: concat(field(2, 'x'.repeat(MAX_HEAD_BYTES)), field(5, point(0n), point(2n))),
      code: 'OTLP_TOO_LARGE',
      count: 2,
    },
    {
      name: 'a single point that is too large',
      metric: field(5, point(1n, label('x'.repeat(MAX_RECORD_BYTES)))),
      code: 'OTLP_TOO_LARGE',
      count: 1,
    },
    {
      name: 'a single point of too many elements',
      metric: field(10, point(1n, field(8, field(2, new Uint8Array(MAX_ELEMENTS))))),
      code: 'OTLP_TOO_LARGE',
      count: 1,
    },
  ]
  test.each(alone)(
    '[OT6] a metric with $name is rejected with all its points, and no other',
    ({ metric, code, count }) => {
      const scan = scanAtDoor('metrics', dataOf(sum(point(1n)), metric))
      expect(scan).toMatchObject({ accepted: 1, rejected: { count, code } })
    },
  )

  test('[OT6] a good metric beside a bad one keeps its bytes', () => {
    const good = concat(field(2, 'x'.repeat(2 * MAX_HEAD_BYTES)), field(5, point(1n), field(99, 'unknown')))
    const { bytes } = mendMetrics(dataOf(good, sum(point(0n))))
    expect(bytes).toEqual(dataOf(good))
  })
})

describe('a point that no series could hold', () => {
  const shapes: readonly { name: string; bounds: Uint8Array; buckets: Uint8Array; isTaken: boolean }[] = [
    {
      name: 'with ascending bounds and a count more is taken',
      bounds: doubles(1, 2),
      buckets: counts(1n, 1n, 1n),
      isTaken: true,
    },
    { name: 'without buckets is taken', bounds: doubles(1, 2), buckets: counts(), isTaken: true },
    {
      name: 'with an infinite last bound is taken',
      bounds: doubles(1, Infinity),
      buckets: counts(1n, 1n, 0n),
      isTaken: true,
    },
    { name: 'with bounds out of order is refused', bounds: doubles(2, 1), buckets: counts(1n, 1n, 1n), isTaken: false },
    {
      name: 'with the same bound twice is refused',
      bounds: doubles(1, 1),
      buckets: counts(1n, 1n, 1n),
      isTaken: false,
    },
    {
      name: 'with a bound that is no number is refused',
      bounds: doubles(Number.NaN),
      buckets: counts(1n, 1n),
      isTaken: false,
    },
    {
      name: 'with as many counts as bounds is refused',
      bounds: doubles(1, 2),
      buckets: counts(1n, 1n),
      isTaken: false,
    },
  ]
  test.each(shapes)('[OT13] a histogram $name', ({ bounds, buckets, isTaken }) => {
    const scan = scanAtDoor('metrics', dataOf(histogram(bounds, buckets), sum(point(1n))))
    if (isTaken) expect(scan).toMatchObject({ accepted: 2, rejected: undefined })
    else expect(scan).toMatchObject({ accepted: 1, rejected: { count: 1, code: 'OTLP_BAD_POINT' } })
  })

  test('[OT13] a point without a time, or an exponential histogram of a scale that none has, is refused', () => {
    const scaled = (scale: number): Uint8Array => field(10, point(1n, varint(6, -2 * scale - 1)))
    expect(scanAtDoor('metrics', dataOf(sum(point(0n), point(1n))))).toMatchObject({
      accepted: 1,
      rejected: { count: 1 },
    })
    expect(scanAtDoor('metrics', dataOf(scaled(-10)))).toMatchObject({ accepted: 1 })
    expect(scanAtDoor('metrics', dataOf(scaled(-11)))).toMatchObject({
      accepted: 0,
      rejected: { code: 'OTLP_BAD_POINT' },
    })
  })

  test('[OT13] what was taken before stays readable: segments are not judged by it', () => {
    expect(scanOtlp('metrics', dataOf(histogram(doubles(2, 1), counts(1n, 1n, 1n))))).toMatchObject({ accepted: 1 })
  })
})

describe('hostile metrics', () => {
  test('[OT9] any bytes in place of points are a scan or an OtlpError, and what is kept passes the scan', () => {
    const mutated = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(5, 7, 9, 10, 11))
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 4 }), (list) => {
        const bytes = dataOf(
          sum(point(1n)),
          ...list.map(([content, number]) => field(number, field(1, content))),
          utf8(''),
        )
        try {
          scanOtlp('metrics', bytes)
          const mended = mendMetrics(bytes)
          expect(scanOtlp('metrics', mended.bytes).rejected).toBeUndefined()
        } catch (err) {
          if (!(err instanceof OtlpError)) throw err
        }
      }),
    )
  })
})
