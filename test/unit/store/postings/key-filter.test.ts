import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyFilter } from '../../../../src/store/postings/key-filter.ts'
import { seeded } from '../../../support/seeded.ts'

const key = fc.integer({ min: 0, max: 2 ** 48 - 1 })

describe('a filter of keys', () => {
  test('[IX27] never says no to a key that was added', () => {
    fc.assert(
      fc.property(fc.array(key), fc.integer({ min: 0, max: 4_096 }), (keys, bytes) => {
        const filter = new KeyFilter(bytes)
        for (const each of keys) filter.add(each)
        expect(keys.filter((each) => !filter.mayHave(each))).toEqual([])
      }),
    )
  })

  test('[IX27] at ten bits a key says no to ninety-eight of a hundred others', () => {
    const random = seeded(1)
    const newKey = (): number => random.below(2 ** 32) * 2 ** 16 + random.below(2 ** 16)
    const filter = new KeyFilter(50_000 * 1.25)
    for (let i = 0; i < 50_000; i++) filter.add(newKey())
    const others = Array.from({ length: 50_000 }, newKey)
    expect(others.filter((each) => filter.mayHave(each)).length).toBeLessThan(1_000)
  })

  test.each([
    ['in the lowest bits', 1],
    ['above 32 bits', 2 ** 32],
    ['in the highest bits', 2 ** 36],
  ])('[IX27] tells keys apart that differ %s', (_where, step) => {
    const filter = new KeyFilter(500 * 1.25)
    for (let i = 0; i < 500; i++) filter.add(2 * i * step)
    const others = Array.from({ length: 500 }, (_, i) => (2 * i + 1) * step)
    expect(others.filter((each) => filter.mayHave(each)).length).toBeLessThan(30)
  })
})
