import { describe, expect, test } from 'vitest'
import { findGaps } from '../../../src/query/find-gaps.ts'
import type { TraceGap } from '../../../src/query/stitched-trace.ts'
import type { MemberKnowledge } from '../../../src/query/trace-source.ts'
import { deviceId, member, mesh, spanId } from './make-chunk.ts'

const END_MS = 1_000_000
const seen = { missingParents: [], correctedEnd: BigInt(END_MS) * 1_000_000n, lost: [] }
const phone = deviceId('phone')
const noConsent: TraceGap = { reason: 'no-consent', deviceId: null, parentSpanId: null, count: null }
const notSynced = (count: number | null): TraceGap => ({
  reason: 'not-synced',
  deviceId: phone,
  parentSpanId: null,
  count,
})

const cases: readonly { name: string; phone: Partial<MemberKnowledge>; want: readonly TraceGap[] }[] = [
  { name: '[QU11] a granting member in step leaves no gap', phone: {}, want: [] },
  {
    name: '[QU9] a member without a grant gives one gap that names nobody',
    phone: { grantsTraces: false },
    want: [noConsent],
  },
  {
    name: '[QU9] nothing else known of a member without a grant is told',
    phone: { grantsTraces: false, pendingSegments: 12, connected: false, syncedThroughUnixMs: undefined },
    want: [noConsent],
  },
  { name: '[QU10] segments known and not here are counted', phone: { pendingSegments: 12 }, want: [notSynced(12)] },
  {
    name: '[QU10] they are counted for a member that is away too',
    phone: { pendingSegments: 3, connected: false, syncedThroughUnixMs: 0 },
    want: [notSynced(3)],
  },
  {
    name: '[QU10] a member away since before the trace ended may hold more',
    phone: { connected: false, syncedThroughUnixMs: END_MS - 1 },
    want: [notSynced(null)],
  },
  {
    name: '[QU10] a member in step when the trace ended and away since holds no more',
    phone: { connected: false, syncedThroughUnixMs: END_MS },
    want: [],
  },
  {
    name: '[QU10] a member never in step may hold more, connected or not',
    phone: { syncedThroughUnixMs: undefined },
    want: [notSynced(null)],
  },
  {
    name: '[QU10] a connected member once in step pushes what is new, however long ago that was',
    phone: { syncedThroughUnixMs: 0 },
    want: [],
  },
]

describe('findGaps', () => {
  test.each(cases)('$name', ({ phone: more, want }) => {
    expect(findGaps(seen, mesh(member('laptop'), member('phone', more)))).toEqual(want)
  })

  test('[QU8] each missing parent is a gap that names no device', () => {
    const parents = [spanId('b'), spanId('a')]
    const gaps = findGaps({ ...seen, missingParents: parents }, mesh(member('laptop')))
    expect(gaps).toEqual(
      parents.map((parentSpanId) => ({ reason: 'not-here', deviceId: null, parentSpanId, count: null })),
    )
  })

  test('[QU9] several members without a grant give one gap, and who they are changes nothing', () => {
    const silent = { grantsTraces: false }
    const both = mesh(member('laptop'), member('phone', silent), member('tablet', silent))
    const one = mesh(member('laptop'), member('phone'), member('watch', silent))
    expect(findGaps(seen, both)).toEqual([noConsent])
    expect(findGaps(seen, one)).toEqual([noConsent])
  })

  test('[QU9] a device alone, or listed among its own members, is no gap', () => {
    expect(findGaps(seen, mesh(member('laptop', { grantsTraces: false })))).toEqual([])
    expect(findGaps(seen, { self: deviceId('laptop'), members: [] })).toEqual([])
  })

  test('[QU11] what was deleted of the time of the trace is a gap for each device and reason, in one order', () => {
    const gap = { parentSpanId: null, count: null }
    const lost = [
      { deviceId: phone, reason: 'dropped' },
      { deviceId: phone, reason: 'expired' },
    ] as const
    const want = lost.map((each) => ({ ...each, ...gap }))
    expect(findGaps({ ...seen, lost }, mesh(member('laptop')))).toEqual(want)
    expect(findGaps({ ...seen, lost: lost.toReversed() }, mesh(member('laptop')))).toEqual(want)
  })

  test('[QU10] the order of members changes nothing', () => {
    const members = ['phone', 'tablet', 'watch'].map((name) => member(name, { pendingSegments: 1 }))
    const self = member('laptop')
    expect(findGaps(seen, mesh(self, ...members))).toEqual(findGaps(seen, mesh(self, ...members.toReversed())))
  })
})
