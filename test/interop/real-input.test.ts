import { expect, test } from 'vitest'
import { run } from '../proofs/real-input.ts'

// A hundredth and less of what `npm run prove -- --only real-input` takes in.
test(
  '[IM1] [IM8] [IM12] [OH8] [SQ3] [SQ6] [SQ11] [ME40] [ME47] files and a stock application are in, and found by every attribute',
  { timeout: 300_000 },
  async () => {
    const { failures, facts } = await run({ seed: 1, cases: 8_000 })
    expect(failures, JSON.stringify(facts)).toEqual([])
  },
)
