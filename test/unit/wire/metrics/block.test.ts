import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../../src/base/bytes.ts'
import type { SpanId, TraceId } from '../../../../src/model/ids.ts'
import { MAX_SPAN_BUCKETS } from '../../../../src/model/metrics/distribution.ts'
import type { Exemplar } from '../../../../src/model/metrics/exemplar.ts'
import { rollUp } from '../../../../src/model/metrics/rollup.ts'
import type { Sample } from '../../../../src/model/metrics/sample.ts'
import {
  decodeBlock,
  encodeBlock,
  entriesThatFit,
  MAX_BLOCK_CELLS,
  MAX_BLOCK_ENTRIES,
  type Block,
} from '../../../../src/wire/metrics/entry-block.ts'
import type { Entry } from '../../../../src/wire/metrics/entry-runs.ts'
import { MetricBlockError } from '../../../../src/wire/metrics/metric-block-error.ts'
import { readRollupBlock, readSampleBlock } from '../../../../src/wire/metrics/read-block.ts'
import { entryToRollup, rollupToEntry } from '../../../../src/wire/metrics/rollup-entries.ts'
import { entryToSample, sampleToEntry } from '../../../../src/wire/metrics/sample-entries.ts'
import { distribution, explicit, exponential } from '../../model/metrics/sample-values.ts'

const T0_MS = 1_795_370_400_000
const traceId = '0af7651916cd43dd8448eb211c80319c' as TraceId
const exemplar: Exemplar = { timeMs: T0_MS + 5, value: 1.5, traceId, spanId: 'b7ad6b7169203331' as SpanId }

const entry: fc.Arbitrary<Entry> = fc
  .tuple(
    fc.nat(),
    fc.nat(),
    fc.nat(3),
    fc.array(fc.double(), { maxLength: 3 }),
    fc.array(distribution, { maxLength: 3 }),
  )
  .map(([timeMs, startMs, flags, numbers, distributions]) => ({
    timeMs,
    startMs,
    flags,
    numbers,
    spans: distributions.flatMap(({ exponential: of }) =>
      of === undefined
        ? []
        : [
            { scale: of.scale, ...of.positive },
            { scale: of.scale, ...of.negative },
          ],
    ),
  }))
const exemplars = fc.array(fc.constantFrom(exemplar, { ...exemplar, spanId: undefined, value: -0 }), { maxLength: 3 })
const block: fc.Arbitrary<Block> = fc.record({ entries: fc.array(entry, { maxLength: 20 }), exemplars })

function number(value: number, i = 0): Entry {
  return { timeMs: T0_MS + i * 10_000, startMs: 0, flags: 0, numbers: [value], spans: [] }
}

function decodes(bytes: Uint8Array): boolean {
  try {
    decodeBlock(bytes)
    return true
  } catch (err) {
    expect(err).toBeInstanceOf(MetricBlockError)
    return false
  }
}

describe('a block', () => {
  test('[ME20] gives back what was put in', () => {
    fc.assert(
      fc.property(block, (each) => {
        expect(decodeBlock(encodeBlock(each))).toEqual(each)
      }),
    )
  })
  test('[ME20] cut short decodes to nothing', () => {
    fc.assert(
      fc.property(block, (each) => {
        const bytes = encodeBlock(each)
        for (let n = 0; n < bytes.length; n++) expect(decodes(bytes.subarray(0, n))).toBe(false)
      }),
      { numRuns: 20 },
    )
  })
  test('[ME20] with bytes behind it decodes to nothing', () => {
    fc.assert(
      fc.property(block, fc.uint8Array({ minLength: 1, maxLength: 4 }), (each, tail) => {
        expect(decodes(Uint8Array.of(...encodeBlock(each), ...tail))).toBe(false)
      }),
    )
  })
  test('[ME20] of any bytes decodes or is a MetricBlockError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([true, false]).toContain(decodes(Uint8Array.of(1, ...bytes)))
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(block, fc.nat(), fc.nat(7), (each, at, bit) => {
        const bytes = encodeBlock(each)
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << bit)
        expect([true, false]).toContain(decodes(bytes))
      }),
    )
  })
  test('[ME20] of another version is refused', () => {
    expect(() => decodeBlock(Uint8Array.of(2, 0, 0))).toThrow(expect.objectContaining({ code: 'METRIC_BLOCK_VERSION' }))
  })
  test('[ME20] has the bytes of the vectors', () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'vectors', 'metric-block.json')
    const vectors = JSON.parse(readFileSync(path, 'utf8')) as readonly { name: string; hex: string }[]
    const made = Object.entries(golden).map(([name, each]) => ({ name, hex: toHex(encodeBlock(each)) }))
    expect(made).toEqual(vectors)
    for (const { name, hex } of vectors) expect(decodeBlock(fromHex(hex) as Uint8Array)).toEqual(golden[name])
  })
})

const golden: Readonly<Record<string, Block>> = {
  empty: { entries: [], exemplars: [] },
  'a regular gauge': { entries: [12.5, 12.75, 13, 12.25].map(number), exemplars: [] },
  'a counter': {
    entries: [1, 5, 9, 13].map((value, i) => ({ ...number(value, i), startMs: T0_MS - 7 })),
    exemplars: [exemplar],
  },
  'doubles of many places': { entries: [Math.PI, Math.E, Number.NaN, Infinity, -0, 5e-324].map(number), exemplars: [] },
  'a histogram and an end': {
    entries: [
      sampleToEntry({ timeMs: T0_MS, startMs: 1, value: explicit([1, 2, 3], 6) }),
      sampleToEntry({ timeMs: T0_MS + 1, startMs: 1, value: undefined }),
    ],
    exemplars: [],
  },
  'exponential histograms': {
    entries: [exponential(3, -2, [1, 0, 4]), exponential(3, 1, [2]), exponential(2, 0, [])].map((value, i) =>
      sampleToEntry({ timeMs: T0_MS + i, startMs: T0_MS + i - 1, value }),
    ),
    exemplars: [],
  },
}

describe('limits', () => {
  test('[ME22] as many entries as a block holds, and not one more', () => {
    const entries = Array.from({ length: MAX_BLOCK_ENTRIES }, (_, i) => number(1, i))
    expect(decodeBlock(encodeBlock({ entries, exemplars: [] })).entries).toHaveLength(MAX_BLOCK_ENTRIES)
    const more = [...entries, number(1, MAX_BLOCK_ENTRIES)]
    expect(entriesThatFit(more)).toBe(MAX_BLOCK_ENTRIES)
    expect(() => decodeBlock(encodeBlock({ entries: more, exemplars: [] }))).toThrow(
      expect.objectContaining({ code: 'METRIC_BLOCK_TOO_LARGE' }),
    )
  })
  test('[ME22] few bytes that claim many values are refused before they are made', () => {
    const wide = (length: number): Entry[] =>
      Array.from({ length }, (_, i) => ({ ...number(0, i), numbers: Array<number>(2000).fill(0) }))
    const fitting = Math.floor(MAX_BLOCK_CELLS / 2003)
    expect(entriesThatFit(wide(fitting + 1))).toBe(fitting)
    const bytes = encodeBlock({ entries: wide(fitting + 1), exemplars: [] })
    expect(bytes.length).toBeLessThan(20_000)
    expect(() => decodeBlock(bytes)).toThrow(expect.objectContaining({ code: 'METRIC_BLOCK_TOO_LARGE' }))
  })
  test('[ME22] buckets far apart do not make a span longer than it may be', () => {
    const entries = [0, MAX_SPAN_BUCKETS, 1].map((offset, i) =>
      sampleToEntry({ timeMs: i, startMs: 0, value: exponential(0, offset, [1]) }),
    )
    expect(decodeBlock(encodeBlock({ entries, exemplars: [] })).entries).toEqual(entries)
  })
})

describe('what entries stand for', () => {
  const forms = [
    { form: 'number' as const, value: fc.double({ noNaN: true }) },
    { form: 'exponential' as const, value: distribution },
    {
      form: 'buckets' as const,
      value: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }).map((all) => explicit(all, 7)),
    },
    {
      form: 'quantiles' as const,
      value: fc.array(fc.double(), { minLength: 2, maxLength: 2 }).map((quantiles) => explicit([], 7, { quantiles })),
    },
  ]
  test.each(forms)('[ME20] samples of form $form come back', ({ form, value }) => {
    const sample = fc.record({
      timeMs: fc.nat(),
      startMs: fc.nat(),
      value: fc.oneof(value as fc.Arbitrary<Sample['value']>, fc.constant(undefined)),
    })
    fc.assert(
      fc.property(sample, (each) => {
        expect(entryToSample(sampleToEntry(each), form)).toEqual(each)
      }),
    )
  })
  test.each(forms)('[ME20] roll-ups of form $form come back', ({ form, value }) => {
    const behaviours = form === 'number' ? (['state', 'delta', 'counter'] as const) : (['delta', 'counter'] as const)
    const samples = fc
      .array(fc.tuple(fc.nat(9), value as fc.Arbitrary<Sample['value']>), { maxLength: 12 })
      .map((all) => all.map(([startMs, of], i): Sample => ({ timeMs: i * 7_000, startMs, value: of })))
    fc.assert(
      fc.property(fc.constantFrom(...behaviours), samples, (behaviour, some) => {
        for (const [timeMs, rollup] of rollUp(some, behaviour, 60_000)) {
          const back = decodeBlock(encodeBlock({ entries: [rollupToEntry({ timeMs, rollup })], exemplars: [] }))
          expect(entryToRollup(back.entries[0] as Entry, { behaviour, form })).toEqual({ timeMs, rollup })
        }
      }),
    )
  })
  test('[ME23] a block of another series, or of no series, counts as none', () => {
    const bytes = encodeBlock({ entries: [number(1)], exemplars: [] })
    const nothing = { exemplars: [] }
    expect(readSampleBlock(bytes, { behaviour: 'delta', form: 'buckets' })).toEqual({ ...nothing, samples: [] })
    expect(readRollupBlock(bytes, { behaviour: 'state', form: 'number' })).toEqual({ ...nothing, rollups: [] })
    expect(readSampleBlock(Uint8Array.of(9), { behaviour: 'state', form: 'number' })).toEqual({
      ...nothing,
      samples: [],
    })
  })
})
