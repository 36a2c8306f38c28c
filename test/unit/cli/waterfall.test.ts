import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  LinkedFrom,
  TraceDevice,
  TraceModule,
  TraceSpan,
  TraceView,
} from '../../../src/agent/http-types/traces.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { MIN_WIDTH, renderWaterfall, type WaterfallOptions } from '../../../src/cli/render/waterfall.ts'
import { chunk, member, mesh } from '../query/make-chunk.ts'
import { beforeConsent, troubledTrace, view, wholeTrace } from './sample-traces.ts'

const plain: WaterfallOptions = { width: 100, color: false }
const linesOf = (trace: TraceView, options: WaterfallOptions = plain): readonly string[] =>
  renderWaterfall(trace, options).split('\n').slice(0, -1)

/** A trace of one device with spans changed as named. */
function traceOf(...spans: readonly Partial<TraceSpan>[]): TraceView {
  const base = view([chunk('laptop', 'core', [{ id: 'a', name: 'work', endMs: 10 }])], mesh(member('laptop')))
  const [span] = base.spans as [TraceSpan]
  return { ...base, spans: spans.map((more) => ({ ...span, ...more })) }
}

describe('drawings to look at', () => {
  test.each([80, 100, 160])('[QU16] a whole trace over three devices at %i columns', async (width) => {
    await expect(renderWaterfall(wholeTrace, { ...plain, width })).toMatchFileSnapshot(`fixtures/whole-${width}.txt`)
  })
  test.each([80, 100, 160])('[QU18] everything that can be wrong, at %i columns', async (width) => {
    const drawing = renderWaterfall(troubledTrace, { ...plain, width })
    await expect(drawing).toMatchFileSnapshot(`fixtures/troubled-${width}.txt`)
  })
  test('[QU18] before consent: what is missing is said', async () => {
    await expect(renderWaterfall(beforeConsent, plain)).toMatchFileSnapshot('fixtures/before-consent-100.txt')
  })
  test('[QU19] in ASCII', async () => {
    const drawing = renderWaterfall(troubledTrace, { ...plain, ascii: true })
    await expect(drawing).toMatchFileSnapshot('fixtures/troubled-ascii-100.txt')
  })
  test('[QU19] in colours', async () => {
    const drawing = renderWaterfall(troubledTrace, { ...plain, color: true })
    await expect(drawing).toMatchFileSnapshot('fixtures/troubled-colour-100.txt')
  })
  test('[QU17] with times as recorded', async () => {
    const drawing = renderWaterfall(wholeTrace, { ...plain, times: 'raw' })
    await expect(drawing).toMatchFileSnapshot('fixtures/whole-raw-100.txt')
  })
})

describe('attributes', () => {
  test('[QU25] stand under their span when they were asked for, one on a line, made safe', () => {
    const lines = linesOf(
      traceOf({ attributes: { 'http.route': '/think', n: '7', list: [1, 'a\u001B[2J'], 'a\u202Eb': true } }),
    )
    const texts = lines.map((line) => line.replace(/^\S+\s+/, ''))
    expect(texts).toEqual(expect.arrayContaining(['http.route: /think', 'n: 7', 'ab: true']))
    for (const char of ['\u001B', '\u202E']) expect(lines.join('')).not.toContain(char)
  })

  test('[QU25] of more than 32 the rest is counted', () => {
    const attributes = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key${i}`, i]))
    const drawing = renderWaterfall(traceOf({ attributes }), plain)
    expect(drawing).toContain('key31: 31')
    expect(drawing).not.toContain('key32')
    expect(drawing).toContain('8 more attributes; --json prints them all')
  })
})

describe('rows', () => {
  test('[QU16] no line is wider than the terminal or ends in spaces', () => {
    for (const trace of [wholeTrace, beforeConsent, troubledTrace]) {
      for (let width = MIN_WIDTH; width <= 200; width += 7) {
        for (const line of linesOf(trace, { ...plain, width })) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width)
          expect(line).toBe(line.trimEnd())
        }
      }
    }
  })

  test('[QU19] colours add nothing but colours', () => {
    const coloured = renderWaterfall(troubledTrace, { ...plain, color: true })
    // oxlint-disable-next-line no-control-regex
    const bare = coloured.replaceAll(/\u001B\[[0-9;]*m/g, '')
    const trimmed = bare.split('\n').map((line) => line.trimEnd())
    expect(trimmed.join('\n')).toBe(renderWaterfall(troubledTrace, plain))
  })

  test('[QU19] ASCII is ASCII, whatever names say', () => {
    const drawing = renderWaterfall(traceOf({ name: 'größe 寿司', module: '模块' }), { ...plain, ascii: true })
    // oxlint-disable-next-line no-control-regex
    expect(drawing).toMatch(/^[\n -~]*$/u)
  })

  test('[QU16] an error shows its message under its row', () => {
    const lines = linesOf(traceOf({ status: 'error', statusMessage: 'no\u001B[2J voice' }))
    const row = lines.findIndex((line) => line.includes('! work'))
    expect(lines[row + 1]).toMatch(/^▌ +no voice$/)
  })

  test('[QU16] deep levels are cut on the left and say so', () => {
    const spans = Array.from({ length: 40 }, (_, depth) => ({ depth, name: `level ${depth}` }))
    const lines = linesOf(traceOf(...spans))
    const deepest = lines.find((line) => line.includes('level 39'))
    expect(deepest).toContain('⋯')
    expect(displayWidth(deepest ?? '')).toBeLessThanOrEqual(100)
  })

  test('[QU16] beyond the most rows, the rest is counted', () => {
    const spans = Array.from({ length: 12 }, (_, i) => ({ depth: i === 0 ? 0 : 1, name: `span-${i}` }))
    const drawing = renderWaterfall(traceOf(...spans), { ...plain, maxRows: 10 })
    expect(drawing).toContain('span-9')
    expect(drawing).not.toContain('span-10')
    expect(drawing).toContain('2 more spans not drawn')
  })

  test('[QU16] 50,000 spans deep, every row can be drawn', () => {
    const spans = Array.from({ length: 50_000 }, (_, depth) => ({ depth }))
    const lines = linesOf(traceOf(...spans), { ...plain, maxRows: 50_000 })
    expect(lines.filter((line) => line.startsWith('▌laptop'))).toHaveLength(50_000)
  })

  test('[QU17] a span without a start time does not squeeze the others', () => {
    const lines = linesOf(traceOf({}, { depth: 1, name: 'unset', startUnixNano: '0', correctedStartUnixNano: '0' }))
    expect(lines.find((line) => line.includes('unset'))).toContain('no start time')
    expect(lines.find((line) => line.includes('work'))).toMatch(/10 ms ━{20,}$/)
  })

  test('[QU17] a trace without duration still has a bar', () => {
    const instant = { durationNano: '0', selfNano: '0', critical: false }
    expect(linesOf(traceOf(instant)).find((line) => line.includes('work'))).toMatch(/ 0 ns +0 ns ╸$/)
  })
})

describe('self times and the critical path', () => {
  const rowOf = (name: string, lines: readonly string[]) => lines.find((line) => line.includes(name)) ?? ''

  test('[CP7] spans on the path are marked, and self times stand beside durations where there is room', () => {
    const wide = linesOf(wholeTrace, { ...plain, width: 100 })
    expect(rowOf('think', wide)).toMatch(/ 528 ms ◆ +21 ms /)
    expect(rowOf('synthesise', wide)).toMatch(/ 219 ms {3,}219 ms /)
    const narrow = linesOf(wholeTrace, { ...plain, width: 80 })
    expect(rowOf('think', narrow)).toMatch(/ 528 ms ◆ +╺?━/)
    expect(wide.at(-1)).toContain('◆ critical path')
  })

  test('[CP7] the header says whose time it was, most of it first', () => {
    const lines = linesOf(wholeTrace, { ...plain, width: 160 })
    expect(lines).toContain(
      '◆ critical path · core (Laptop) 639 ms · otlp/embodiment (Tablet) 273 ms · conversation (Phone) 268 ms',
    )
    expect(linesOf(beforeConsent, plain).join('\n')).not.toContain('(Laptop)')
    const many = Array.from({ length: 8 }, (_, i) => `module ${i}`).map((module) => {
      return { deviceId: wholeTrace.devices[0]?.deviceId ?? '', module, spans: 1, selfNano: '1', criticalNano: '1000' }
    })
    expect(linesOf({ ...wholeTrace, modules: many }, { ...plain, width: 160 }).join('\n')).toContain('· 2 more modules')
  })

  test.each([60, 80, 100])('[CP7] alone, the path is a tree with its own parts, at %i columns', async (width) => {
    const drawing = renderWaterfall(wholeTrace, { ...plain, width, onlyCritical: true })
    await expect(drawing).toMatchFileSnapshot(`fixtures/critical-${width}.txt`)
    expect(drawing).toContain('┊ 2 spans not on the critical path')
    expect(drawing).not.toContain('synthesise')
  })
})

describe('links from trace to trace', () => {
  const other = 'ab'.repeat(16)
  const from = (name: string, linksTo: string): LinkedFrom => {
    return {
      linksTo,
      traceId: other,
      spanId: '1',
      name,
      deviceId: '',
      deviceName: 'Phone',
      module: 'voice',
      evidence: 'verified',
    }
  }

  test('[LF4] stand under their span, both ways, links within the trace left out', () => {
    const trace = traceOf({
      links: [
        { traceId: wholeTrace.traceId, spanId: '1' },
        { traceId: other, spanId: '2' },
      ],
    })
    const lines = linesOf({ ...trace, linkedFrom: [from('say\u001B[2J it', trace.spans[0]?.spanId ?? '')] })
    expect(lines.filter((line) => line.includes('link')).map((line) => line.replace(/^\S+\s+/, ''))).toEqual([
      'links to trace abababababab',
      'linked from say it, trace abababababab, by voice on Phone',
    ])
  })

  test('[LF4] of more than three, and of those to spans without a row, the rest is counted', () => {
    const trace = traceOf({ links: Array.from({ length: 5 }, () => ({ traceId: other, spanId: '2' })) })
    const linkedFrom = [from('one', 'nowhere'), from('two', 'nowhere')]
    const drawing = renderWaterfall({ ...trace, linkedFrom, linkedFromOmitted: 3, linkedFromPartial: true }, plain)
    expect(drawing.match(/links to trace/g)).toHaveLength(3)
    expect(drawing).toContain('2 more links; --json prints them all')
    expect(drawing).toContain('┊ 5 more links from other traces; --json prints them')
    expect(drawing).toContain('┊ more traces may link to this one: not all records were searched')
  })
})

describe('hostile traces', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(
      '\u001B[2J',
      '\u001B]0;owned\u0007',
      '\u202Egnp.exe',
      '\u0000',
      '\r\nfake row',
      '\u009B31m',
      'e\u0301\u0301\u0301\u0301\u0301',
    ),
  )
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)

  test('[QU15] whatever names, times and depths say, lines stay lines, printable and within the width', () => {
    const span = fc.record({
      name: hostile,
      module: hostile,
      statusMessage: hostile,
      status: fc.constantFrom('error', 'ok'),
      durationNano: u64,
      startUnixNano: u64,
      correctedStartUnixNano: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
      depth: fc.constantFrom(0, 1, 2, 60),
      parentSpanId: fc.constantFrom(null, '00000000000000ff'),
      loop: fc.boolean(),
      selfNano: u64,
      critical: fc.boolean(),
      criticalNano: u64,
    })
    fc.assert(
      fc.property(
        fc.array(span, { minLength: 1, maxLength: 6 }),
        hostile,
        fc.integer({ min: MIN_WIDTH, max: 160 }),
        fc.boolean(),
        (spans, name, width, onlyCritical) => {
          const trace = traceOf(...(spans as readonly Partial<TraceSpan>[]))
          const devices = trace.devices.map((device) => ({ ...device, name }))
          const modules = spans.map(({ module, criticalNano }) => {
            return { ...(trace.modules[0] as TraceModule), module, criticalNano }
          })
          for (const line of linesOf({ ...trace, devices, modules }, { width, color: false, onlyCritical })) {
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
            expect(displayWidth(line)).toBeLessThanOrEqual(width)
          }
        },
      ),
    )
  })

  test('[QU15] a name cannot add a row', () => {
    const count = linesOf(traceOf({})).length
    expect(linesOf(traceOf({ name: 'a\n▌laptop ✓ core fake' }))).toHaveLength(count)
  })
})

describe('gaps in words', () => {
  const gap = { deviceId: null, parentSpanId: null, count: null }
  const phone = 'ab'.repeat(32)
  test.each([
    [{ ...gap, reason: 'no-consent' }, 'not shared: some device gives no consent; whether it took part is unknown'],
    [{ ...gap, reason: 'not-synced', deviceId: phone, count: 1 }, '1 segment from Phone not synced yet'],
    [{ ...gap, reason: 'not-synced', deviceId: phone, count: 1200 }, '1,200 segments from Phone not synced yet'],
    [{ ...gap, reason: 'not-synced', deviceId: phone }, 'Phone may hold more: not synced since this trace ended'],
    [{ ...gap, reason: 'expired', deviceId: phone, count: 3 }, '3 spans from Phone expired: kept no longer'],
    [{ ...gap, reason: 'expired', deviceId: phone }, 'records of that time from Phone are kept no longer: too old'],
    [{ ...gap, reason: 'dropped', deviceId: phone, count: 1 }, '1 span from Phone dropped before they were kept'],
    [{ ...gap, reason: 'dropped', deviceId: phone }, 'records of that time from Phone were deleted: no room for them'],
  ] as const)('[QU18] %j reads "%s"', (one, sentence) => {
    const trace = { ...traceOf({}), gaps: [one], gapDevices: { [phone]: 'Phone' } }
    expect(linesOf(trace)).toContain(`┊ ${sentence}`)
  })

  test('[QU18] what could not be read or answered is said too', () => {
    const drawing = renderWaterfall({ ...traceOf({}), unreadableChunks: 2, omittedSpans: 1 }, plain)
    expect(drawing).toContain('┊ 2 stored chunks could not be read')
    expect(drawing).toContain('┊ 1 span beyond the limit of one answer')
  })

  test('[QU18] orphans of one missing parent stand under one ghost row', () => {
    const orphan = { parentSpanId: '00000000000000ff' }
    const lines = linesOf(traceOf({ ...orphan, name: 'one' }, { depth: 1, name: 'child' }, { ...orphan, name: 'two' }))
    const rows = lines.filter((line) => /not here|one|child|two/.test(line)).map((line) => line.slice(17, 27).trimEnd())
    expect(rows).toEqual(['parent spa', '├─ one', '│ └─ child', '└─ two'])
  })
})

describe('the state of a trace', () => {
  const noConsent = { reason: 'no-consent', deviceId: null, parentSpanId: null, count: null } as const
  const stateOf = (trace: TraceView): string => linesOf(trace)[0]?.split(/ {2,}/)[1] ?? ''

  test.each([
    ['whole', {}, 'complete'],
    ['whole, but for what nobody shares', { complete: false, gaps: [noConsent] }, 'as far as shared'],
    [
      'with more missing',
      { complete: false, gaps: [noConsent, { ...noConsent, reason: 'not-synced' as const }] },
      'not complete',
    ],
    ['with chunks that cannot be read', { complete: false, gaps: [noConsent], unreadableChunks: 1 }, 'not complete'],
  ])('[QU18] %s', (_, more, state) => {
    expect(stateOf({ ...traceOf({}), ...more })).toBe(state)
  })

  test("[QU16] an own record that is not sealed yet is not called doubtful; another device's is", () => {
    const [own] = traceOf({ provenance: 'unverified' }).devices
    expect(renderWaterfall(traceOf({ provenance: 'unverified' }), plain)).toContain('? not sealed yet')
    const other = { ...traceOf({ provenance: 'unverified' }), devices: [{ ...(own as TraceDevice), self: false }] }
    expect(renderWaterfall(other, plain)).toContain('? unverified')
  })
})
