/** A small part of the proof `fuzz-documents`, whole by `npm run prove`. */
import { expect, test } from 'vitest'
import { run } from '../proofs/fuzz-documents.ts'

test('[DO23] of damaged updates what is not refused is what Yjs reads', async () => {
  const { failures, facts } = await run({ seed: 20_261_124, cases: 6_000 })
  expect(failures).toEqual([])
  expect(facts['read']).toBeGreaterThan(1_500)
  expect(facts['refused']).toBeGreaterThan(1_500)
})
