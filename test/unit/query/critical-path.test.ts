import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stitchTrace } from '../../../src/query/stitch-trace.ts'
import type { StitchedSpan, StitchedTrace } from '../../../src/query/stitched-trace.ts'
import type { MeshKnowledge, StoredChunk } from '../../../src/query/trace-source.ts'
import { finish, parseParts } from '../../support/finish.ts'
import { chunk, deviceId, member, mesh, sha256, sourceOf, TRACE, type SpanDescription } from './make-chunk.ts'

const CONSUMER = 5
const laptop = mesh(member('laptop'))

function stitch(chunks: readonly StoredChunk[], knowledge: MeshKnowledge = laptop): StitchedTrace {
  const parts = finish(stitchTrace(TRACE, { source: sourceOf(chunks), knowledge, sha256 }))
  return parseParts(parts ?? []) as StitchedTrace
}

const onLaptop = (...spans: readonly SpanDescription[]): StitchedTrace => stitch([chunk('laptop', 'm', spans)])
const inMs = (nanos: string | undefined): number => Number(nanos) / 1e6
/** Name and own part of the path of each span on it, in ms. */
const path = (trace: StitchedTrace): Readonly<Record<string, number>> =>
  Object.fromEntries(trace.spans.filter((span) => span.critical).map((span) => [span.name, inMs(span.criticalNano)]))
const self = (trace: StitchedTrace): Readonly<Record<string, number>> =>
  Object.fromEntries(trace.spans.map((span) => [span.name, inMs(span.selfNano)]))

/** `parent` before `id`, in ms: `[id, parent, start, end]`. */
type Row = readonly [id: string, parent: string | undefined, startMs: number, endMs: number, kind?: number]
const spansOf = (rows: readonly Row[]): readonly SpanDescription[] =>
  rows.map(([id, parent, startMs, endMs, kind]) => {
    return { id, startMs, endMs, ...(parent === undefined ? {} : { parent }), ...(kind === undefined ? {} : { kind }) }
  })

const cases: readonly {
  readonly name: string
  readonly rows: readonly Row[]
  readonly path: Readonly<Record<string, number>>
  readonly self: Readonly<Record<string, number>>
}[] = [
  {
    name: '[CP3] a span alone is its own path',
    rows: [['a', undefined, 0, 10]],
    path: { a: 10 },
    self: { a: 10 },
  },
  {
    name: '[CP3] children one after the other are all on the path, and their parent between them',
    rows: [
      ['a', undefined, 0, 100],
      ['b', 'a', 10, 30],
      ['c', 'a', 40, 90],
    ],
    path: { a: 30, b: 20, c: 50 },
    self: { a: 30, b: 20, c: 50 },
  },
  {
    name: '[CP3] of children at the same time only the one that finished last is on it',
    rows: [
      ['a', undefined, 0, 100],
      ['b', 'a', 10, 80],
      ['c', 'a', 20, 90],
    ],
    path: { a: 30, c: 70 },
    self: { a: 20, b: 70, c: 70 },
  },
  {
    name: '[CP3] before the last child stands the one that had finished when it began',
    rows: [
      ['a', undefined, 0, 100],
      ['b', 'a', 5, 60],
      ['c', 'a', 10, 40],
      ['d', 'a', 50, 95],
    ],
    path: { a: 25, c: 30, d: 45 },
    self: { a: 10, b: 55, c: 30, d: 45 },
  },
  {
    name: '[CP3] of children that end together the one that started first is on it',
    rows: [
      ['a', undefined, 0, 50],
      ['b', 'a', 10, 40],
      ['c', 'a', 20, 40],
    ],
    path: { a: 20, b: 30 },
    self: { a: 20, b: 30, c: 20 },
  },
  {
    name: '[CP3] it goes on below each child in the same way',
    rows: [
      ['a', undefined, 0, 100],
      ['b', 'a', 0, 100],
      ['c', 'b', 50, 100],
      ['d', 'b', 0, 40],
    ],
    path: { a: 0, b: 10, c: 50, d: 40 },
    self: { a: 0, b: 10, c: 50, d: 40 },
  },
  {
    name: '[CP2] of a child that outlasts its parent the part within it counts',
    rows: [
      ['a', undefined, 0, 50],
      ['b', 'a', 20, 80],
    ],
    path: { a: 20, b: 30 },
    self: { a: 20, b: 60 },
  },
  {
    name: '[CP2] a child that begins when its parent is over was not waited for',
    rows: [
      ['a', undefined, 0, 50],
      ['b', 'a', 50, 80],
      ['c', 'a', 60, 90],
    ],
    path: { a: 50 },
    self: { a: 50, b: 30, c: 30 },
  },
  {
    name: '[CP2] nor was anything below it',
    rows: [
      ['a', undefined, 0, 50],
      ['b', 'a', 60, 80],
      ['c', 'b', 10, 70],
    ],
    path: { a: 50 },
    self: { a: 50, b: 10, c: 60 },
  },
  {
    name: '[CP2] a child without duration is not on it',
    rows: [
      ['a', undefined, 0, 50],
      ['b', 'a', 20, 20],
    ],
    path: { a: 50 },
    self: { a: 50, b: 0 },
  },
  {
    name: '[CP1] what several children cover together is taken off once',
    rows: [
      ['a', undefined, 0, 100],
      ['b', 'a', 10, 50],
      ['c', 'a', 30, 70],
      ['d', 'a', 35, 40],
    ],
    path: { a: 60, c: 40 },
    self: { a: 40, b: 40, c: 40, d: 5 },
  },
  {
    name: '[CP4] roots one after the other are taken as children of the whole trace',
    rows: [
      ['a', undefined, 0, 20],
      ['b', undefined, 30, 60],
      ['c', undefined, 10, 35],
    ],
    path: { a: 20, b: 30 },
    self: { a: 20, b: 30, c: 25 },
  },
  {
    name: '[CP4] beside a root that names no parent, spans whose parent is missing are not on it',
    rows: [
      ['a', undefined, 0, 20],
      ['b', 'f', 5, 60],
    ],
    path: { a: 20 },
    self: { a: 20, b: 55 },
  },
  {
    name: '[CP4] without such a root they are the roots',
    rows: [
      ['a', 'e', 0, 20],
      ['b', 'f', 30, 60],
    ],
    path: { a: 20, b: 30 },
    self: { a: 20, b: 30 },
  },
  {
    name: '[CP4] a circle is walked from where it was cut',
    rows: [
      ['a', 'b', 0, 50],
      ['b', 'a', 10, 40],
    ],
    path: { a: 20, b: 30 },
    self: { a: 20, b: 30 },
  },
]

describe('critical path and self times', () => {
  test.each(cases)('$name', ({ rows, path: wantPath, self: wantSelf }) => {
    const trace = onLaptop(...spansOf(rows))
    expect(path(trace)).toEqual(wantPath)
    expect(self(trace)).toEqual(wantSelf)
  })

  test('[CP1] [CP2] a span without a start time takes no part, and stretches nothing', () => {
    const trace = onLaptop({ id: 'a', endMs: 10 }, { id: 'b', parent: 'a', startNano: 0n, endMs: 5 })
    expect(path(trace)).toEqual({ a: 10 })
    expect(self(trace)).toEqual({ a: 10, b: 0 })
  })

  test('[CP5] devices and modules add up what their spans have', () => {
    const trace = stitch(
      [
        chunk('laptop', 'core', spansOf([['a', undefined, 0, 100]])),
        chunk('laptop', 'voice', spansOf([['b', 'a', 10, 60]])),
        chunk('phone', 'core', spansOf([['c', 'b', 20, 50], ['d', 'a', 15, 40]])), // prettier-ignore
      ],
      mesh(member('laptop'), member('phone', { clock: { offsetMs: 0, errorMs: 0 } })),
    )
    expect(trace.devices.map((each) => [each.name, inMs(each.selfNano), inMs(each.criticalNano)])).toEqual([
      ['laptop', 70, 70],
      ['phone', 55, 30],
    ])
    expect(trace.modules.map(({ module, spans, ...each }) => [module, spans, inMs(each.selfNano)])).toEqual([
      ['core', 1, 50],
      ['voice', 1, 20],
      ['core', 2, 55],
    ])
    expect(trace.modules.map((each) => each.deviceId)).toEqual(['laptop', 'laptop', 'phone'].map(deviceId))
  })
})

describe('clocks', () => {
  const household = (errorMs: number | null): MeshKnowledge =>
    mesh(member('laptop'), member('phone', { clock: errorMs === null ? null : { offsetMs: 0, errorMs } }))
  const calls = (phone: readonly SpanDescription[], errorMs: number | null): StitchedTrace =>
    stitch([chunk('laptop', 'm', spansOf([['a', undefined, 0, 100]])), chunk('phone', 'm', phone)], household(errorMs))

  test.each([
    { name: 'too early, within the error', startMs: -5, errorMs: 5, want: { a: 70, b: 30 } },
    { name: 'too early, beyond it', startMs: -5, errorMs: 4.9, want: { a: 75, b: 25 } },
    { name: 'too late, within the error', startMs: 75, errorMs: 5, want: { a: 70, b: 30 } },
    { name: 'too late, beyond it', startMs: 75, errorMs: 4.9, want: { a: 75, b: 25 } },
    { name: 'hours off on a clock that was not measured', startMs: 9e6, errorMs: null, want: { a: 70, b: 30 } },
    { name: 'within its caller', startMs: 20, errorMs: 50, want: { a: 70, b: 30 } },
  ])('[CP2] a call to another device that is $name', ({ startMs, errorMs, want }) => {
    const trace = calls([{ id: 'b', parent: 'a', startMs, endMs: startMs + 30, kind: 2 }], errorMs)
    expect(path(trace)).toEqual(want)
  })

  test('[CP2] what lies below it on its device moves along, and recorded times stay', () => {
    const trace = calls(spansOf([['b', 'a', -5, 25, 2], ['c', 'b', -5, 5]]), 5) // prettier-ignore
    expect(path(trace)).toEqual({ a: 70, b: 20, c: 10 })
    const { startUnixNano, correctedStartUnixNano } = trace.spans[1] as StitchedSpan
    expect(startUnixNano).toBe('1795377599995000000')
    expect(correctedStartUnixNano).toBe(startUnixNano)
  })

  test('[CP2] one that does not fit into its caller, or consumes a message, is not moved', () => {
    expect(path(calls(spansOf([['b', 'a', 110, 211, 2]]), null))).toEqual({ a: 100 })
    expect(path(calls(spansOf([['b', 'a', 110, 120, CONSUMER]]), null))).toEqual({ a: 100 })
  })
})

describe('any trace', () => {
  interface Node {
    readonly span: StitchedSpan
    readonly children: Node[]
  }

  /** As the definitions say it: recursively, child by child. Times in ms from the first. */
  const startOf = (span: StitchedSpan): number => Number(BigInt(span.startUnixNano) / 1_000_000n)
  const endOf = (span: StitchedSpan): number => startOf(span) + inMs(span.durationNano)

  function treeOf(trace: StitchedTrace): readonly Node[] {
    const roots: Node[] = []
    const above: Node[] = []
    for (const span of trace.spans) {
      const node = { span, children: [] }
      above.splice(span.depth, Infinity, node)
      if (span.depth === 0) roots.push(node)
      else above[span.depth - 1]?.children.push(node)
    }
    return roots
  }

  function selfOf({ span, children }: Node): number {
    const covered = new Set<number>()
    for (const { span: child } of children) {
      for (let ms = Math.max(startOf(child), startOf(span)); ms < Math.min(endOf(child), endOf(span)); ms++)
        covered.add(ms)
    }
    return endOf(span) - startOf(span) - covered.size
  }

  function walkBack(children: readonly Node[], from: number, to: number, found: Map<StitchedSpan, number>): number {
    const clipped = children
      .map((node) => ({ node, start: Math.max(startOf(node.span), from), end: Math.min(endOf(node.span), to) }))
      .filter(({ start, end }) => end > start)
    let [open, own] = [to, 0]
    for (;;) {
      const ready = clipped.filter(({ end }) => end <= open)
      const last = ready.reduce<(typeof ready)[number] | undefined>(
        (a, b) => (a === undefined || b.end > a.end ? b : a),
        undefined,
      )
      if (last === undefined) return own + open - from
      own += open - last.end
      found.set(last.node.span, walkBack(last.node.children, last.start, last.end, found))
      open = last.start
    }
  }

  const row = fc.record({
    id: fc.constantFrom('1', '2', '3', '4', '5', '6', '7'),
    parent: fc.option(fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8'), { nil: undefined }),
    startMs: fc.nat({ max: 30 }),
    lastsMs: fc.nat({ max: 30 }),
  })

  test('[CP1] [CP3] [CP4] has the self times and the path that the definitions give', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), (rows) => {
        const spans = rows.map(({ id, parent, startMs, lastsMs }) => {
          return { id, startMs, endMs: startMs + lastsMs, ...(parent === undefined ? {} : { parent }) }
        })
        const trace = onLaptop(...spans)
        const tree = treeOf(trace)
        const all = (nodes: readonly Node[]): readonly Node[] => nodes.flatMap((node) => [node, ...all(node.children)])
        for (const node of all(tree)) expect(inMs(node.span.selfNano)).toBe(selfOf(node))
        const own = tree.filter(({ span }) => span.parentSpanId === null)
        const found = new Map<StitchedSpan, number>()
        walkBack(own.length > 0 ? own : tree, -Infinity, Infinity, found)
        const want = trace.spans.map((span) => found.get(span))
        expect(trace.spans.map((span) => (span.critical ? inMs(span.criticalNano) : undefined))).toEqual(want)
      }),
      { numRuns: 500 },
    )
  })

  test('[CP5] one root: all parts of the path together last as long as it', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 10 }), (rows) => {
        const spans = rows.map(({ id, parent, startMs, lastsMs }) => {
          return { id, startMs, endMs: startMs + lastsMs, parent: parent ?? '9' }
        })
        const trace = onLaptop({ id: '9', startMs: 0, endMs: 40 }, ...spans)
        expect(trace.devices.reduce((sum, each) => sum + inMs(each.criticalNano), 0)).toBe(40)
      }),
    )
  })
})
