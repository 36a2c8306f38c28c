/** That the simulator notices: mistakes put into the code as it is loaded, each in a process of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { MUTATIONS } from '../sim/mutations.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'Each of a list of mistakes, put into the code that runs in the simulator, is found within 300 seeds. A case is a mistake.'
export const cases = MUTATIONS.length

const PROGRAM = join(import.meta.dirname, '..', 'sim', 'mutated.ts')
const SEEDS = '300'

// oxlint-disable-next-line typescript/require-await -- what a proof is to its runner may wait
export async function run({ cases: wanted, onProgress }: ProofOptions): Promise<ProofResult> {
  const failures: string[] = []
  const facts: Record<string, string> = {}
  for (const [at, { name }] of MUTATIONS.slice(0, wanted).entries()) {
    onProgress?.(at)
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, String(at), SEEDS], { encoding: 'utf8' })
    if (status === 0) facts[name] = stdout.split('\n')[0] ?? ''
    else failures.push(`${name}: not found`)
  }
  return { cases: Math.min(wanted, MUTATIONS.length), failures, facts }
}
