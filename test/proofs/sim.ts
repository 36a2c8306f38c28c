/** A million steps in the life of a person's devices (docs/spec/simulator.md). */
import { liveThrough } from '../sim/live-through.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'Whatever happens to devices, step by step, and at any write: nobody opens what it was not granted, nothing acknowledged is lost, nothing goes back, and those who can meet agree. A case is a step.'
export const cases = 1_000_000

const PROGRESS_EVERY = 20_000
const US_PER_S = 1_000_000

export async function run({ seed, cases: steps, onProgress }: ProofOptions): Promise<ProofResult> {
  const began = process.cpuUsage()
  let told = 0
  const { failures, facts } = await liveThrough({
    seed,
    steps,
    onProgress(done) {
      if (done - told < PROGRESS_EVERY) return
      told = done
      onProgress?.(done)
    },
  })
  const { user, system } = process.cpuUsage(began)
  const seconds = (user + system) / US_PER_S
  const rates = {
    'steps per second of CPU': Math.round(facts.steps / seconds),
    'messages per second of CPU': Math.round(facts.frames / seconds),
  }
  const { seeds, frames: messages, segments, attempts } = facts
  return {
    cases: facts.steps,
    failures,
    facts: { seeds, messages, segments, 'attempts to open one': attempts, ...rates },
  }
}
