/** Many seeds, one after another. */
import fc from 'fast-check'
import { realCrypto } from './real-crypto.ts'
import { runScript, scriptOf, type Outcome, type Step } from './script.ts'

/** Steps of one script, at most: long enough for days to pass, short enough to be looked at. */
export const SCRIPT_STEPS = 200
/** Every so manieth seed has real cryptography. */
const REAL_EVERY = 100

export interface LifeOptions {
  readonly seed: number
  readonly steps: number
  readonly onProgress?: ((steps: number) => void) | undefined
}
export interface Life {
  /** One line for each seed that failed. */
  readonly failures: readonly string[]
  readonly facts: { readonly seeds: number } & Record<(typeof COUNTED)[number], number>
}

const COUNTED = ['steps', 'frames', 'segments', 'attempts'] as const

/** Lives through seeds until so many steps are made. */
export async function liveThrough({ seed: first, steps, onProgress }: LifeOptions): Promise<Life> {
  const failures: string[] = []
  const facts = { seeds: 0, steps: 0, frames: 0, segments: 0, attempts: 0 }
  for (let seed = first; facts.steps < steps; seed++) {
    const outcome = await live(seed)
    facts.seeds++
    for (const key of COUNTED) facts[key] += outcome[key]
    if (outcome.problems.length > 0) failures.push(`seed ${seed}: ${outcome.problems[0]}`)
    onProgress?.(facts.steps)
  }
  return { failures, facts }
}

function live(seed: number): Promise<Outcome> {
  const [script] = fc.sample(scriptOf(SCRIPT_STEPS), { seed, numRuns: 1 }) as [readonly Step[]]
  return runScript(seed, script, seed % REAL_EVERY === 0 ? { crypto: realCrypto(seed) } : {})
}
