import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_KEY } from '../../../../src/wire/index/posting-bytes.ts'
import { BlockReader, BlockWriter, decodeRuns, encodeRuns } from '../../../../src/wire/index/posting-block.ts'
import { addRun, type Runs } from '../../../../src/wire/index/runs.ts'
import * as fx from '../fixtures.ts'

interface Entry {
  readonly key: number
  readonly runs: Runs
}
interface Block {
  readonly base: number
  readonly last: number
  readonly entries: readonly Entry[]
}

function encode({ base, entries }: Block): Uint8Array {
  const writer = new BlockWriter(base)
  for (const { key, runs } of entries) writer.add(key, runs)
  return writer.finish()
}

function decode(bytes: Uint8Array, base: number, last: number): readonly Entry[] {
  const reader = new BlockReader(bytes, base, last)
  const entries: Entry[] = []
  while (reader.next()) {
    const runs: number[] = []
    reader.addRunsTo(runs)
    entries.push({ key: reader.key, runs })
  }
  return entries
}

function entriesOf(postings: readonly (readonly [number, readonly number[]])[], base: number): readonly Entry[] {
  const byKey = new Map(postings)
  return [...byKey]
    .sort(([a], [b]) => a - b)
    .map(([key, segments]) => {
      const runs: number[] = []
      for (const n of [...new Set(segments)].sort((a, b) => a - b)) addRun(runs, base + n, base + n)
      return { key, runs }
    })
}

const key = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((n) => n % MAX_KEY),
  fc.constantFrom(0, MAX_KEY - 1),
)
const segments = fc.oneof(
  fc.tuple(fc.nat(40_000)),
  fc.array(fc.nat(300), { minLength: 1 }),
  fc.nat(300).map((length) => Array.from({ length: length + 1 }, (_, i) => i)),
)
const block = fc
  .record({ base: fc.constantFrom(0, 1, 7_000_000, 2 ** 40 - 50_000), postings: fc.array(fc.tuple(key, segments)) })
  .map(({ base, postings }): Block => ({ base, last: base + 40_000, entries: entriesOf(postings, base) }))

const SAMPLE: Block = {
  base: 100,
  last: 400,
  entries: entriesOf(
    [
      [0, [5]],
      [77, [0, 1, 2, 3]],
      [2 ** 32, [0, 2, 4, 300]],
      [MAX_KEY - 1, [7]],
    ],
    100,
  ),
}

describe('posting block', () => {
  test.each(fx.vectors('posting-block'))('[IX11] golden: $name', ({ value, hex }) => {
    const golden = value as Block
    expect(fx.toHex(encode(golden))).toBe(hex)
    expect(decode(fx.hexBytes(hex), golden.base, golden.last)).toEqual(golden.entries)
  })

  test('[IX11] every block comes back', () => {
    fc.assert(
      fc.property(block, (one) => {
        expect(decode(encode(one), one.base, one.last)).toEqual(one.entries)
      }),
    )
  })

  test('[IX11] a key of one segment is found beside those of many, and none that is not there', () => {
    const bytes = encode(SAMPLE)
    for (const { key: known } of SAMPLE.entries) expect(new BlockReader(bytes, 100, 400).seek(known)).toBe(true)
    for (const unknown of [1, 76, 78, MAX_KEY - 2, MAX_KEY]) {
      expect(new BlockReader(bytes, 100, 400).seek(unknown)).toBe(false)
    }
  })

  test('[IX11] the writer begins anew after each block', () => {
    const writer = new BlockWriter(0)
    writer.add(900, [3, 3])
    writer.finish()
    writer.addOne(5, 4)
    expect(decode(writer.finish(), 0, 10)).toEqual([{ key: 5, runs: [4, 4] }])
  })

  test('[IX12] every prefix is refused, and noise is refused or read', () => {
    const read = (bytes: Uint8Array): unknown => decode(bytes, 100, 400)
    expect(fx.acceptedPrefixes(encode(SAMPLE), read)).toEqual([])
    expect(fx.surprises([encode(SAMPLE)], read)).toEqual([])
  })

  test.each([
    { name: 'of another version', hex: '0200000000', code: 'POSTING_VERSION' },
    { name: 'that goes on after its last key', hex: '010000000000', code: 'POSTING_MALFORMED' },
    { name: 'with more keys than it has', hex: '01ffffffff0102', code: 'POSTING_MALFORMED' },
    { name: 'with the same key twice', hex: '010200000005020002', code: 'POSTING_MALFORMED' },
    { name: 'with a key of 2^48', hex: '01010000008080808080804002', code: 'POSTING_MALFORMED' },
    { name: 'with a number of eight bytes', hex: '0101000000808080808080800102', code: 'POSTING_MALFORMED' },
    { name: 'with a segment above the last', hex: '01010000000516', code: 'POSTING_MALFORMED' },
    { name: 'with a list that is longer than it', hex: '0101000000050700', code: 'POSTING_MALFORMED' },
    { name: 'with a run that ends after its list', hex: '010100000005030101', code: 'POSTING_MALFORMED' },
    { name: 'with a run above the last segment', hex: '01010000000505010a', code: 'POSTING_MALFORMED' },
  ])('[IX12] a block $name is refused', ({ hex, code }) => {
    expect(fx.refusal(() => decode(fx.hexBytes(hex), 0, 10))).toBe(code)
  })

  test('[IX12] the limits themselves are read', () => {
    expect(decode(fx.hexBytes('0101000000ffffffffffff3f14'), 0, 10)).toEqual([{ key: MAX_KEY - 1, runs: [10, 10] }])
    expect(decode(fx.hexBytes('010100000005050109'), 0, 10)).toEqual([{ key: 5, runs: [0, 10] }])
  })

  test('[IX11] a key in every one of 20,000 segments costs six bytes, one in a single segment four', () => {
    const everywhere = encode({ base: 0, last: 20_000, entries: [{ key: 1, runs: [0, 19_999] }] })
    expect(everywhere.length).toBe(5 + 6)
    const unique = encode({ base: 0, last: 4095, entries: [{ key: 10_000, runs: [4095, 4095] }] })
    expect(unique.length).toBe(5 + 4)
  })
})

test('[IX11] a set of segments by itself comes back', () => {
  expect(decodeRuns(encodeRuns([3, 9, 11, 11], 3), 3, 11)).toEqual([3, 9, 11, 11])
  expect(fx.refusal(() => decodeRuns(encodeRuns([3, 9, 11, 11], 3), 3, 10))).toBe('POSTING_MALFORMED')
})
