/** A small part of the proof `power-loss`, whole by `npm run prove`. strace is what we did not write. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../proofs/power-loss.ts'

const LESS_SYNC = fileURLToPath(new URL('../proofs/less-sync.ts', import.meta.url))

test('[ST41] a power cut at any of 60 moments loses nothing acknowledged, and raises no alarm', async () => {
  const { failures, facts } = await run({ seed: 20_261_123, cases: 60 })
  expect(failures).toEqual([])
  expect(facts['acknowledged requests']).toBeGreaterThan(100)
  expect(facts['writes not synced']).toBeGreaterThan(100)
})

test('[ST41] the same proof finds out a store that syncs less than it says', async () => {
  const { failures } = await run({ seed: 1, cases: 10, preload: LESS_SYNC })
  expect(failures.join('\n')).toContain('acknowledged and lost')
})
