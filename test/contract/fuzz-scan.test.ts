/** A small part of the proof `fuzz-scan`, whole by `npm run prove`. */
import { expect, test } from 'vitest'
import { run } from '../proofs/fuzz-scan.ts'

test('[OT9] of hostile records in an intact message exactly the bad ones are rejected', async () => {
  const { failures, facts } = await run({ seed: 20_261_123, cases: 6_000 })
  expect(failures).toEqual([])
  expect(facts['rejected records']).toBeGreaterThan(2_000)
  expect(facts['good records']).toBeGreaterThan(2_000)
})
