import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TraceView } from '../../../src/agent/http-types/traces.ts'
import { MAX_TRACE_RAW_BYTES } from '../../../src/query/read-spans.ts'
import { stitchTrace, type StitchDeps, type StitchOptions } from '../../../src/query/stitch-trace.ts'
import type { StitchedTrace } from '../../../src/query/stitched-trace.ts'
import type { ChunkRef, MeshKnowledge, StoredChunk } from '../../../src/query/trace-source.ts'
import {
  chunk,
  deviceId,
  member,
  mesh,
  nanos,
  OTHER_TRACE,
  sha256,
  sourceOf,
  spanId,
  T0_NANO,
  TRACE,
} from './make-chunk.ts'
import { atOnce, finish, parseParts } from '../../support/finish.ts'

const LATE_MS = Number(T0_NANO / 1_000_000n) + 3_600_000
const pair = mesh(member('laptop'), member('phone', { syncedThroughUnixMs: LATE_MS }))

function stitch(
  chunks: readonly StoredChunk[],
  knowledge: MeshKnowledge = pair,
  options: StitchOptions = {},
): StitchedTrace | undefined {
  return answerOf({ source: sourceOf(chunks), knowledge, sha256 }, options)
}

function answerOf(deps: StitchDeps, options: StitchOptions = {}): StitchedTrace | undefined {
  const parts = finish(stitchTrace(TRACE, deps, options))
  return parts && (parseParts(parts) as StitchedTrace)
}

function stitched(chunks: readonly StoredChunk[], knowledge: MeshKnowledge = pair): StitchedTrace {
  const trace = stitch(chunks, knowledge)
  if (trace === undefined) throw new Error('no span of the trace')
  return trace
}

/** `id@depth` of each row, and `!` where a circle was cut. */
function shape(trace: StitchedTrace): readonly string[] {
  return trace.spans.map(
    (span) => `${Number.parseInt(span.spanId, 16).toString(16)}@${span.depth}${span.loop ? '!' : ''}`,
  )
}

describe('the answer', () => {
  test('[QU1] is plain JSON with the fields scripts rely on, 64-bit integers as decimal strings', () => {
    const trace: TraceView = stitched([
      chunk('phone', 'voice', [{ id: 'a', name: 'hear', startMs: 5, endMs: 9, kind: 4, status: 1 }]),
    ])
    expect(JSON.parse(JSON.stringify(trace))).toEqual({
      traceId: TRACE,
      complete: true,
      devices: [
        {
          deviceId: deviceId('phone'),
          name: 'phone',
          self: false,
          spans: 1,
          verified: 1,
          clock: null,
          selfNano: '4000000',
          criticalNano: '4000000',
        },
      ],
      modules: [
        {
          deviceId: deviceId('phone'),
          module: 'voice',
          spans: 1,
          selfNano: '4000000',
          criticalNano: '4000000',
        },
      ],
      spans: [
        {
          spanId: '000000000000000a',
          parentSpanId: null,
          deviceId: deviceId('phone'),
          module: 'voice',
          name: 'hear',
          kind: 'producer',
          startUnixNano: '1795377600005000000',
          endUnixNano: '1795377600009000000',
          status: 'ok',
          provenance: 'verified',
          evidence: 'verified',
          statusMessage: '',
          durationNano: '4000000',
          correctedStartUnixNano: '1795377600005000000',
          depth: 0,
          orderUncertain: false,
          loop: false,
          selfNano: '4000000',
          critical: true,
          criticalNano: '4000000',
          events: 0,
          links: [],
        },
      ],
      gaps: [],
      gapDevices: {},
      unreadableChunks: 0,
      omittedSpans: 0,
    })
  })

  test.each([
    [0, 'internal'],
    [1, 'internal'],
    [2, 'server'],
    [3, 'client'],
    [4, 'producer'],
    [5, 'consumer'],
    [99, 'internal'],
  ])('[QU1] kind %i reads %s', (kind, word) => {
    expect(stitched([chunk('phone', 'm', [{ id: 'a', kind }])]).spans[0]?.kind).toBe(word)
  })

  test.each([
    [0, 'unset'],
    [1, 'ok'],
    [2, 'error'],
    [7, 'unset'],
  ])('[QU1] status %i reads %s', (status, word) => {
    expect(stitched([chunk('phone', 'm', [{ id: 'a', status }])]).spans[0]?.status).toBe(word)
  })

  test('[QU1] carries attributes only when asked for', () => {
    const chunks = [chunk('phone', 'm', [{ id: 'a', attributes: { 'http.route': '/x' } }])]
    expect(stitched(chunks).spans[0]).not.toHaveProperty('attributes')
    const asked = stitch(chunks, pair, { attributes: true })
    expect(asked?.spans[0]?.attributes).toEqual({ 'http.route': '/x' })
  })

  test('[QU1] carries links, as trace and span ids', () => {
    const [span] = stitched([chunk('phone', 'm', [{ id: 'a', links: ['b'] }])]).spans
    expect(span?.links).toEqual([{ traceId: TRACE, spanId: spanId('b') }])
  })

  test('[QU1] is undefined when no span of the trace is here', () => {
    expect(stitch([])).toBeUndefined()
    expect(stitch([chunk('phone', 'm', [{ id: 'a', traceId: OTHER_TRACE }])])).toBeUndefined()
  })

  test('[QU1] counts spans and verified spans of each device, in order of appearance', () => {
    const trace = stitched([
      chunk('laptop', 'core', [{ id: 'b', parent: 'a', startMs: 2 }]),
      chunk('phone', 'm', [{ id: 'a', startMs: 1 }]),
      chunk('phone', 'm', [{ id: 'c', parent: 'a', startMs: 3 }], 'unverified'),
    ])
    expect(trace.devices.map(({ name, self, spans, verified }) => ({ name, self, spans, verified }))).toEqual([
      { name: 'phone', self: false, spans: 2, verified: 1 },
      { name: 'laptop', self: true, spans: 1, verified: 1 },
    ])
  })

  test('[QU1] a device that is no member is called by the start of its id', () => {
    expect(stitched([chunk('watch', 'm', [{ id: 'a' }])]).devices[0]?.name).toBe(deviceId('watch').slice(0, 8))
  })
})

describe('copies', () => {
  const one = chunk('phone', 'm', [{ id: 'a' }])

  test('[QU2] the same record from two chunks is one span', () => {
    expect(stitched([one, one, chunk('phone', 'm', [{ id: 'a' }, { id: 'b', parent: 'a' }])]).spans).toHaveLength(2)
  })

  test.each([
    { evidence: ['unverified', 'verified'], want: 'verified' },
    { evidence: ['tampered', 'verified'], want: 'verified' },
    { evidence: ['tampered', 'unverified'], want: 'unverified' },
    { evidence: ['tampered', 'tampered'], want: 'tampered' },
  ] as const)('[QU2] of equal copies the best proven counts: $evidence gives $want', ({ evidence, want }) => {
    const copies = evidence.map((provenance) => ({ ...one, provenance }))
    for (const chunks of [copies, copies.toReversed()]) {
      expect(stitched(chunks).spans.map((span) => span.provenance)).toEqual([want])
    }
  })

  test('[QU3] the same ids with other content are all kept, as a conflict, with what each chunk proves', () => {
    const trace = stitched([one, chunk('phone', 'm', [{ id: 'a', name: 'other' }], 'tampered')])
    expect(trace.spans.map(({ name, provenance, evidence }) => ({ name, provenance, evidence }))).toEqual(
      expect.arrayContaining([
        { name: 'a', provenance: 'conflict', evidence: 'verified' },
        { name: 'other', provenance: 'conflict', evidence: 'tampered' },
      ]),
    )
    expect(trace.devices[0]).toMatchObject({ spans: 2, verified: 0 })
  })

  test('[QU3] the same span id from another device is a conflict, even with equal content', () => {
    const trace = stitched([one, chunk('laptop', 'm', [{ id: 'a' }])])
    expect(trace.spans.map((span) => span.provenance)).toEqual(['conflict', 'conflict'])
  })

  test('[QU3] the same span id in another trace is no conflict', () => {
    const trace = stitched([one, chunk('laptop', 'm', [{ id: 'a', traceId: OTHER_TRACE }])])
    expect(trace.spans.map((span) => span.provenance)).toEqual(['verified'])
  })

  test('[QU4] a chunk that cannot be read is counted and loses nothing else', () => {
    const trace = stitched([one, { ...one, payload: Uint8Array.of(0x0a, 0x7f, 1) }])
    expect(trace).toMatchObject({ complete: false, unreadableChunks: 1 })
    expect(trace.spans).toHaveLength(1)
  })

  test('[QU1] a trace of which nothing can be read is not one that is not here', () => {
    const code = expect.objectContaining({ code: 'TRACE_UNREADABLE' })
    expect(() => stitched([{ ...one, payload: Uint8Array.of(0x0a, 0x7f, 1) }])).toThrow(code)
  })

  test('[QU4] any bytes in a chunk lose nothing of the others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        expect(shape(stitched([{ ...one, payload }, one]))).toContain('a@0')
      }),
    )
  })

  test('[QU4] spans beyond the limit of one answer are left out, latest first, and counted', () => {
    const spans = ['1', '2', '3', '4'].map((id, i) => ({ id, startMs: -i }))
    const deps = { source: sourceOf([chunk('phone', 'm', spans)]), knowledge: pair, sha256 }
    expect(answerOf(deps, { maxSpans: 4 })).toMatchObject({ complete: true, omittedSpans: 0 })
    const trace = answerOf(deps, { maxSpans: 2 })
    expect(trace).toMatchObject({ complete: false, omittedSpans: 2 })
    expect(trace?.spans.map((span) => span.spanId)).toEqual([spanId('4'), spanId('3')])
  })
})

describe('what is opened', () => {
  const big = 'x'.repeat(1 << 20)
  /** Spans in chunks of their own, and how many bytes of them an answer opens. */
  function answer(chunks: readonly StoredChunk[], options: StitchOptions = {}) {
    let [openedBytes, openedChunks] = [0, 0]
    const source = sourceOf(chunks, (payload) => {
      openedBytes += payload.length
      openedChunks++
    })
    const trace = answerOf({ source, knowledge: pair, sha256 }, options)
    return { trace, openedBytes, openedChunks }
  }

  test('[QU22] one answer opens 256 MiB at most, and counts the spans in the rest unopened', () => {
    const mostlyOthers = chunk('phone', 'm', [{ id: 'a' }, { id: 'b', traceId: OTHER_TRACE, attributes: { big } }])
    const { trace, openedBytes, openedChunks } = answer(Array<StoredChunk>(300).fill(mostlyOthers))
    expect(openedBytes).toBeLessThanOrEqual(MAX_TRACE_RAW_BYTES)
    expect(openedBytes + mostlyOthers.payload.length).toBeGreaterThan(MAX_TRACE_RAW_BYTES)
    expect(trace).toMatchObject({ complete: false, omittedSpans: 300 - openedChunks })
  })

  test('[QU22] no further chunk is opened once 64 MiB of spans are kept', () => {
    const chunks = Array.from({ length: 70 }, (_, i) =>
      chunk('phone', 'm', [{ id: (i + 1).toString(16), startMs: i, attributes: { big } }]),
    )
    const { trace, openedChunks } = answer(chunks)
    expect(openedChunks).toBe(64)
    expect(trace).toMatchObject({ complete: false, omittedSpans: 6 })
    expect(trace?.spans).toHaveLength(64)
  })

  test('[QU22] of too many spans those that start first are kept; twice as many are read, for some may be copies', () => {
    const chunks = Array.from({ length: 10 }, (_, i) => chunk('phone', 'm', [{ id: (i + 1).toString(16), startMs: i }]))
    const { trace, openedChunks } = answer(chunks, { maxSpans: 2 })
    expect(openedChunks).toBe(4)
    expect(trace?.spans.map((span) => span.spanId)).toEqual([spanId('1'), spanId('2')])
    expect(trace?.omittedSpans).toBe(8)
  })

  test('[QU22] a chunk deleted meanwhile is not there, and loses nothing else', () => {
    const kept = sourceOf([chunk('phone', 'm', [{ id: 'a' }])])
    const [ref] = finish(kept.chunksOf(TRACE)).chunks
    const gone = {
      ...(ref as ChunkRef),
      *open() {
        yield
        return undefined
      },
    }
    const source = { chunksOf: () => atOnce({ chunks: [gone, ref as ChunkRef], first: gone, spans: 2, lost: [] }) }
    const trace = answerOf({ source, knowledge: pair, sha256 })
    expect(trace?.spans).toHaveLength(1)
    expect(trace?.omittedSpans).toBe(0)
  })
})

describe('the tree', () => {
  test('[QU5] children come by start, below their parent', () => {
    const trace = stitched([
      chunk('phone', 'm', [
        { id: 'c', parent: 'a', startMs: 3 },
        { id: 'b', parent: 'a', startMs: 2 },
        { id: 'd', parent: 'b', startMs: 9 },
        { id: 'a', startMs: 1 },
      ]),
    ])
    expect(shape(trace)).toEqual(['a@0', 'b@1', 'd@2', 'c@1'])
  })

  test('[QU5] of those that start together the order is by device, then span id', () => {
    const trace = stitched([
      chunk('laptop', 'm', [{ id: 'b' }, { id: 'd' }]),
      chunk('phone', 'm', [{ id: 'c' }, { id: 'a' }]),
    ])
    expect(shape(trace)).toEqual(['b@0', 'd@0', 'a@0', 'c@0'])
  })

  test('[QU5] a parent id that stands for several spans means the one of the same device', () => {
    const trace = stitched([
      chunk('laptop', 'm', [{ id: 'a', startMs: 0 }]),
      chunk('phone', 'm', [
        { id: 'a', startMs: 1 },
        { id: 'b', parent: 'a', startMs: 2 },
      ]),
    ])
    expect(trace.spans.map((span) => [span.deviceId, span.depth])).toEqual([
      [deviceId('laptop'), 0],
      [deviceId('phone'), 0],
      [deviceId('phone'), 1],
    ])
  })

  test('[QU5] else it means the best proven one', () => {
    const trace = stitched([
      chunk('laptop', 'm', [{ id: 'a', startMs: 0 }], 'tampered'),
      chunk('phone', 'm', [{ id: 'a', startMs: 1 }]),
      chunk('tablet', 'm', [{ id: 'b', parent: 'a', startMs: 2 }]),
    ])
    expect(trace.spans.map((span) => span.deviceId)).toEqual(['laptop', 'phone', 'tablet'].map(deviceId))
    expect(trace.spans.map((span) => span.depth)).toEqual([0, 0, 1])
  })

  test('[QU6] spans whose parent is not here become roots, side by side, with one gap for it', () => {
    const trace = stitched([
      chunk('phone', 'm', [
        { id: 'b', parent: 'f', startMs: 1 },
        { id: 'c', startMs: 2 },
        { id: 'd', parent: 'f', startMs: 3 },
      ]),
    ])
    expect(shape(trace)).toEqual(['b@0', 'd@0', 'c@0'])
    expect(trace.gaps).toEqual([{ reason: 'not-here', deviceId: null, parentSpanId: spanId('f'), count: null }])
    expect(trace.complete).toBe(false)
  })

  test.each([
    { name: 'its own parent', spans: [{ id: 'a', parent: 'a' }], want: ['a@0!'] },
    {
      name: 'two spans that are each other’s parent',
      spans: [
        { id: 'b', parent: 'a', startMs: 1 },
        { id: 'a', parent: 'b', startMs: 2 },
      ],
      want: ['b@0!', 'a@1'],
    },
    {
      name: 'a circle with a tail that starts before it',
      spans: [
        { id: 'a', parent: 'c', startMs: 3 },
        { id: 'b', parent: 'a', startMs: 4 },
        { id: 'c', parent: 'b', startMs: 2 },
        { id: 'd', parent: 'b', startMs: 1 },
      ],
      want: ['c@0!', 'a@1', 'b@2', 'd@3'],
    },
  ])('[QU7] a circle of parents is cut at its first span: $name', ({ spans, want }) => {
    const trace = stitched([chunk('phone', 'm', spans)])
    expect(shape(trace)).toEqual(want)
    expect(trace.gaps).toEqual([])
  })
})

describe('order of delivery', () => {
  const description = fc.record({
    id: fc.constantFrom('1', '2', '3', '4', '5'),
    parent: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    startMs: fc.integer({ min: 0, max: 3 }),
    name: fc.constantFrom('x', 'y'),
  })
  const anyChunk = fc
    .tuple(
      fc.constantFrom('laptop', 'phone', 'tablet'),
      fc.constantFrom('m', 'n'),
      fc.array(description, { maxLength: 4 }),
      fc.constantFrom('verified', 'unverified', 'tampered'),
    )
    .map(([device, module, spans, provenance]) => chunk(device, module, spans, provenance))
  const chunksInTwoOrders = fc
    .array(anyChunk, { maxLength: 6 })
    .chain((chunks) => fc.tuple(fc.constant(chunks), fc.shuffledSubarray(chunks, { minLength: chunks.length })))

  test('[QU2] any order of chunks, some delivered again, gives the same trace', () => {
    fc.assert(
      fc.property(chunksInTwoOrders, ([chunks, shuffled]) => {
        expect(stitch([...shuffled, ...chunks.slice(0, 2)])).toEqual(stitch(chunks))
      }),
    )
  })

  test('[QU7] every span stands in exactly one row, a child right below its parent’s subtree', () => {
    fc.assert(
      fc.property(fc.array(anyChunk, { minLength: 1, maxLength: 6 }), (chunks) => {
        const spans = stitch(chunks)?.spans ?? []
        const rows = new Set(
          spans.map((span) => `${span.spanId} ${span.deviceId} ${span.name} ${span.startUnixNano}${span.parentSpanId}`),
        )
        expect(rows.size).toBe(spans.length)
        let last = -1
        for (const span of spans) {
          expect(span.depth).toBeLessThanOrEqual(last + 1)
          last = span.depth
        }
      }),
    )
  })
})

describe('clocks', () => {
  const household = (errorMs: number): MeshKnowledge =>
    mesh(member('laptop'), member('phone', { syncedThroughUnixMs: LATE_MS, clock: { offsetMs: 1000, errorMs } }))
  const chunks = [
    chunk('phone', 'm', [{ id: 'a', startMs: 1000, endMs: 1200 }]),
    chunk('laptop', 'm', [{ id: 'b', parent: 'a', startMs: 20, endMs: 30 }]),
  ]

  test('[QU12] times stay as recorded; the corrected start takes the measured offset off', () => {
    const [phone] = stitched(chunks, household(5)).spans
    expect(phone).toMatchObject({
      startUnixNano: nanos(1000).toString(),
      endUnixNano: nanos(1200).toString(),
      correctedStartUnixNano: nanos(0).toString(),
    })
  })

  test('[QU12] siblings of two devices stand in corrected order', () => {
    const trace = stitched(
      [
        chunk('laptop', 'm', [
          { id: 'a', startMs: 0 },
          { id: 'c', parent: 'a', startMs: 50 },
        ]),
        chunk('phone', 'm', [{ id: 'b', parent: 'a', startMs: 1010 }]),
      ],
      household(5),
    )
    expect(shape(trace)).toEqual(['a@0', 'b@1', 'c@1'])
  })

  test.each([
    { errorMs: 5, uncertain: false },
    { errorMs: 20, uncertain: false },
    { errorMs: 20.001, uncertain: true },
  ])('[QU12] 20 ms apart with an error of $errorMs ms: order uncertain is $uncertain', ({ errorMs, uncertain }) => {
    expect(stitched(chunks, household(errorMs)).spans[1]?.orderUncertain).toBe(uncertain)
  })

  test('[QU12] without a measurement the order is always uncertain, and the clock is null', () => {
    const trace = stitched(chunks)
    expect(trace.spans[1]?.orderUncertain).toBe(true)
    expect(trace.devices.map(({ name, clock }) => [name, clock])).toEqual([
      ['phone', null],
      ['laptop', { offsetMs: 0, errorMs: 0 }],
    ])
  })
})
