/** Ten thousand steps in the life of a person's devices; a million by `npm run prove -- --only sim` (docs/spec/simulator.md). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { realCrypto } from './real-crypto.ts'
import { runScript, scriptOf, type Step } from './script.ts'
import { liveThrough } from './live-through.ts'

const STEPS = 10_000

test('[SI1] to [SI9] whatever happens to devices in 10,000 steps, nothing leaks, is lost, goes back or stays apart', async () => {
  const { failures, facts } = await liveThrough({ seed: 1, steps: STEPS })
  expect(failures).toEqual([])
  expect(facts.steps).toBeGreaterThanOrEqual(STEPS)
  // It is no proof where nothing happens.
  expect(facts.segments).toBeGreaterThan(STEPS / 10)
  expect(facts.attempts).toBeGreaterThan(facts.segments)
})

test.each([1, 2, 3])('[SI10] seed %d: the same with real cryptography', async (seed) => {
  const [script] = fc.sample(scriptOf(60), { seed, numRuns: 1 }) as [readonly Step[]]
  const { problems, history } = await runScript(seed, script, { crypto: realCrypto(seed) })
  expect(problems, history.join('\n')).toEqual([])
})

test('[SI11] a seed is lived through twice in the same way', async () => {
  const [script] = fc.sample(scriptOf(100), { seed: 5, numRuns: 1 }) as [readonly Step[]]
  expect(await runScript(5, script)).toEqual(await runScript(5, script))
})
