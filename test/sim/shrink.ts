/** The shortest script that still fails, found by fast-check. */
import fc from 'fast-check'
import { runScript, scriptOf, type Outcome, type RunOptions, type Step } from './script.ts'

export interface Shrunk {
  readonly script: readonly Step[]
  readonly outcome: Outcome
}

/** @param limitS after so many seconds the shortest until then is enough */
export async function shrink(
  seed: number,
  steps: number,
  limitS: number,
  options: RunOptions = {},
): Promise<Shrunk | undefined> {
  const fails = fc.asyncProperty(scriptOf(steps), async (script) => {
    const { problems } = await runScript(seed, script, options)
    return problems.length === 0
  })
  const { counterexample } = await fc.check(fails, { seed, numRuns: 1, interruptAfterTimeLimit: limitS * 1_000 })
  if (counterexample === null) return undefined
  const [script] = counterexample
  return { script, outcome: await runScript(seed, script, options) }
}
