import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import {
  findLinks,
  MAX_FOUND_LINKS,
  MAX_LINK_RAW_BYTES,
  MAX_LINKED_FROM,
  type FoundLinks,
  type LinkSource,
} from '../../../src/query/find-links.ts'
import { idBytes } from '../../../src/model/ids.ts'
import { linkToken } from '../../../src/wire/index/token.ts'
import type { SearchChunk } from '../../../src/query/search/search-source.ts'
import { stitchTrace } from '../../../src/query/stitch-trace.ts'
import type { StitchedTrace } from '../../../src/query/stitched-trace.ts'
import type { StoredChunk } from '../../../src/query/trace-source.ts'
import { finish, parseParts } from '../../support/finish.ts'
import {
  chunk,
  chunkRef,
  deviceId,
  member,
  mesh,
  OTHER_TRACE,
  sha256,
  sourceOf,
  spanId,
  TRACE,
  type SpanDescription,
} from './make-chunk.ts'

const THIRD_TRACE = '2af7651916cd43dd8448eb211c80319c'
const pair = mesh(member('laptop'), member('phone', { clock: { offsetMs: 1000, errorMs: 1 } }))
const linking = (id: string, to: readonly string[], more: Partial<SpanDescription> = {}): SpanDescription => {
  return { id, name: `span ${id}`, traceId: OTHER_TRACE, links: to, linkTrace: TRACE, ...more }
}

function find(chunks: readonly StoredChunk[]): FoundLinks {
  return finish(
    findLinks(
      TRACE,
      chunks.map((each) => searchChunk(each)),
      pair,
    ),
  )
}
function searchChunk(each: StoredChunk, onOpen?: (payload: Uint8Array) => void): SearchChunk {
  const { module, payload } = each
  const read = (): Uint8Array => payload.slice()
  return { ...chunkRef(each, [], onOpen), module, storedAs: undefined, read, free: (bytes) => bytes.fill(0xff) }
}
const found = (chunks: readonly StoredChunk[]): readonly string[] => find(chunks).linkedFrom.map(({ name }) => name)

describe('who links to a trace', () => {
  test('[LF1] spans of other traces do, with the span they link to', () => {
    const chunks = [
      chunk('laptop', 'core', [{ id: 'a' }, { id: 'b', traceId: OTHER_TRACE }]),
      chunk('phone', 'voice', [linking('c', ['a'])], 'unverified'),
    ]
    expect(find(chunks)).toEqual({
      linkedFrom: [
        {
          linksTo: spanId('a'),
          traceId: OTHER_TRACE,
          spanId: spanId('c'),
          name: 'span c',
          deviceId: deviceId('phone'),
          deviceName: 'phone',
          module: 'voice',
          evidence: 'unverified',
        },
      ],
      linkedFromOmitted: 0,
      linkedFromPartial: false,
    })
  })

  test('[LF1] spans of the trace itself do not, nor links to other traces', () => {
    expect(found([chunk('laptop', 'm', [linking('a', ['b'], { traceId: TRACE })])])).toEqual([])
    expect(found([chunk('laptop', 'm', [linking('a', ['b'], { linkTrace: THIRD_TRACE })])])).toEqual([])
  })

  test('[LF1] each link counts, and the span linked to need not be here', () => {
    expect(
      find([chunk('laptop', 'm', [linking('a', ['b', 'c', 'b'])])]).linkedFrom.map(({ linksTo }) => linksTo),
    ).toEqual([spanId('b'), spanId('c')])
  })

  test('[LF2] they come by start on our clock, copies once with the best proof, whatever the order of delivery', () => {
    const chunks = [
      chunk('laptop', 'm', [linking('a', ['1'], { startMs: 50 })], 'tampered'),
      chunk('laptop', 'm', [linking('a', ['1'], { startMs: 50 })]),
      chunk('phone', 'm', [linking('b', ['1'], { startMs: 1040 }), linking('c', ['1'], { startMs: 1060 })]),
      chunk('phone', 'm', [linking('a', ['1'], { startMs: 1050 })]),
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(chunks, { minLength: chunks.length }), (shuffled) => {
        expect(find(shuffled)).toEqual(find(chunks))
      }),
    )
    expect(find(chunks).linkedFrom.map(({ name, deviceName, evidence }) => [name, deviceName, evidence])).toEqual([
      ['span b', 'phone', 'verified'],
      ['span a', 'laptop', 'verified'],
      ['span a', 'phone', 'verified'],
      ['span c', 'phone', 'verified'],
    ])
  })

  test.each([
    [MAX_LINKED_FROM, 0],
    [MAX_LINKED_FROM + 1, 1],
  ])('[LF2] of %i the first are listed, and %i counted', (count, omitted) => {
    const spans = Array.from({ length: count }, (_, i) => linking((i + 1).toString(16), ['a'], { startMs: i }))
    const { linkedFrom, linkedFromOmitted, linkedFromPartial } = find([chunk('laptop', 'm', spans)])
    expect([linkedFrom.length, linkedFromOmitted, linkedFromPartial]).toEqual([MAX_LINKED_FROM, omitted, false])
    expect(linkedFrom[0]?.name).toBe('span 1')
  })
})

describe('what is looked at', () => {
  const big = 'x'.repeat(1 << 20)

  test('[LF3] no more than 8 MiB is opened, and what is left is said', () => {
    const chunks = Array.from({ length: 9 }, (_, i) =>
      chunk('laptop', 'm', [linking((i + 1).toString(16), ['a'], { startMs: i, attributes: { big } })]),
    )
    let openedBytes = 0
    const refs = chunks.map((each) => searchChunk(each, (payload) => (openedBytes += payload.length)))
    const { linkedFrom, linkedFromPartial } = finish(findLinks(TRACE, refs, pair))
    expect(openedBytes).toBeLessThanOrEqual(MAX_LINK_RAW_BYTES)
    expect([linkedFrom.length, linkedFromPartial]).toEqual([7, true])
  })

  test('[LF3] no more than 2,000 are looked for', () => {
    const spans = (from: number) =>
      Array.from({ length: MAX_FOUND_LINKS }, (_, i) => linking((from + i).toString(16), ['a']))
    const one = chunk('laptop', 'm', spans(1))
    expect(find([one])).toMatchObject({
      linkedFromOmitted: MAX_FOUND_LINKS - MAX_LINKED_FROM,
      linkedFromPartial: false,
    })
    const two = find([one, chunk('laptop', 'm', spans(10_000))])
    expect(two).toMatchObject({ linkedFromOmitted: MAX_FOUND_LINKS - MAX_LINKED_FROM, linkedFromPartial: true })
  })

  test('[LF3] nothing is opened that does not name the trace', () => {
    const elsewhere = linking('a', ['b'], { linkTrace: THIRD_TRACE })
    const others = chunk('laptop', 'm', [elsewhere, { id: 'c', traceId: OTHER_TRACE }])
    const ref = searchChunk(others, () => expect.unreachable('opened'))
    const gone = { ...ref, read: () => undefined }
    expect(finish(findLinks(TRACE, [ref, gone], pair))).toMatchObject({ linkedFrom: [], linkedFromPartial: false })
  })

  test('[LF3] a chunk that cannot be read is said, and loses nothing else', () => {
    const one = chunk('laptop', 'm', [linking('a', ['b'])])
    const broken = { ...one, payload: concat(one.payload, Uint8Array.of(0x0a, 0x7f, 1)) }
    expect(find([broken, one])).toMatchObject({ linkedFrom: [{ name: 'span a' }], linkedFromPartial: true })
  })
})

describe('in the answer', () => {
  const chunks = [chunk('laptop', 'm', [{ id: 'a' }])]
  const links: LinkSource = {
    candidates({ lane, groups }) {
      expect([lane, groups]).toEqual(['traces', [[linkToken(idBytes(TRACE))]]])
      const candidates = [searchChunk(chunk('laptop', 'm', [linking('c', ['a'])]))]
      return { chunks: candidates, totals: { chunks: 1, edgeChunks: 0, records: 1 } }
    },
  }
  const answer = (options: Parameters<typeof stitchTrace>[2]): StitchedTrace =>
    parseParts(
      finish(stitchTrace(TRACE, { source: sourceOf(chunks), knowledge: pair, sha256 }, options)) ?? [],
    ) as StitchedTrace

  test('[LF1] [LF3] it stands only when asked for, and the index is asked for the token of links to the trace', () => {
    expect(answer({})).not.toHaveProperty('linkedFrom')
    expect(answer({ links })).toMatchObject({
      linkedFrom: [{ name: 'span c', linksTo: spanId('a') }],
      linkedFromOmitted: 0,
      linkedFromPartial: false,
    })
  })
})
