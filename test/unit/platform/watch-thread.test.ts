import { expect, test } from 'vitest'
import { watchThread } from '../../../src/platform/watch-thread.ts'

/** Keeps this thread from anything else. */
function holdUp(forMs: number): void {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs);
}

test('[HT14] a thread that was held up says for how long, and what its heap holds', async () => {
  const watching = watchThread(100)
  setTimeout(() => holdUp(120), 50) // once the loop has been asked for the first time
  const { delayP50Ms, delayP99Ms, delayMaxMs, heapUsedBytes, rssBytes } = await watching
  expect(delayMaxMs).toBeGreaterThan(100)
  expect(delayP99Ms).toBeLessThanOrEqual(delayMaxMs)
  expect(delayP50Ms).toBeLessThanOrEqual(delayP99Ms)
  expect(rssBytes).toBeGreaterThan(heapUsedBytes)
})

test('[HT14] watching ends when nobody waits for it any more', async () => {
  const gone = new AbortController()
  const watching = watchThread(3_600_000, gone.signal)
  gone.abort()
  await expect(watching).resolves.toHaveProperty('rssBytes')
})
