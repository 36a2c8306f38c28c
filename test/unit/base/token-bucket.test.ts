import { expect, test } from 'vitest'
import { TokenBucket } from '../../../src/base/token-bucket.ts'

test('a burst at once, then as many as come with time, never more than a burst', () => {
  const bucket = new TokenBucket(2, 4, 1_000)
  expect([bucket.take(1_000), bucket.take(1_000), bucket.take(1_000)]).toEqual([0, 0, 250])
  expect([bucket.take(1_200), bucket.take(1_250), bucket.take(1_250)]).toEqual([50, 0, 250])
  expect([bucket.take(99_000), bucket.take(99_000), bucket.take(99_000)]).toEqual([0, 0, 250])
})
