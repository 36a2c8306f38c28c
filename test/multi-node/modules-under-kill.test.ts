/**
 * Five modules of AICO and a plugin report while each of them, and their agent, is killed again and again: what was acknowledged
 * is there, once.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { AgentProgram } from '../support/agent-program.ts'
import { keptNumbers, numbersUpTo } from '../support/kept-numbers.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { waitFor } from '../support/wait-for.ts'

const MODULES = ['core', 'emotion', 'hearing', 'memory', 'embodiment']
const PLUGIN = 'weather'
const MANIFEST = { v: 1, name: PLUGIN, signals: ['logs', 'traces'], attributes: ['run', 'n'], recordsPerMinute: 60_000 }
const PROGRAM = join(import.meta.dirname, 'counting-module.ts')
const SIGNALS = ['logs', 'traces'] as const
/** Kills of a module, and after every few of them one of the agent. */
const KILLS = 12
const AGENT_EVERY = 4
/** Lines that a module has more before somebody is killed again. */
const MORE_LINES = 50

const folder = mkdtempSync(join(tmpdir(), 'under-kill-'))
const agent = new AgentProgram()
const running = new Map<string, Run>()
afterAll(async () => {
  for (const { child } of running.values()) child.kill('SIGKILL')
  await agent.end()
  rmSync(folder, { recursive: true, force: true })
})

/** One process of a module, and how many of its lines and spans are acknowledged. */
interface Run {
  readonly id: string
  readonly child: ChildProcess
  kept: Readonly<Record<(typeof SIGNALS)[number], number>>
}

test('[BU30] [BU36] [BU70] [PL15] what five modules and a plugin were acknowledged is there once, whoever is killed', async () => {
  const seed = Number(process.env['AICO_MESH_TEST_SEED'] ?? Date.now() % 2 ** 31)
  const random = seededRandom(seed)
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start('--otlp-port', '0')
  const runs: Run[] = []
  const credentials = new Map<string, string>()
  const startOne = (module: string): void => {
    const run = start(credentials.get(module) as string, `${module}-${runs.length}`)
    running.set(module, run)
    runs.push(run)
  }
  for (const module of MODULES) credentials.set(module, await added('modules', 'add', module))
  const manifest = join(folder, 'manifest.json')
  writeFileSync(manifest, JSON.stringify(MANIFEST))
  credentials.set(PLUGIN, await added('plugins', 'add', manifest, '--yes'))
  for (const module of credentials.keys()) startOne(module)
  // Each is killed before any is killed again, in an order of chance.
  const order = Array.from({ length: Math.ceil(KILLS / credentials.size) }, () =>
    shuffled([...credentials.keys()], random),
  )
  for (const [kill, module] of order.flat().entries()) {
    const run = running.get(module) as Run
    const before = run.kept.logs
    await waitFor(`more lines of ${run.id} (seed ${seed})`, () => run.kept.logs >= before + MORE_LINES)
    await end(run.child, 'SIGKILL')
    if ((kill + 1) % AGENT_EVERY === 0) {
      agent.kill('SIGKILL')
      await agent.ended()
      await agent.start('--otlp-port', '0')
    }
    startOne(module)
  }
  await waitFor('each to be back', () => [...running.values()].every(({ kept }) => kept.logs > 0))
  const codes = await Promise.all([...running.values()].map(({ child }) => end(child, 'SIGTERM')))
  expect(codes, 'nothing dropped, nothing refused').toEqual(codes.map(() => 0))
  for (const signal of SIGNALS) {
    const kept = await keptNumbers(agent, signal)
    for (const { id, kept: acknowledged } of runs) {
      const numbers = kept.get(id) ?? []
      expect(new Set(numbers).size, `${signal} of ${id} twice (seed ${seed})`).toBe(numbers.length)
      expect(numbers.slice(0, acknowledged[signal]), `${signal} of ${id} (seed ${seed})`).toEqual(
        numbersUpTo(acknowledged[signal]),
      )
    }
  }
}, 180_000)

async function added(...command: readonly string[]): Promise<string> {
  return (await agent.ask<{ credential: string }>(...command)).credential
}

function shuffled<T>(list: readonly T[], random: () => number): readonly T[] {
  return list
    .map((each) => ({ each, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each)
}

function start(credential: string, id: string): Run {
  const child = spawn(process.execPath, [PROGRAM, credential, id], { stdio: ['ignore', 'pipe', 'inherit'] })
  const run: Run = { id, child, kept: { logs: 0, traces: 0 } }
  createInterface(child.stdout).on('line', (line) => {
    run.kept = JSON.parse(line) as Run['kept']
  })
  return run
}

/** @returns its exit code */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const closed = once(child, 'close')
  child.kill(signal)
  const [code] = await closed
  return code
}
