/**
 * `kill -9` at seeded moments of real work: before one of its calls to the system or the database, or as soon as it has
 * said so many lines, wherever it is by then. A new device goes through several runs, each over what the last kill left.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { createInterface } from 'node:readline'
import { seeded, type Seeded } from '../support/seeded.ts'
import { checkHome } from './check-home.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { withQuickStart } from './quick-start.ts'
import { workHome, type Scenario, type WorkHome } from './work-home.ts'
import { readWorkLines, type WorkLine } from './work-lines.ts'

export const what =
  'A process killed at any moment leaves every acknowledged record once, a chain and an audit log that verify, and no alarm; the next goes on.'
export const cases = 1_000

const KILLER = fileURLToPath(new URL('../support/kill-at-call.ts', import.meta.url))
/** Kills that a home goes through: of a device whose peer is made anew for every process, one. */
const KILLS: Readonly<Record<Scenario, number>> = { new: 4, paired: 1 }
/** More than any process comes to. */
const STEPS = 100_000
/** The kill comes before one of the first calls, some hundred of which are those of the start. */
const MAX_CALLS = 2_000
const MAX_LINES = 60

type Environment = Readonly<Record<string, string>>
interface HomeOrder {
  readonly seed: number
  readonly kills: number
  readonly env: Environment
}
interface Totals {
  homes: number
  'acknowledged requests': number
}

export async function run(options: ProofOptions): Promise<ProofResult> {
  const root = mkdtempSync(join(tmpdir(), 'kill-'))
  try {
    const home = await workHome('paired')
    await home.prepare(join(root, 'home'))
    const command = home.command(join(root, 'home'), { seed: 1, steps: 1, lines: [] })
    const once = [process.execPath, '--import', KILLER, ...command, '-']
    return await withQuickStart(once, (env) => killAll(options, env))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function killAll({ seed, cases: wanted, onProgress }: ProofOptions, env: Environment): Promise<ProofResult> {
  const failures: string[] = []
  const facts: Totals = { homes: 0, 'acknowledged requests': 0 }
  let [begun, done] = [0, 0]
  const worker = async (): Promise<void> => {
    while (begun < wanted) {
      const scenario: Scenario = facts.homes % 2 === 0 ? 'new' : 'paired'
      const kills = Math.min(KILLS[scenario], wanted - begun)
      begun += kills
      const homeSeed = seed + facts.homes++
      const outcome = await killHome(await workHome(scenario), { seed: homeSeed, kills, env })
      failures.push(...outcome.problems.map((problem) => `${scenario}, seed ${homeSeed}, ${problem}`))
      facts['acknowledged requests'] += outcome.kept
      done += kills
      onProgress?.(done)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { cases: done, failures, facts: { ...facts } }
}

/** One home, killed again and again. */
async function killHome(home: WorkHome, { seed, kills, env }: HomeOrder) {
  const root = mkdtempSync(join(tmpdir(), 'kill-'))
  const folder = join(root, 'home')
  const random = seeded(seed)
  const problems: string[] = []
  const lines: WorkLine[] = []
  try {
    await home.prepare(folder)
    for (let kill = 1; kill <= kills; kill++) {
      const command = home.command(folder, { seed: seed * 10 + kill, steps: STEPS, lines })
      lines.push(...(await runAndKill(command, anyMoment(random), env)))
      const checked = await checkHome(home.in(folder, lines), { lines, facts: home.facts })
      problems.push(...checked.problems.map((problem) => `kill ${kill}: ${problem}`))
      lines.push(...checked.lines)
    }
    return { problems, kept: lines.filter(({ op }) => op === 'kept').length }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Before one of its calls, or once it has said so many lines. */
export type Moment = { readonly atCall: number } | { readonly atLine: number }

/** @returns what it said */
export async function runAndKill(
  command: readonly string[],
  moment: Moment,
  env: Environment = {},
): Promise<readonly WorkLine[]> {
  const isAtCall = 'atCall' in moment
  const child = spawn(process.execPath, [...(isAtCall ? ['--import', KILLER] : []), ...command, '-'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, ...(isAtCall ? { KILL_AT_CALL: String(moment.atCall) } : {}) },
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  const errors = text(child.stderr)
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (!isAtCall && said.length === moment.atLine) child.kill('SIGKILL')
  }
  if ((await ended) !== 'SIGKILL') throw new Error(`the work ended by itself: ${await errors}`)
  return readWorkLines(said)
}

function anyMoment(random: Seeded): Moment {
  return random.below(2) === 0 ? { atCall: 1 + random.below(MAX_CALLS) } : { atLine: 1 + random.below(MAX_LINES) }
}
