import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, digestOfScan, mergeDigests, type Digest } from '../../../../src/wire/index/digest.ts'
import { encodeTracesData, type SpanInput } from '../../../../src/wire/otlp/encode.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { spanIdOf, traceIdOf } from '../../../support/otlp-records.ts'
import { batch, plainSpan } from '../otlp/arbitraries.ts'

const scanSpans = (spans: readonly SpanInput[]) => scanOtlp('traces', encodeTracesData({ ...batch, spans }))
const digest = (...spans: readonly SpanInput[]): Digest => digestOfScan(scanSpans(spans))
const byId = ({ traces }: Digest) => new Map(traces.map((entry) => [entry.traceId, entry]))

function span(trace: number, id: number, change: Partial<SpanInput> = {}): SpanInput {
  const ids = { traceId: traceIdOf(trace), spanId: spanIdOf(id), parentSpanId: spanIdOf(99) }
  return plainSpan({ ...ids, name: `span ${id}`, startUnixNano: 100n, endUnixNano: 200n, ...change })
}

describe('digests', () => {
  test('[IX3] an entry covers the spans of one trace', () => {
    const found = byId(
      digest(
        span(1, 1, { startUnixNano: 50n, endUnixNano: 60n, status: { code: 2 } }),
        span(2, 2),
        span(1, 3, { parentSpanId: undefined, name: 'root', startUnixNano: 70n, endUnixNano: 900n }),
        span(1, 4, { parentSpanId: undefined, name: 'second root', startUnixNano: 10n, endUnixNano: 20n }),
      ),
    )
    expect(found.get(traceIdOf(1))).toEqual({
      traceId: traceIdOf(1),
      startUnixNano: 10n,
      endUnixNano: 900n,
      spans: 3,
      errors: 1,
      rootName: 'root',
    })
    expect(found.get(traceIdOf(2))).toMatchObject({ spans: 1, errors: 0, rootName: undefined })
  })

  test('[IX3] times and durations are exact over all 64 bits', () => {
    const late = 2n ** 63n - 1n
    const { minUnixNano, maxUnixNano, maxDurationNano } = digest(
      span(1, 1, { startUnixNano: 2n ** 32n - 1n, endUnixNano: 2n ** 32n + 5n }),
      span(1, 2, { startUnixNano: late - 3n, endUnixNano: late }),
      span(1, 3, { startUnixNano: 2n ** 40n, endUnixNano: 1n }),
    )
    expect({ minUnixNano, maxUnixNano, maxDurationNano }).toEqual({
      minUnixNano: 2n ** 32n - 1n,
      maxUnixNano: late,
      maxDurationNano: 6n,
    })
  })

  test('[IX3] merged digests are the digest of all records', () => {
    const spans = fc.array(
      fc
        .record({
          trace: fc.integer({ min: 1, max: 5 }),
          start: fc.bigInt({ min: 0n, max: 2n ** 40n }),
          length: fc.bigInt({ min: 0n, max: 2n ** 40n }),
          code: fc.nat({ max: 2 }),
          isRoot: fc.boolean(),
        })
        .map(({ trace, start, length, code, isRoot }) =>
          span(trace, 1, {
            startUnixNano: start,
            endUnixNano: start + length,
            status: { code },
            ...(isRoot && { parentSpanId: undefined, name: `root at ${start}` }),
          }),
        ),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(fc.array(spans, { minLength: 1, maxLength: 4 }), (batches) => {
        const merged = mergeDigests(batches.map((each) => digest(...each)))
        const whole = digest(...batches.flat())
        expect({ ...merged, traces: byId(merged) }).toEqual({ ...whole, traces: byId(whole) })
      }),
    )
  })

  test('[IX3] only the rows that are kept count', () => {
    const { columns } = scanSpans([span(1, 1, { name: 'gone', endUnixNano: 9_000n }), span(2, 2)])
    const kept = digestOf(columns, Uint32Array.of(1), [])
    expect(kept).toMatchObject({ records: 1, maxUnixNano: 200n, traces: [{ traceId: traceIdOf(2) }] })
    expect(kept).toMatchObject({ tokens: digestOf(scanSpans([span(2, 2)]).columns, Uint32Array.of(0), []).tokens })
  })

  test('[IX3] ten thousand traces in one chunk are told apart', () => {
    const spans = Array.from({ length: 10_000 }, (_, i) => span(i + 1, 1))
    expect(byId(digest(...spans)).size).toBe(10_000)
  })
})
