/**
 * `node scripts/on-node.js test/sim/main.ts --seed N --steps M`: lives through one seed and tells what happened, step by step.
 * `--shrink S` looks for the shortest script that still fails, for S seconds; `--runs R` tries R seeds from N on and tells of
 * those that fail.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { runScript, scriptOf, type Step } from './script.ts'
import { shrink } from './shrink.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '200' },
    runs: { type: 'string', default: '1' },
    shrink: { type: 'string', default: '0' },
  },
})
const [first, length, runs, shrinkS] = [values.seed, values.steps, values.runs, values.shrink].map(Number) as [
  number,
  number,
  number,
  number,
]
const US_PER_S = 1_000_000

const began = process.cpuUsage()
let [steps, frames] = [0, 0]
for (let seed = first; seed < first + runs; seed++) {
  const [script] = fc.sample(scriptOf(length), { seed, numRuns: 1 }) as [readonly Step[]]
  const outcome = await runScript(seed, script)
  steps += outcome.steps
  frames += outcome.frames
  if (outcome.problems.length > 0) process.exitCode = 1
  else if (runs > 1) continue
  say(`seed ${seed}: ${outcome.steps} of ${script.length} steps, ${outcome.problems.length} problems`)
  tell(runs > 1 ? [] : outcome.history, outcome.problems)
  const shrunk = shrinkS > 0 ? await shrink(seed, length, shrinkS) : undefined
  if (shrunk === undefined) continue
  say(`shortest found: ${JSON.stringify(shrunk.script)}`)
  tell(shrunk.outcome.history, shrunk.outcome.problems)
}
const { user, system } = process.cpuUsage(began)
const seconds = (user + system) / US_PER_S
say(`${steps} steps, ${frames} messages, ${seconds.toFixed(1)} s of CPU: ${Math.round(steps / seconds)} steps/s`)

function tell(history: readonly string[], problems: readonly string[]): void {
  for (const line of history) say(`  ${line}`)
  for (const problem of problems) say(`! ${problem}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
