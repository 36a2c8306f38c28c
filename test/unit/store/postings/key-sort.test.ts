import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeySort } from '../../../../src/store/postings/key-sort.ts'
import type { SegmentList } from '../../../../src/store/postings/shared-keys.ts'
import { numbersOf } from '../../../../src/wire/index/runs.ts'

/** Near each other, alike in their low or their high digits, and the largest. */
const key = fc.oneof(
  fc.nat(30),
  fc.nat(30).map((n) => n * 2 ** 32 + 7),
  fc.maxSafeNat().map((n) => n % 2 ** 48),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1),
)
const keys = fc.uniqueArray(key, { maxLength: 40 }).map((some) => some.sort((a, b) => a - b))

/** Some lists name keys by their place in a shared list, some by an older one, some not at all. */
const lists = fc
  .tuple(keys, keys, fc.array(fc.tuple(keys, fc.nat(2)), { maxLength: 12 }))
  .map(([newest, older, all]) => {
    const shared = [Float64Array.from(newest), Float64Array.from(older), new Float64Array()]
    return all.map(([own, which], i): SegmentList => {
      const list = shared[which] as Float64Array
      const places = own.flatMap((one) => (list.includes(one) ? [list.indexOf(one)] : []))
      const others = Float64Array.from(own.filter((one) => !list.includes(one)))
      return { segment: 10 + 3 * i, others, places: places.flatMap((place) => [place, place]), shared: list }
    })
  })

function keysOf({ others, places, shared }: SegmentList): readonly number[] {
  return [...others, ...numbersOf(places).map((place) => shared[place] as number)]
}

test('[IX18] keys of many segments are read in order, each once, with all its segments', () => {
  fc.assert(
    fc.property(lists, (some) => {
      const wanted = new Map<number, number[]>()
      for (const list of some) {
        for (const one of keysOf(list)) wanted.set(one, [...(wanted.get(one) ?? []), list.segment])
      }
      const sort = new KeySort(some)
      const found: (readonly [number, readonly number[]])[] = []
      while (sort.next()) found.push([sort.key, sort.only >= 0 ? [sort.only] : numbersOf(sort.runs)])
      expect(found).toEqual([...wanted].sort(([a], [b]) => a - b))
    }),
    { numRuns: 1000 },
  )
})

test('[IX16] a key is shared from now on if a quarter of the segments have it', () => {
  const list = (segment: number, others: readonly number[]): SegmentList => ({
    segment,
    others: Float64Array.from(others),
    places: [],
    shared: new Float64Array(),
  })
  const sort = new KeySort(Array.from({ length: 12 }, (_, i) => list(i, [i % 3, 10 + (i % 4), 20 + (i % 5), 100 + i])))
  while (sort.next());
  expect(sort.frequent).toEqual([0, 1, 2, 10, 11, 12, 13, 20, 21])
})
