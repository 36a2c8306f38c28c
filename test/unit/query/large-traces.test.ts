/** Traces of 50,000 spans in the worst shapes: nothing is lost, and steps grow with the spans, no faster. */
import { describe, expect, test } from 'vitest'
import type { SpanId } from '../../../src/model/ids.ts'
import { stitchTrace } from '../../../src/query/stitch-trace.ts'
import type { StitchedTrace } from '../../../src/query/stitched-trace.ts'
import type { StoredChunk } from '../../../src/query/trace-source.ts'
import { encodeTracesData } from '../../../src/wire/otlp/encode.ts'
import { atOnce, parseParts } from '../../support/finish.ts'
import { chunkRef, deviceId, member, mesh, sha256, spanId, T0_NANO, TRACE } from './make-chunk.ts'

const SPANS = 50_000
const FEW = 5_000
const CHUNK_SPANS = 4096
const DEVICES = ['laptop', 'phone', 'tablet', 'watch', 'car'] as const

interface Shape {
  readonly name: string
  readonly idOf: (i: number) => number
  /** 0: none. */
  readonly parentOf: (i: number, count: number) => number
  readonly roots: number
  readonly deepest: number
  readonly loops: number
  readonly missing: number
  readonly conflicts: number
}

const plain = { idOf: (i: number) => i + 1, roots: 1, deepest: SPANS - 1, loops: 0, missing: 0, conflicts: 0 }
const shapes: readonly Shape[] = [
  { ...plain, name: 'a chain', parentOf: (i) => i },
  { ...plain, name: 'a star', parentOf: (i) => (i === 0 ? 0 : 1), deepest: 1 },
  { ...plain, name: 'nothing but roots', parentOf: () => 0, roots: SPANS, deepest: 0 },
  { ...plain, name: 'one circle', parentOf: (i, count) => (i === 0 ? count : i), loops: 1 },
  {
    ...plain,
    name: 'orphans of one parent',
    parentOf: () => 999_999,
    roots: SPANS,
    deepest: 0,
    missing: 1,
  },
  {
    ...plain,
    name: 'orphans of a parent each',
    parentOf: (i) => 100_000 + i,
    roots: SPANS,
    deepest: 0,
    missing: SPANS,
  },
  {
    ...plain,
    name: 'one span id, their own parent',
    idOf: () => 7,
    parentOf: () => 7,
    roots: DEVICES.length,
    deepest: 1,
    loops: DEVICES.length,
    conflicts: SPANS,
  },
  {
    ...plain,
    name: 'one span id, and a parent that is not here',
    idOf: () => 7,
    parentOf: () => 8,
    roots: SPANS,
    deepest: 0,
    missing: 1,
    conflicts: SPANS,
  },
]

/** In chunks of one device after the other's, each chunk twice. */
function chunksOf({ idOf, parentOf }: Shape, count: number): readonly StoredChunk[] {
  const hex = (n: number): SpanId => spanId(n.toString(16))
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: TRACE,
    spanId: hex(idOf(i)),
    parentSpanId: parentOf(i, count) === 0 ? undefined : hex(parentOf(i, count)),
    name: `span ${i}`,
    kind: 1,
    startUnixNano: T0_NANO + BigInt(i),
    endUnixNano: T0_NANO + BigInt(2 * count),
  }))
  const chunks: StoredChunk[] = []
  for (let at = 0; at < count; at += CHUNK_SPANS) {
    const resource = { attributes: {} }
    const payload = encodeTracesData({ resource, scope: { name: 'test' }, spans: spans.slice(at, at + CHUNK_SPANS) })
    const device = DEVICES[(at / CHUNK_SPANS) % DEVICES.length] as string
    chunks.push({ deviceId: deviceId(device), module: 'm', provenance: 'verified', payload })
  }
  return [...chunks, ...chunks]
}

function stitchCounting(shape: Shape, count: number) {
  const refs = chunksOf(shape, count).map((each) => chunkRef(each, Array<bigint>(CHUNK_SPANS).fill(T0_NANO)))
  let [hashes, steps] = [0, 0]
  const knowledge = mesh(...DEVICES.map((name) => member(name, { clock: { offsetMs: 0, errorMs: 1 } })))
  const work = stitchTrace(TRACE, {
    source: { chunksOf: () => atOnce({ chunks: refs, first: refs[0], spans: refs.length * CHUNK_SPANS, lost: [] }) },
    knowledge,
    sha256(bytes) {
      hashes++
      return sha256(bytes)
    },
  })
  for (;;) {
    const step = work.next()
    if (step.done === true) return { trace: parseParts(step.value ?? []) as StitchedTrace, hashes, steps }
    steps++
  }
}

describe('50,000 spans, each delivered twice', () => {
  test.each(shapes)('[QU2] [QU3] [QU6] [QU7] $name', (shape) => {
    const { trace, hashes, steps } = stitchCounting(shape, SPANS)
    const { spans } = trace
    expect(spans.length).toBe(SPANS)
    expect(new Set(spans.map((span) => span.name)).size).toBe(SPANS)
    expect({
      roots: spans.filter((span) => span.depth === 0).length,
      deepest: spans.reduce((most, span) => Math.max(most, span.depth), 0),
      loops: spans.filter((span) => span.loop).length,
      missing: trace.gaps.filter((gap) => gap.reason === 'not-here').length,
      conflicts: spans.filter((span) => span.provenance === 'conflict').length,
    }).toEqual({
      roots: shape.roots,
      deepest: shape.deepest,
      loops: shape.loops,
      missing: shape.missing,
      conflicts: shape.conflicts,
    })
    expect(hashes).toBeLessThanOrEqual(2 * SPANS)
    const few = stitchCounting(shape, FEW).steps
    expect(steps).toBeLessThan((few * SPANS) / FEW)
  })
})
