/**
 * Homes of every released version, opened by this one and killed meanwhile: before each call to the system or the
 * database, from the first of the start to the last of the close. The next start finds everything.
 */
import { fileURLToPath } from 'node:url'
import { runProgram } from '../support/run-program.ts'
import { storeFixtures, type StoreFixture } from '../support/store-fixture.ts'
import { lostFacts } from '../support/stored-facts.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { withQuickStart } from './quick-start.ts'

export const what =
  'A home of any released version is brought up to date, and killed meanwhile at any step the next start goes on and finds all of it.'
export const cases = 1_000

const KILLER = fileURLToPath(new URL('../support/kill-at-call.ts', import.meta.url))
const OPEN = fileURLToPath(new URL('./open-home.ts', import.meta.url))

type Environment = Readonly<Record<string, string>>

export async function run(options: ProofOptions): Promise<ProofResult> {
  const fixtures = await storeFixtures()
  const first = (fixtures[0] as StoreFixture).copy()
  try {
    const once = commandFor(fixtures[0] as StoreFixture, first.folder)
    return await withQuickStart(once, (env) => killAll(fixtures, options, env))
  } finally {
    first.remove()
  }
}

async function killAll(fixtures: readonly StoreFixture[], options: ProofOptions, env: Environment) {
  const failures: string[] = []
  const each = Math.ceil(options.cases / fixtures.length)
  let [done, calls] = [0, 0]
  for (const fixture of fixtures) {
    const all = await callsOf(fixture, env)
    calls += all
    // Spread over all of them; where there are fewer than are wanted, each one.
    const step = Math.max(1, all / each)
    for (let at = 1 + ((options.seed - 1) % step); at <= all; at += step) {
      const problems = await killAt(fixture, Math.floor(at), env)
      failures.push(...problems.map((text) => `${fixture.version}/${fixture.name}, call ${Math.floor(at)}: ${text}`))
      done++
      options.onProgress?.(done)
    }
  }
  return { cases: done, failures, facts: { homes: fixtures.length, 'calls to be killed at': calls } }
}

async function killAt(fixture: StoreFixture, call: number, env: Environment): Promise<readonly string[]> {
  const home = fixture.copy()
  try {
    await openUntil(fixture, home.folder, call, env)
    const keeper = home.reopen()
    const alarms = keeper.vouching.alarms().map(({ code }) => `alarm ${code}`)
    return [...alarms, ...(await lostFacts(keeper, home.folder, fixture.facts)), ...home.failures.map(String)]
  } catch (err) {
    return [String(err)]
  } finally {
    home.remove()
  }
}

/** How many calls a start and a stop are. */
async function callsOf(fixture: StoreFixture, env: Environment): Promise<number> {
  const home = fixture.copy()
  const calls = /(\d+) calls/.exec(await openUntil(fixture, home.folder, 0, env))?.[1]
  home.remove()
  if (calls === undefined) throw new Error('the home was not opened')
  return Number(calls)
}

async function openUntil(fixture: StoreFixture, folder: string, call: number, env: Environment): Promise<string> {
  const withCall = { env: { ...env, KILL_AT_CALL: String(call) } }
  const { code, stderr } = await runProgram(commandFor(fixture, folder), withCall)
  if (call > 0 && code !== null) throw new Error(`it was not killed and ended with ${code}: ${stderr}`)
  return stderr
}

function commandFor({ version, name }: StoreFixture, folder: string): readonly string[] {
  return [process.execPath, '--import', KILLER, OPEN, version, name, folder]
}
