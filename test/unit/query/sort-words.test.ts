import fc from 'fast-check'
import { expect, test } from 'vitest'
import { indices, sortByNumbers, sortByWords } from '../../../src/query/sort-words.ts'
import { finish } from '../../support/finish.ts'

const word = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 0xffff_ffff }), fc.constantFrom(0xffff_ffff, 0x8000_0000))

test('[QU5] items are sorted by words, the first the most significant, and stay in order where all are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 50 }), (rows) => {
      const [high, low] = [Uint32Array.from(rows, ([h]) => h), Uint32Array.from(rows, ([, l]) => l)]
      const want = [...rows.keys()].sort((a, b) => {
        const [[highA, lowA], [highB, lowB]] = [rows[a] as [number, number], rows[b] as [number, number]]
        return highA - highB || lowA - lowB || a - b
      })
      expect([...finish(sortByWords(indices(rows.length), high, low))]).toEqual(want)
    }),
  )
})

test('[QU5] only the items given are sorted, and they are left as they were', () => {
  const items = Uint32Array.of(3, 0, 2)
  expect([...finish(sortByWords(items, Uint32Array.of(9, 1, 5, 7)))]).toEqual([2, 3, 0])
  expect([...items]).toEqual([3, 0, 2])
})

test('[QU5] numbers are sorted as numbers, below zero and fractions too', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 50 }), (values) => {
      const sorted = finish(sortByNumbers(indices(values.length), Float64Array.from(values)))
      const got = Array.from(sorted, (i) => values[i] as number)
      expect(got.every((value, i) => i === 0 || (got[i - 1] as number) <= value)).toBe(true)
      expect(new Set(sorted).size).toBe(values.length)
    }),
  )
})

test('[QU24] sorting takes as many steps for many items as for few: passes, whatever the words say', () => {
  const steps = (count: number): number => {
    const work = sortByWords(indices(count), indices(count), indices(count))
    let taken = 0
    while (work.next().done !== true) taken++
    return taken
  }
  expect(steps(50_000)).toBe(steps(100))
})
