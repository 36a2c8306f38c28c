import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyRun, type ChainLink, type RunToVerify, type RunVerdict } from '../../../../src/sync/core/verify-run.ts'
import { chainOf } from './run-rows.ts'

const chain = chainOf(10)
const other = chainOf(10, 'other')
const at = (seq: number, of = chain): ChainLink => of[seq] as ChainLink

/** Numbers 3 to 6 of a log of which 2 is held. */
const run: RunToVerify = {
  range: { from: 3, to: 6 },
  headers: chain.slice(3, 7),
  expectedLastId: at(6).id,
  lowerNeighbourId: at(2).id,
}
const ok: RunVerdict = { ok: true }
const not = (code: (RunVerdict & { ok: false })['code'], seq: number): RunVerdict => ({ ok: false, code, seq })

const cases: { name: string; run: Partial<RunToVerify>; want: RunVerdict }[] = [
  { name: 'a run between a trusted id and a held one', run: {}, want: ok },
  { name: 'a run with nothing held below', run: { lowerNeighbourId: undefined }, want: ok },
  {
    name: 'a run from the first segment of a log on',
    run: { range: { from: 0, to: 6 }, headers: chain.slice(0, 7), lowerNeighbourId: undefined },
    want: ok,
  },
  {
    name: 'a run that begins above a prune mark',
    run: { headers: [{ ...at(3), prev: undefined }, ...chain.slice(4, 7)] },
    want: ok,
  },
  { name: 'no header at all', run: { headers: [] }, want: not('SYNC_GAP', 3) },
  { name: 'the first one missing', run: { headers: chain.slice(4, 7) }, want: not('SYNC_GAP', 3) },
  { name: 'one missing in between', run: { headers: [at(3), at(5), at(6)] }, want: not('SYNC_GAP', 4) },
  { name: 'the last one missing', run: { headers: chain.slice(3, 6) }, want: not('SYNC_GAP', 6) },
  { name: 'one too many', run: { headers: chain.slice(3, 8) }, want: not('SYNC_GAP', 8) },
  { name: 'one twice', run: { headers: [at(3), at(4), at(4), at(5), at(6)] }, want: not('SYNC_GAP', 5) },
  { name: 'out of order', run: { headers: chain.slice(3, 7).toReversed() }, want: not('SYNC_GAP', 3) },
  {
    name: 'one exchanged for that of another history',
    run: { headers: [at(3), at(4, other), at(5), at(6)] },
    want: not('SYNC_BROKEN_CHAIN', 4),
  },
  {
    name: 'one in between that refers to nothing',
    run: { headers: [at(3), at(4), { ...at(5), prev: undefined }, at(6)] },
    want: not('SYNC_BROKEN_CHAIN', 5),
  },
  {
    name: 'another history that nobody vouches for',
    run: { headers: other.slice(3, 7) },
    want: not('SYNC_BROKEN_CHAIN', 6),
  },
  {
    name: 'a first segment that refers to one before',
    run: { range: { from: 0, to: 0 }, headers: [{ ...at(0), prev: at(1).id }], expectedLastId: at(0).id },
    want: not('SYNC_BROKEN_CHAIN', 0),
  },
  {
    name: 'a history that is vouched for and does not continue what is held',
    run: { headers: other.slice(3, 7), expectedLastId: at(6, other).id },
    want: not('SYNC_FORK', 2),
  },
]

describe('verifyRun', () => {
  test.each(cases)('[RC7] $name', ({ run: change, want }) => {
    expect(verifyRun({ ...run, ...change })).toEqual(want)
  })

  test('[RC7] any one bit changed in any id or reference is found', () => {
    const place = fc.record({
      index: fc.nat(3),
      byte: fc.nat(31),
      bit: fc.nat(7),
      field: fc.constantFrom('id', 'prev'),
    })
    fc.assert(
      fc.property(place, ({ index, byte, bit, field }) => {
        const headers = run.headers.map((header, n) => {
          if (n !== index) return header
          const changed = (header[field as 'id'] ?? new Uint8Array(32)).slice()
          changed[byte] = (changed[byte] as number) ^ (1 << bit)
          return { ...header, [field]: changed }
        })
        expect(verifyRun({ ...run, headers }).ok).toBe(false)
      }),
    )
  })
})
