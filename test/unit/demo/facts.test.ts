import { describe, expect, test } from 'vitest'
import type { TraceView } from '../../../src/agent/http-types/traces.ts'
import { failuresIn, foreignSpans, isSealed, isStitched, type Findings } from '../../../scripts/demo/facts.ts'

const good: Findings = {
  devices: ['phone', 'laptop', 'tablet'].map((name) => ({ deviceId: `id of ${name}`, name })),
  traceId: '0af7651916cd43dd8448eb211c80319c',
  before: { spans: 8, foreignSpans: 0, gaps: 2 },
  after: { spans: 14, devices: 3, verified: 14, stitchMs: 90, stitchFromCommandMs: 600 },
  revoked: { newForeignSpans: 0, newForeignSegments: 0, connected: 2 },
}

describe('the claims of the demo', () => {
  test('all hold in a good run', () => {
    expect(failuresIn(good)).toEqual([])
  })
  test.each<[string, Findings]>([
    ['the laptop lost its own part', { ...good, before: { ...good.before, spans: 0 } }],
    ['a foreign span shows before consent', { ...good, before: { ...good.before, foreignSpans: 1 } }],
    ['nothing is said to be missing before consent', { ...good, before: { ...good.before, gaps: 0 } }],
    ['a device is missing after consent', { ...good, after: { ...good.after, devices: 2 } }],
    ['consent adds nothing', { ...good, after: { ...good.after, spans: 8, verified: 8 } }],
    ['a span is not proven', { ...good, after: { ...good.after, verified: 13 } }],
    ['a foreign span comes after revocation', { ...good, revoked: { ...good.revoked, newForeignSpans: 1 } }],
    ['a foreign segment comes after revocation', { ...good, revoked: { ...good.revoked, newForeignSegments: 1 } }],
    ['nothing could have come, for nobody was connected', { ...good, revoked: { ...good.revoked, connected: 1 } }],
  ])('one fails if %s', (_, findings) => {
    expect(failuresIn(findings)).toHaveLength(1)
  })
})

describe('a view of a trace', () => {
  const span = (deviceId: string, provenance = 'verified') => ({ deviceId, provenance })
  const device = (deviceId: string, spans: number, verified = spans) => {
    return { deviceId, self: deviceId === 'laptop', spans, verified }
  }
  const view = (devices: readonly object[], spans: readonly object[], complete = true): TraceView =>
    ({ devices, spans, complete }) as unknown as TraceView

  test('spans of every device but the answering one are foreign', () => {
    const both = view([device('laptop', 1), device('phone', 1)], [span('laptop'), span('phone')])
    expect(foreignSpans(both)).toEqual([span('phone')])
  })
  test('it is sealed once all own spans are proven, whatever the others', () => {
    expect(isSealed(view([device('laptop', 2), device('phone', 1, 0)], []))).toBe(true)
    expect(isSealed(view([device('laptop', 2, 1)], []))).toBe(false)
    expect(isSealed(view([device('phone', 1)], []))).toBe(false)
  })
  test('it is stitched once it is complete, over all devices, and all foreign spans are proven', () => {
    const devices = [device('laptop', 1), device('phone', 1)]
    const spans = [span('laptop', 'unverified'), span('phone')]
    expect(isStitched(view(devices, spans), 2)).toBe(true)
    expect(isStitched(view(devices, spans), 3)).toBe(false)
    expect(isStitched(view(devices, spans, false), 2)).toBe(false)
    expect(isStitched(view(devices, [span('laptop'), span('phone', 'unverified')]), 2)).toBe(false)
  })
})
