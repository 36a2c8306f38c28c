import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StatisticsList as StatisticsView } from '../../../../src/agent/http-types/search.ts'
import { ChunkCache, MAX_CACHE_BYTES } from '../../../../src/query/search/chunk-cache.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import {
  MAX_GROUPS,
  spanStatistics,
  type StatisticsDeps,
  type StatisticsList,
} from '../../../../src/query/search/span-statistics.ts'
import { encodeTracesData, type SpanInput } from '../../../../src/wire/otlp/encode.ts'
import { finish } from '../../../support/finish.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'
import { deviceId } from '../make-chunk.ts'
import { FakeSource, searchDeps, type FakeChunk } from './fake-source.ts'

const T0_MS = Number(T0_NANO / 1_000_000n)

interface SpanWords {
  readonly name?: string
  readonly tookMs?: number
  readonly startMs?: number
  readonly kind?: number
  readonly isError?: boolean
}

let spans = 0
function chunk(service: string | undefined, words: readonly SpanWords[], module = 'app'): FakeChunk {
  const inputs = words.map(({ name = 'work', tookMs = 1, startMs = 0, kind = 2, isError = false }): SpanInput => {
    const startUnixNano = T0_NANO + BigInt(Math.round(startMs * 1e6))
    return {
      traceId: traceIdOf(++spans),
      spanId: spanIdOf(spans),
      name,
      kind,
      startUnixNano,
      endUnixNano: startUnixNano + BigInt(Math.round(tookMs * 1e6)),
      status: { code: isError ? 2 : 0 },
    }
  })
  const attributes = service === undefined ? {} : { 'service.name': service }
  const payload = encodeTracesData({ resource: { attributes }, scope: { name: 'test' }, spans: inputs })
  return { deviceId: deviceId('laptop'), module, payload }
}

function ask(deps: StatisticsDeps, fields: Readonly<Record<string, unknown>> = {}): StatisticsList {
  return finish(spanStatistics(readSearchQuery(fields, 'traces', 0), deps))
}

describe('statistics of spans', () => {
  test('[SQ13] of each module, service, name and kind: how many, how many failed, how long they took', () => {
    const source = new FakeSource('traces', [
      chunk('shop', [
        { tookMs: 100, startMs: 0 },
        { tookMs: 300, startMs: 500, isError: true },
        { name: 'other', tookMs: 1 },
      ]),
      chunk('shop', [{ tookMs: 200, startMs: 1000 }]),
    ])
    const list: StatisticsView = ask(searchDeps(source))
    expect(list).toMatchObject({ others: { spans: 0, errors: 0 }, seconds: 1, looked: { records: 4, cut: null } })
    expect(list.statistics.map(({ name, spans: count, errors }) => [name, count, errors])).toEqual([
      ['work', 3, 1],
      ['other', 1, 0],
    ])
    const [work] = list.statistics
    expect(work).toMatchObject({
      module: 'app',
      service: 'shop',
      kind: 'server',
      perSecond: 3,
      totalMs: 600,
      maxMs: 300,
    })
    expect(work?.p50Ms).toBeCloseTo(200, -1)
    expect(work?.p99Ms).toBeCloseTo(300, -1)
  })

  test('[SQ13] services, names, kinds and modules are told apart', () => {
    const source = new FakeSource('traces', [
      chunk('a', [{}, { kind: 3 }, { name: 'x' }]),
      chunk('b', [{}]),
      chunk(undefined, [{}]),
      chunk('a', [{}], 'other'),
    ])
    expect(ask(searchDeps(source)).statistics).toHaveLength(6)
  })

  test('[SQ13] conditions and ranges choose spans', () => {
    const source = new FakeSource('traces', [
      chunk('shop', [{ startMs: 0, isError: true }, { startMs: 10, isError: true }, { startMs: 20 }]),
    ])
    const deps = searchDeps(source)
    const count = (fields: Readonly<Record<string, unknown>>) => ask(deps, fields).statistics[0]?.spans ?? 0
    expect(count({})).toBe(3)
    expect(count({ filter: 'status=error' })).toBe(2)
    expect(count({ filter: 'status=error', sinceUnixMs: T0_MS + 5 })).toBe(1)
    expect(count({ filter: 'service=none' })).toBe(0)
    expect(count({})).toBe(3)
  })

  const ranges: readonly {
    name: string
    fields: Readonly<Record<string, unknown>>
    nowUnixMs: number
    seconds: number
  }[] = [
    {
      name: 'from the beginning until now',
      fields: { sinceUnixMs: T0_MS - 2000 },
      nowUnixMs: T0_MS + 8000,
      seconds: 10,
    },
    {
      name: 'from the beginning to the end',
      fields: { sinceUnixMs: T0_MS, untilUnixMs: T0_MS + 4000 },
      nowUnixMs: T0_MS + 8000,
      seconds: 4,
    },
    {
      name: 'without a beginning, from the first span',
      fields: { untilUnixMs: T0_MS + 5000 },
      nowUnixMs: T0_MS + 8000,
      seconds: 5,
    },
    { name: 'without either, from the first span to the last', fields: {}, nowUnixMs: T0_MS + 8000, seconds: 1 },
  ]
  test.each(ranges)('[SQ13] a rate is over the range: $name', ({ fields, nowUnixMs, seconds }) => {
    const source = new FakeSource('traces', [chunk('shop', [{ startMs: 0 }, { startMs: 1000 }])])
    const list = ask(searchDeps(source, { nowUnixMs }), fields)
    expect(list.seconds).toBeCloseTo(seconds, 6)
    expect(list.statistics[0]?.perSecond).toBeCloseTo(2 / seconds, 6)
  })

  const DAY_MS = 86_400_000
  const wrong: readonly {
    name: string
    startMs: number
    fields: Readonly<Record<string, unknown>>
    seconds: number
  }[] = [
    { name: 'of 1970, without a beginning', startMs: 1 - T0_MS, fields: {}, seconds: 1 },
    { name: 'of 2262, without a beginning', startMs: 9.2e12 - T0_MS, fields: {}, seconds: 1 },
    { name: 'of 1970, with an end', startMs: 1 - T0_MS, fields: { untilUnixMs: T0_MS + 5000 }, seconds: 5 },
    { name: 'of 2262, until now', startMs: 9.2e12 - T0_MS, fields: { sinceUnixMs: T0_MS }, seconds: 8 },
    { name: 'a day after', startMs: 1000 + DAY_MS, fields: {}, seconds: 86_401 },
    { name: 'more than a day after', startMs: 1001 + DAY_MS, fields: {}, seconds: 1 },
    { name: 'more than a day before', startMs: -1 - DAY_MS, fields: {}, seconds: 1 },
  ]
  test.each(wrong)('[SQ13] one span $name, counts and leaves the range as it is', ({ startMs, fields, seconds }) => {
    const good = [{ startMs: 0 }, { startMs: 1000 }]
    for (const chunks of [
      [chunk('shop', [...good, { startMs }])],
      [chunk('shop', [{ startMs }]), chunk('shop', good)],
    ]) {
      const list = ask(searchDeps(new FakeSource('traces', chunks), { nowUnixMs: T0_MS + 8000 }), fields)
      expect(list.statistics[0]?.spans).toBe(3)
      expect(list.seconds).toBeCloseTo(seconds, 6)
    }
  })

  test('[SQ13] of a range without a length there is no rate', () => {
    const list = ask(searchDeps(new FakeSource('traces', [chunk('shop', [{}])])))
    expect([list.seconds, list.statistics[0]?.perSecond]).toEqual([0, null])
  })

  test('[SQ13] what is cut counts for the part that was looked at', () => {
    const source = new FakeSource('traces', [
      chunk('shop', [{ startMs: 0 }]),
      chunk('shop', [{ startMs: 9_999, tookMs: 1 }]),
    ])
    const left = { chunks: 1 }
    const deps = searchDeps(source, { limits: { hasTime: () => left.chunks-- > 0 }, nowUnixMs: T0_MS + 10_001 })
    const list = ask(deps, { sinceUnixMs: T0_MS })
    expect(list.looked).toMatchObject({ chunks: 1, ofChunks: 2, cut: 'time' })
    expect(list.seconds).toBeCloseTo(10, 6)
  })

  test('[SQ5] what is not listed is counted together, also what found no room', () => {
    const names = Array.from({ length: MAX_GROUPS + 10 }, (_, i) => ({ name: `name ${i}`, isError: i % 2 === 0 }))
    const list = ask(searchDeps(new FakeSource('traces', [chunk('shop', names)])), { limit: 5 })
    expect(list.statistics).toHaveLength(5)
    expect(list.others.spans).toBe(MAX_GROUPS + 5)
    expect(list.others.errors + list.statistics.reduce((sum, { errors }) => sum + errors, 0)).toBe(MAX_GROUPS / 2 + 5)
  })

  test('[SQ12] what is kept of 512 spans of many names is small enough to be kept of a million', () => {
    const cache = new ChunkCache()
    const words = Array.from({ length: 512 }, (_, i) => ({ name: `GET /route-${i % 64}/:id`, tookMs: 1.1 ** (i % 90) }))
    ask(searchDeps(new FakeSource('traces', [chunk('shop', words)]), { cache }))
    expect(cache.bytes).toBeGreaterThan(1_000)
    expect(cache.bytes * (1_000_000 / 512)).toBeLessThan(MAX_CACHE_BYTES)
  })

  test('[SQ12] a second question opens nothing again, and any split into chunks gives the same', () => {
    const word = fc.record({
      name: fc.constantFrom('a', 'b'),
      tookMs: fc.constantFrom(0, 1, 5, 1000),
      startMs: fc.nat(50),
      kind: fc.constantFrom(1, 2),
      isError: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 4 }), { maxLength: 5 }), (chunks) => {
        const source = new FakeSource(
          'traces',
          chunks.map((words) => chunk('shop', words)),
        )
        const deps = searchDeps(source)
        const first = ask(deps)
        const { reads } = source
        expect(ask(deps)).toEqual(first)
        expect(source.reads).toBe(reads)
        const whole = ask(searchDeps(new FakeSource('traces', [chunk('shop', chunks.flat())])))
        const sorted = ({ statistics }: StatisticsList) =>
          statistics.map((row) => JSON.stringify({ ...row, perSecond: row.perSecond?.toFixed(3) })).sort()
        expect(sorted(first)).toEqual(sorted(whole))
      }),
      { numRuns: 60 },
    )
  })
})
