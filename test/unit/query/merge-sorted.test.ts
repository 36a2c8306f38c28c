import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeSorted } from '../../../src/query/merge-sorted.ts'

const ascending = (a: number, b: number): number => a - b

test('[QU23] merging sorted lists is sorting their items', () => {
  const sorted = fc.array(fc.integer()).map((items) => items.sort(ascending))
  fc.assert(
    fc.property(fc.array(sorted), (lists) => {
      expect([...mergeSorted(lists, ascending)]).toEqual(lists.flat().sort(ascending))
    }),
  )
})

test('[QU23] nothing is taken from a list that is not asked for', () => {
  const taken: number[] = []
  function* endless(from: number) {
    for (let n = from; ; n += 2) {
      taken.push(n)
      yield n
    }
  }
  const merged = mergeSorted([endless(0), endless(1)], ascending)
  expect([merged.next().value, merged.next().value, merged.next().value]).toEqual([0, 1, 2])
  expect(taken).toEqual([0, 1, 2, 3])
})
