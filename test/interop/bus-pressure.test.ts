import { expect, test } from 'vitest'
import { run } from '../proofs/bus-pressure.ts'

// Ten seconds of what `npm run prove -- --only bus-pressure` does for sixty, twice.
test(
  '[BU42] [BU51] [BU75] under pressure no record is lost, and each dropped message is counted',
  { timeout: 120_000 },
  async () => {
    const { failures, facts } = await run({ seed: 1, cases: 10 })
    expect(failures, JSON.stringify(facts)).toEqual([])
  },
)
