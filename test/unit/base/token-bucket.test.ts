import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBucket } from '../../../src/base/token-bucket.ts'

test('a burst at once, then as many as come with time, never more than a burst', () => {
  const bucket = new TokenBucket(2, 4, 1_000)
  expect([bucket.take(1_000), bucket.take(1_000), bucket.take(1_000)]).toEqual([0, 0, 250])
  expect([bucket.take(1_200), bucket.take(1_250), bucket.take(1_250)]).toEqual([50, 0, 250])
  expect([bucket.take(99_000), bucket.take(99_000), bucket.take(99_000)]).toEqual([0, 0, 250])
})

test('[PL15] many are spent at once, filled evenly, and what was not needed is given back', () => {
  const bucket = new TokenBucket(60, 1, 1_000)
  bucket.spend(60, 1_000)
  expect([bucket.level(1_000), bucket.level(2_000)]).toEqual([0, 1])
  bucket.giveBack(5)
  expect(bucket.level(2_000)).toBe(6)
  bucket.giveBack(100)
  expect(bucket.level(2_000)).toBe(60)
})

test('[BU45] more than there is leaves a debt', () => {
  const bucket = new TokenBucket(10, 10, 0)
  bucket.spend(15, 0)
  expect([bucket.level(0), bucket.level(500), bucket.level(1_000)]).toEqual([-5, 0, 5])
})

test('[PL15] over any time no more is spent than the burst and what was filled', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2_000), fc.nat(100))), (asked) => {
      const bucket = new TokenBucket(50, 50, 0)
      let nowMs = 0
      let spent = 0
      for (const [passedMs, want] of asked) {
        nowMs += passedMs
        const count = Math.min(want, Math.floor(bucket.level(nowMs)))
        bucket.spend(count, nowMs)
        spent += count
      }
      expect(spent).toBeLessThanOrEqual(50 + nowMs / 20 + 1e-6)
    }),
  )
})
