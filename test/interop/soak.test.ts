import { expect, test } from 'vitest'
import { run } from '../proofs/soak.ts'

// Half a minute of what `npm run prove -- --only soak` does for twenty; the machine is not ours alone.
test('an agent under load keeps every acknowledged span and its memory', { timeout: 240_000 }, async () => {
  const { failures, facts } = await run({ seed: 1, cases: 30, strict: false })
  expect(failures, JSON.stringify(facts)).toEqual([])
})
