/** A small part of the proof `fuzz-decoders`, whole by `npm run prove`: so long for each decoder. */
import { expect, test } from 'vitest'
import { Fuzz } from '../proofs/fuzz-decoders.ts'
import { FUZZ_TARGETS } from '../proofs/fuzz-targets.ts'

const FOR_MS = 4_000
/** Steps between two looks at the time. */
const BLOCK = 256

test.each(FUZZ_TARGETS)('[SY6] $name: whatever comes is read, or refused by a code, soon', (target) => {
  const fuzz = new Fuzz(target, 20_261_124)
  for (const untilMs = performance.now() + FOR_MS; performance.now() < untilMs;) {
    for (let step = 0; step < BLOCK; step++) fuzz.step()
  }
  expect(fuzz.failures).toEqual([])
  // It gets past the first bytes: some are taken, and refusals are of several kinds.
  expect(fuzz.answered).toBeGreaterThan(0)
  expect(fuzz.outcomes).toBeGreaterThan(2)
})
