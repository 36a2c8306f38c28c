import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TraceList as TraceListView } from '../../../../src/agent/http-types/traces.ts'
import { ChunkCache } from '../../../../src/query/search/chunk-cache.ts'
import type { SearchDeps } from '../../../../src/query/search/prepared-search.ts'
import { readSearchQuery, type TraceSort } from '../../../../src/query/search/search-query.ts'
import type { SearchChunk, SearchSource } from '../../../../src/query/search/search-source.ts'
import { MAX_TRACE_LIMIT, searchTraces, type TraceList } from '../../../../src/query/search/search-traces.ts'
import { encodeTracesData, type SpanInput } from '../../../../src/wire/otlp/encode.ts'
import { finish } from '../../../support/finish.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'
import { deviceId } from '../make-chunk.ts'
import { FakeSource, searchDeps, type FakeChunk } from './fake-source.ts'

interface SpanWords {
  readonly trace: number
  readonly startMs: number
  readonly tookMs?: number
  readonly name?: string
}

let spans = 0
function chunk(device: string, words: readonly SpanWords[], more: Partial<FakeChunk> = {}): FakeChunk {
  const inputs = words.map(({ trace, startMs, tookMs = 1, name = 'work' }): SpanInput => {
    const startUnixNano = T0_NANO + BigInt(startMs) * 1_000_000n
    const endUnixNano = startUnixNano + BigInt(tookMs) * 1_000_000n
    return { traceId: traceIdOf(trace), spanId: spanIdOf(++spans), name, kind: 1, startUnixNano, endUnixNano }
  })
  const payload = encodeTracesData({ resource: { attributes: {} }, scope: { name: 'test' }, spans: inputs })
  return { deviceId: deviceId(device), module: `${device}-app`, payload, ...more }
}

function search(deps: SearchDeps, fields: Readonly<Record<string, unknown>> = {}): TraceList {
  return finish(searchTraces(readSearchQuery(fields, 'traces', 0), deps))
}

/** Traces by the number they were made of. */
function numbers({ traces }: TraceList): readonly number[] {
  return traces.map(({ traceId }) => Number.parseInt(traceId, 16))
}

function allPages(deps: SearchDeps, fields: Readonly<Record<string, unknown>>): readonly (readonly number[])[] {
  const pages: (readonly number[])[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const list: TraceList = search(deps, cursor === undefined ? fields : { ...fields, cursor })
    pages.push(numbers(list))
    cursor = list.cursor
  }
  return pages
}

describe('a search for traces', () => {
  test('[SQ8] answers with summaries of whole traces, also of spans that do not match', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [{ trace: 1, startMs: 0, name: 'ask' }]),
      chunk('laptop', [{ trace: 1, startMs: 5, tookMs: 20, name: 'answer' }]),
      chunk('laptop', [{ trace: 2, startMs: 9, name: 'other' }]),
    ])
    const list: TraceListView = search(searchDeps(source), { filter: 'name=answer' })
    expect(list).toEqual({
      traces: [
        {
          traceId: traceIdOf(1),
          rootName: 'ask',
          startUnixNano: String(T0_NANO),
          durationMs: 25,
          spans: 2,
          errors: 0,
          devices: [
            { deviceId: deviceId('laptop'), name: 'laptop' },
            { deviceId: deviceId('phone'), name: 'phone' },
          ],
          modules: ['laptop-app', 'phone-app'],
        },
      ],
      cursor: null,
      looked: { chunks: 3, ofChunks: 3, records: 3, unreadable: 0, cut: null, backToUnixNano: null },
    })
  })

  test('[SQ8] a trace matches only if one of its spans meets all conditions', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [
        { trace: 1, startMs: 0, name: 'a', tookMs: 1 },
        { trace: 1, startMs: 0, name: 'b', tookMs: 9 },
      ]),
    ])
    const found = (filter: string) => numbers(search(searchDeps(source), { filter }))
    expect([found('name=a duration>5ms'), found('name=b duration>5ms')]).toEqual([[], [1]])
  })

  const orders: readonly { sort: TraceSort; want: readonly number[] }[] = [
    { sort: 'newest', want: [3, 1, 2] },
    { sort: 'duration', want: [2, 1, 3] },
    { sort: 'spans', want: [1, 2, 3] },
  ]
  test.each(orders)('[SQ8] by $sort, ties by trace id', ({ sort, want }) => {
    const source = new FakeSource('traces', [
      chunk('phone', [
        { trace: 2, startMs: 5, tookMs: 90 },
        { trace: 1, startMs: 5 },
        { trace: 1, startMs: 6, tookMs: 3 },
        { trace: 3, startMs: 8, tookMs: 4 },
      ]),
    ])
    expect(numbers(search(searchDeps(source), { sort }))).toEqual(want)
  })

  test('[SQ8] a device is meant by its name or the first digits of its id, a module by its name', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [{ trace: 1, startMs: 0 }]),
      chunk('laptop', [{ trace: 2, startMs: 0 }]),
    ])
    const found = (filter: string) => numbers(search(searchDeps(source), { filter }))
    expect(found('device=phone')).toEqual([1])
    expect(found(`device=${deviceId('laptop').slice(0, 8)}`)).toEqual([2])
    expect(found('device!=phone module~LAPTOP')).toEqual([2])
    expect(found('device=nobody')).toEqual([])
  })

  test('[SQ9] stops where nothing older can have a place', () => {
    const chunks = Array.from({ length: 100 }, (_, i) => chunk('phone', [{ trace: i + 1, startMs: i * 10 }]))
    const source = new FakeSource('traces', chunks)
    const list = search(searchDeps(source), { limit: 3 })
    expect([numbers(list), source.reads]).toEqual([[100, 99, 98], 3])
    expect(list.looked).toMatchObject({ chunks: 3, ofChunks: 100, cut: null })
  })

  test('[SQ9] goes on while an older chunk may hold a trace that starts later', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [{ trace: 1, startMs: 0 }]), // of the trace that ends last the start lies here
      chunk('phone', [{ trace: 2, startMs: 50, tookMs: 1 }]),
      chunk('phone', [{ trace: 1, startMs: 90, tookMs: 9 }]),
    ])
    expect(numbers(search(searchDeps(source), { limit: 1 }))).toEqual([2])
  })

  test('[SQ10] a chunk that cannot be read is counted and loses nothing else', () => {
    const broken = chunk('phone', [], { payload: Uint8Array.of(0xff), isBroken: true })
    const source = new FakeSource('traces', [broken, chunk('phone', [{ trace: 1, startMs: 0 }])])
    expect(search(searchDeps(source))).toMatchObject({ traces: [{ traceId: traceIdOf(1) }], looked: { unreadable: 1 } })
  })

  test.each([
    { cut: 'time', limits: (left: { chunks: number }) => ({ hasTime: () => left.chunks-- > 0 }) },
    { cut: 'bytes', limits: () => ({ bytes: 2 * 4096, hasTime: () => true }) },
  ])('[SQ10] cut by $cut, it says what it looked at and how far back', ({ cut, limits }) => {
    const chunks = [1, 2, 3, 4].map((n) => chunk('phone', [{ trace: n, startMs: n * 10 }]))
    const source = new FakeSource('traces', chunks)
    const list = search(searchDeps(source, { limits: limits({ chunks: 2 }) }))
    expect(numbers(list)).toEqual([4, 3])
    expect(list).toMatchObject({ cursor: null, looked: { chunks: 2, ofChunks: 4, cut } })
    expect(list.looked.backToUnixNano).toBe(String(T0_NANO + 21_000_000n))
  })

  test('[SQ5] no list is longer than the longest', () => {
    const words = Array.from({ length: MAX_TRACE_LIMIT + 5 }, (_, i) => ({ trace: i + 1, startMs: i }))
    const source = new FakeSource('traces', [chunk('phone', words)])
    expect(search(searchDeps(source), { limit: 5000 }).traces).toHaveLength(MAX_TRACE_LIMIT)
  })
})

describe('pages', () => {
  test('[SQ11] behind each other hold every matching trace once, in the order of one long list', () => {
    const word = fc.record({
      trace: fc.integer({ min: 1, max: 30 }),
      startMs: fc.nat(40),
      tookMs: fc.nat(30),
      name: fc.constantFrom('a', 'b'),
    })
    const chunks = fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 12 })
    fc.assert(
      fc.property(
        chunks,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom<TraceSort>('newest', 'duration', 'spans'),
        (words, limit, sort) => {
          const deps = searchDeps(
            new FakeSource(
              'traces',
              words.map((each) => chunk('phone', each)),
            ),
          )
          const wanted = numbers(search(deps, { filter: 'name=a', sort, limit: 1000 }))
          const matching = new Set(words.flat().flatMap(({ trace, name }) => (name === 'a' ? [trace] : [])))
          expect(new Set(wanted)).toEqual(matching)
          const pages = allPages(deps, { filter: 'name=a', sort, limit })
          expect(pages.flat()).toEqual(wanted)
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true)
        },
      ),
    )
  })

  test('[SQ11] what comes in meanwhile moves nothing on the pages behind', () => {
    const source = new FakeSource(
      'traces',
      [1, 2, 3, 4].map((n) => chunk('phone', [{ trace: n, startMs: n * 10 }])),
    )
    const deps = searchDeps(source)
    const first = search(deps, { limit: 2 })
    source.add(
      chunk('phone', [
        { trace: 9, startMs: 100 },
        { trace: 2, startMs: 101 },
      ]),
    )
    expect([numbers(first), numbers(search(deps, { limit: 2, cursor: first.cursor }))]).toEqual([
      [4, 3],
      [2, 1],
    ])
  })

  test('[SQ9] of many look at what the pages before are not done with', () => {
    const chunks = Array.from({ length: 100 }, (_, i) => chunk('phone', [{ trace: i + 1, startMs: i * 10 }]))
    const deps = searchDeps(new FakeSource('traces', chunks))
    const looked: number[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const list: TraceList = search(deps, { limit: 10, ...(cursor !== undefined && { cursor }) })
      looked.push(list.looked.chunks)
      cursor = list.cursor
    }
    expect(looked).toEqual(Array(10).fill(10))
  })

  /** The same place, without what the pages before are done with. */
  function bare(cursor: string): string {
    const text = Buffer.from(cursor, 'base64url').toString('utf8').split(' ').slice(0, 5).join(' ')
    return Buffer.from(text).toString('base64url')
  }

  test('[SQ11] look again at a chunk that could not be read by the page before', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [{ trace: 1, startMs: 0, name: 'other' }]),
      chunk('phone', [{ trace: 2, startMs: 20 }]),
      chunk('phone', [{ trace: 3, startMs: 30 }]),
      chunk('phone', [{ trace: 1, startMs: 40 }]), // the only one of it that matches
    ])
    let isLost = true
    const lossy: SearchSource = {
      indexVersion: source.indexVersion,
      devices: () => source.devices(),
      summariesOf: (ids) => source.summariesOf(ids),
      candidates(scope) {
        const { chunks, totals } = source.candidates(scope)
        const read = (each: SearchChunk) => (isLost && each.storedAs === 3 ? Uint8Array.of(0xff) : each.read())
        return { chunks: [...chunks].map((each) => ({ ...each, read: () => read(each) })), totals }
      },
    }
    const first = search(searchDeps(lossy), { limit: 1, filter: 'name=work' })
    expect([numbers(first), first.looked.unreadable]).toEqual([[3], 1])
    isLost = false
    const next = search(searchDeps(lossy), { limit: 5, filter: 'name=work', cursor: first.cursor })
    expect(numbers(next)).toEqual([2, 1])
  })

  test('[SQ11] hold what they would if every chunk was looked at again, whatever comes in meanwhile', () => {
    const word = fc.record({
      trace: fc.integer({ min: 1, max: 20 }),
      startMs: fc.nat(40),
      tookMs: fc.constantFrom(0, 1, 30),
      name: fc.constantFrom('a', 'b'),
    })
    const words = fc.array(word, { minLength: 1, maxLength: 4 })
    /** Spans that make no trace begin earlier: of new traces, and later ones of those that are here. */
    const late = fc.array(
      fc.oneof(
        word.map((each) => ({ ...each, trace: each.trace + 100 })),
        word.map((each) => ({ ...each, startMs: each.startMs + 40 })),
      ),
      { minLength: 1, maxLength: 3 },
    )
    const range = fc.record({
      sinceUnixMs: fc.constantFrom(undefined, 0, 5, 20),
      untilUnixMs: fc.constantFrom(undefined, 100, 60, 30),
    })
    const page = fc.record({ meanwhile: fc.option(late, { freq: 2 }), isOpen: fc.boolean(), range })
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(page, { maxLength: 8 }),
        (chunks, limit, pages) => {
          const made = chunks.map((each) => chunk('phone', each))
          const deps = searchDeps(new FakeSource('traces', made))
          let cursor: string | null = search(deps, { filter: 'name=a', limit }).cursor
          for (const { meanwhile, isOpen, range: asked } of pages) {
            if (cursor === null) return
            if (meanwhile !== null) (deps.source as FakeSource).add(chunk('laptop', meanwhile, { isOpen }))
            const within = Object.entries(asked).flatMap(([key, ms]) =>
              ms === undefined ? [] : [[key, Number(T0_NANO / 1_000_000n) + ms]],
            )
            const fields = { filter: 'name=a', limit, ...(Object.fromEntries(within) as object) }
            const [fast, whole] = [cursor, bare(cursor)].map((each) => search(deps, { ...fields, cursor: each }))
            expect(fast?.traces).toEqual(whole?.traces)
            expect(fast?.cursor === null).toBe(whole?.cursor === null)
            cursor = fast?.cursor ?? null
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('[SQ11] of one search are no pages of another', () => {
    const source = new FakeSource(
      'traces',
      [1, 2].map((n) => chunk('phone', [{ trace: n, startMs: n }])),
    )
    const deps = searchDeps(source)
    const { cursor } = search(deps, { limit: 1, filter: 'name=work' })
    const others = [
      { limit: 1, cursor },
      { limit: 1, filter: 'name=work', sort: 'spans', cursor },
      { limit: 1, filter: 'name=work', cursor: 'nonsense' },
      { limit: 1, filter: 'name=work', cursor: altered(cursor, ' 1 1') },
      { limit: 1, filter: 'name=work', cursor: Buffer.from('2 newest x 1 y').toString('base64url') },
    ]
    for (const fields of others) {
      expect(() => search(deps, fields)).toThrow(expect.objectContaining({ code: 'SEARCH_CURSOR' }))
    }
    expect(numbers(search(deps, { limit: 5, filter: 'name=work', sinceUnixMs: 1, cursor }))).toEqual([1])
  })

  function altered(cursor: string | null, more: string): string {
    return Buffer.from(Buffer.from(cursor ?? '', 'base64url').toString('utf8') + more).toString('base64url')
  }

  test('[SQ12] open nothing again that a page before has seen; what is not stored for good is never kept', () => {
    const stored = [1, 2, 3, 4].map((n) => chunk('phone', [{ trace: n, startMs: n * 10 }]))
    const source = new FakeSource('traces', [...stored, chunk('phone', [{ trace: 5, startMs: 50 }], { isOpen: true })])
    const deps = searchDeps(source)
    expect(allPages(deps, { limit: 1 })).toEqual([[5], [4], [3], [2], [1]])
    expect(source.reads).toBe(4 + 5)
  })

  test('[SQ12] only what lies within the range is kept, since the rest depends on it', () => {
    const source = new FakeSource('traces', [
      chunk('phone', [
        { trace: 1, startMs: 0 },
        { trace: 2, startMs: 60_000 },
      ]),
    ])
    const deps = searchDeps(source)
    const sinceUnixMs = Number(T0_NANO / 1_000_000n) + 1
    expect(numbers(search(deps, { sinceUnixMs }))).toEqual([2])
    expect(numbers(search(deps))).toEqual([2, 1])
    expect(numbers(search(deps, { sinceUnixMs }))).toEqual([2])
  })

  test('[SQ3] the end of a range is not in it, also of a chunk that ends there', () => {
    const words = [
      { trace: 1, startMs: 0 },
      { trace: 2, startMs: 9, tookMs: 0 },
    ]
    const untilUnixMs = Number(T0_NANO / 1_000_000n) + 9
    const deps = searchDeps(new FakeSource('traces', [chunk('phone', words)]))
    expect(numbers(search(deps, { untilUnixMs: untilUnixMs + 1 }))).toEqual([2, 1])
    expect(numbers(search(deps, { untilUnixMs }))).toEqual([1])
  })
})

describe('what is kept of chunks', () => {
  test('[SQ12] never weighs more than it may: what was not used for longest goes first', () => {
    const cache = new ChunkCache(1_000)
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key, 100)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.get('b')).toBe('b')
    cache.set('e', 'e', 100)
    expect([cache.get('b'), cache.get('c')]).toEqual(['b', undefined])
    cache.set('huge', 'x', 2_000)
    expect(cache.get('huge')).toBeUndefined()
    cache.set('b', 'new', 500)
    expect([cache.get('b'), cache.bytes <= 1_000]).toEqual(['new', true])
  })
})
