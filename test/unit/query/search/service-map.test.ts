import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServiceMap as MapView } from '../../../../src/agent/http-types/search.ts'
import { concat } from '../../../../src/base/bytes.ts'
import { ChunkCache, MAX_CACHE_BYTES } from '../../../../src/query/search/chunk-cache.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import { MAX_NODES } from '../../../../src/query/search/service-calls.ts'
import { serviceMap, type ServiceMap } from '../../../../src/query/search/service-map.ts'
import { encodeTracesData, type SpanInput } from '../../../../src/wire/otlp/encode.ts'
import { finish } from '../../../support/finish.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'
import { deviceId } from '../make-chunk.ts'
import { FakeSource, searchDeps, type FakeChunk } from './fake-source.ts'

const [SERVER, CLIENT, PRODUCER, CONSUMER] = [2, 3, 4, 5]
const T0_MS = Number(T0_NANO / 1_000_000n)

interface SpanWords {
  readonly id: number
  readonly parent?: number
  readonly trace?: number
  readonly links?: readonly number[]
  readonly kind?: number
  readonly tookMs?: number
  readonly startMs?: number
  readonly isError?: boolean
}

function chunk(device: string, service: string, words: readonly SpanWords[]): FakeChunk {
  const inputs = words.map((span): SpanInput => {
    const { id, parent, trace = 1, links = [], kind = SERVER, tookMs = 1, startMs = 0, isError = false } = span
    const startUnixNano = T0_NANO + BigInt(startMs) * 1_000_000n
    return {
      traceId: traceIdOf(trace),
      spanId: spanIdOf(id),
      parentSpanId: parent === undefined ? undefined : spanIdOf(parent),
      name: 'work',
      kind,
      startUnixNano,
      endUnixNano: startUnixNano + BigInt(tookMs) * 1_000_000n,
      links: links.map((link) => ({ traceId: traceIdOf(trace), spanId: spanIdOf(link) })),
      status: { code: isError ? 2 : 0 },
    }
  })
  const resource = { attributes: { 'service.name': service } }
  const payload = encodeTracesData({ resource, scope: { name: 'test' }, spans: inputs })
  return { deviceId: deviceId(device), module: `otlp/${service}`, payload }
}

function map(chunks: readonly FakeChunk[] | FakeSource, fields: Readonly<Record<string, unknown>> = {}): ServiceMap {
  const source = chunks instanceof FakeSource ? chunks : new FakeSource('traces', chunks)
  return finish(serviceMap(readSearchQuery(fields, 'traces', 0), searchDeps(source)))
}

/** `from -> to via count/errors` of each edge. */
function edges({ nodes, edges: all }: ServiceMap): readonly string[] {
  const name = (id: number): string => {
    const node = nodes.find((each) => each.id === id)
    return `${node?.deviceName ?? '?'}/${node?.service ?? '?'}`
  }
  return all.map(({ from, to, via, count, errors }) => `${name(from)} -> ${name(to)} ${via} ${count}/${errors}`).sort()
}

describe('the map of services', () => {
  test('[SQ14] a call is a span whose parent is of another service, on whichever device', () => {
    const answer: MapView = map([
      chunk('phone', 'app', [
        { id: 1, kind: SERVER },
        { id: 2, parent: 1, kind: CLIENT },
      ]),
      chunk('laptop', 'shop', [
        { id: 3, parent: 2, tookMs: 100 },
        { id: 4, parent: 2, tookMs: 300, isError: true },
      ]),
      chunk('laptop', 'store', [{ id: 5, parent: 3, tookMs: 7 }]),
    ])
    expect(edges(answer as ServiceMap)).toEqual([
      'laptop/shop -> laptop/store call 1/0',
      'phone/app -> laptop/shop call 2/1',
    ])
    expect(answer.edges[0]?.p95Ms).toBeCloseTo(300, -1)
    const nodes = answer.nodes.map((node) => `${node.service ?? ''} ${node.spans}/${node.errors} ${node.module}`)
    expect(nodes.sort()).toEqual(['app 2/0 otlp/app', 'shop 2/1 otlp/shop', 'store 1/0 otlp/store'])
    expect(answer).toMatchObject({ unknownCallers: 0, leftOut: 0, looked: { records: 5, cut: null } })
  })

  test('[SQ14] over the bus it is a message, told by either end; its link to its parent is not counted again', () => {
    const answer = map([
      chunk('phone', 'emotion', [
        { id: 1, kind: PRODUCER },
        { id: 2, kind: 1 },
      ]),
      chunk('phone', 'core', [
        { id: 3, parent: 1, links: [1], kind: CONSUMER },
        { id: 4, parent: 2, kind: CONSUMER },
        { id: 5, parent: 1, kind: 1 },
      ]),
    ])
    expect(edges(answer)).toEqual(['phone/emotion -> phone/core message 3/0'])
  })

  test('[SQ14] a link to another span is an edge of its own kind', () => {
    const answer = map([
      chunk('phone', 'queue', [{ id: 1 }]),
      chunk('phone', 'batch', [
        { id: 2, links: [1, 1, 99] },
        { id: 3, parent: 2 },
      ]),
    ])
    expect(edges(answer)).toEqual(['phone/queue -> phone/batch link 2/0'])
    expect(answer.unknownCallers).toBe(0)
  })

  test('[SQ14] a caller that is not here is counted; one of another trace is no caller', () => {
    const answer = map([chunk('phone', 'app', [{ id: 1, trace: 7 }]), chunk('phone', 'shop', [{ id: 2, parent: 1 }])])
    expect([edges(answer), answer.unknownCallers]).toEqual([[], 1])
  })

  test('[SQ14] copies of a span are one span', () => {
    const one = chunk('phone', 'shop', [{ id: 2, parent: 1 }])
    expect(edges(map([chunk('phone', 'app', [{ id: 1 }]), one, one]))).toEqual(['phone/app -> phone/shop call 1/0'])
  })

  test('[SQ14] conditions and ranges choose who was called; callers are found whatever they are', () => {
    const source = new FakeSource('traces', [
      chunk('phone', 'app', [{ id: 1, startMs: 0, tookMs: 100 }]),
      chunk('phone', 'shop', [
        { id: 2, parent: 1, startMs: 10, isError: true },
        { id: 3, parent: 1, startMs: 20 },
      ]),
    ])
    expect(edges(map(source, { filter: 'status=error' }))).toEqual(['phone/app -> phone/shop call 1/1'])
    expect(edges(map(source, { sinceUnixMs: T0_MS + 15 }))).toEqual(['phone/app -> phone/shop call 1/0'])
    expect(edges(map(source, { filter: 'service=app' }))).toEqual([])
    expect(map(source, { filter: 'service=app' }).nodes.map(({ service }) => service)).toEqual(['app'])
    expect(edges(map(source))).toEqual(['phone/app -> phone/shop call 2/1'])
  })

  test('[SQ14] any order of chunks gives the same map', () => {
    const services = ['a', 'b', 'c']
    const word = fc.record({ service: fc.constantFrom(...services), parent: fc.option(fc.nat(11), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const chunks = words.map(({ service, parent }, id) =>
          chunk('phone', service, [parent === undefined ? { id: id + 1 } : { id: id + 1, parent: parent + 1 }]),
        )
        const want = words.flatMap(({ service, parent }) => {
          const caller = parent === undefined ? undefined : words[parent]?.service
          return caller === undefined || caller === service ? [] : [`phone/${caller} -> phone/${service}`]
        })
        const found = map(chunks)
        expect(edges(map(chunks.toReversed()))).toEqual(edges(found))
        const pairs = edges(found).flatMap((line) => {
          const [pair = '', count = ''] = line.split(' call ')
          return Array<string>(Number.parseInt(count, 10)).fill(pair)
        })
        expect(pairs.sort()).toEqual(want.sort())
      }),
    )
  })

  test.each([
    ['callers', 0, 100],
    ['what they called', 100, 0],
  ])('[SQ14] tens of thousands of spans are joined, in steps, if %s come last', (_, callerMs, calledMs) => {
    const pairs = 12_000
    const ids = Array.from({ length: pairs }, (__, i) => i + 1)
    const parts = [0, 4000, 8000].flatMap((from) => {
      const some = ids.slice(from, from + 4000)
      return [
        chunk(
          'phone',
          'app',
          some.map((id) => ({ id, startMs: callerMs })),
        ),
        chunk(
          'phone',
          'shop',
          some.map((id) => ({ id: pairs + id, parent: id, startMs: calledMs })),
        ),
      ]
    })
    const steps = serviceMap(readSearchQuery({}, 'traces', 0), searchDeps(new FakeSource('traces', parts)))
    let [count, step] = [0, steps.next()]
    for (; step.done !== true; step = steps.next()) count++
    expect([edges(step.value), step.value.unknownCallers]).toEqual([[`phone/app -> phone/shop call ${pairs}/0`], 0])
    expect(count).toBeGreaterThan(2 * parts.length)
  })

  test('[SQ14] one chunk may hold spans of several services', () => {
    const [app, shop] = [chunk('phone', 'app', [{ id: 1 }]), chunk('phone', 'shop', [{ id: 2, parent: 1 }])]
    const both = { ...app, payload: concat(app.payload, shop.payload, app.payload) }
    expect(edges(map([both]))).toEqual(['phone/app -> phone/shop call 1/0'])
  })

  test('[SQ12] what is kept of 512 spans is small enough to be kept of a million', () => {
    const cache = new ChunkCache()
    const words = Array.from({ length: 512 }, (_, i) => ({ id: i + 2, parent: 1 }))
    const source = new FakeSource('traces', [chunk('phone', 'app', words)])
    finish(serviceMap(readSearchQuery({}, 'traces', 0), searchDeps(source, { cache })))
    expect(cache.bytes).toBeGreaterThan(512 * 21)
    expect(cache.bytes * (1_000_000 / 512)).toBeLessThan(MAX_CACHE_BYTES)
  })

  test('[SQ12] a second question opens nothing, and other conditions are another question', () => {
    const source = new FakeSource('traces', [chunk('phone', 'app', [{ id: 1 }, { id: 2, isError: true }])])
    const deps = searchDeps(source)
    const ask = (fields: Readonly<Record<string, unknown>>) =>
      finish(serviceMap(readSearchQuery(fields, 'traces', 0), deps))
    const first = ask({})
    expect([ask({}), source.reads]).toEqual([first, 1])
    expect(ask({ filter: 'status=error' }).nodes[0]?.spans).toBe(1)
    expect(ask({ sinceUnixMs: T0_MS + 1 }).nodes).toEqual([])
  })

  test('[SQ5] services beyond the most are left out, and counted', () => {
    const chunks = Array.from({ length: MAX_NODES + 3 }, (_, i) => chunk('phone', `s${i}`, [{ id: i + 1 }]))
    const answer = map(chunks)
    expect([answer.nodes.length, answer.leftOut]).toEqual([MAX_NODES, 3])
  })

  test('[SQ5] a map is made of so many spans, and says that it was cut', () => {
    const words = (first: number) => Array.from({ length: 10 }, (_, i) => ({ id: first + i, startMs: 100 - first }))
    const source = new FakeSource(
      'traces',
      [1, 11, 21, 31].map((first) => chunk('phone', 'app', words(first))),
    )
    const answer = finish(serviceMap(readSearchQuery({}, 'traces', 0), searchDeps(source), 20))
    expect(answer.looked).toMatchObject({ records: 20, ofChunks: 4, cut: 'memory' })
    expect(answer.nodes[0]?.spans).toBe(20)
  })
})
