/** Six modules report while each of them, and their agent, is killed again and again: what was acknowledged is there, once. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { AgentProgram } from '../support/agent-program.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { waitFor } from '../support/wait-for.ts'

const MODULES = ['core', 'emotion', 'hearing', 'memory', 'embodiment', 'weather']
const PROGRAM = join(import.meta.dirname, 'counting-module.ts')
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

/** One process of a module, and how many of its lines are acknowledged. */
interface Run {
  readonly id: string
  readonly child: ChildProcess
  kept: number
}

test('[BU30] [BU36] [BU70] what six modules were acknowledged is there once, whoever is killed', async () => {
  const seed = Number(process.env['AICO_MESH_TEST_SEED'] ?? Date.now() % 2 ** 31)
  const random = seededRandom(seed)
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'pro', '--yes')
  await agent.start()
  const runs: Run[] = []
  const credentials = new Map<string, string>()
  const startOne = (module: string): void => {
    const run = start(credentials.get(module) as string, `${module}-${runs.length}`)
    running.set(module, run)
    runs.push(run)
  }
  for (const module of MODULES) {
    credentials.set(module, (await agent.ask<{ credential: string }>('modules', 'add', module)).credential)
    startOne(module)
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    const module = MODULES[Math.floor(random() * MODULES.length)] as string
    const run = running.get(module) as Run
    const before = run.kept
    await waitFor(`more lines of ${run.id} (seed ${seed})`, () => run.kept >= before + MORE_LINES)
    await end(run.child, 'SIGKILL')
    if (kill % AGENT_EVERY === 0) {
      agent.kill('SIGKILL')
      await agent.ended()
      await agent.start()
    }
    startOne(module)
  }
  await Promise.all([...running.values()].map(({ child }) => end(child, 'SIGTERM')))
  const kept = await keptLines()
  for (const { id, kept: acknowledged } of runs) {
    const numbers = (kept.get(id) ?? []).sort((a, b) => a - b)
    expect(new Set(numbers).size, `${id} twice (seed ${seed})`).toBe(numbers.length)
    expect(numbers.slice(0, acknowledged), `${id} (seed ${seed})`).toEqual(
      Array.from({ length: acknowledged }, (_, n) => n),
    )
  }
}, 180_000)

function start(credential: string, id: string): Run {
  const child = spawn(process.execPath, [PROGRAM, credential, id], { stdio: ['ignore', 'pipe', 'inherit'] })
  const run: Run = { id, child, kept: 0 }
  createInterface(child.stdout).on('line', (line) => {
    run.kept = (JSON.parse(line) as { kept: number }).kept
  })
  return run
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}

/** Numbers of lines by run; those kept twice twice. */
async function keptLines(): Promise<ReadonlyMap<string, number[]>> {
  const file = join(folder, 'logs.jsonl')
  await agent.ask('export', '--signal', 'logs', '-o', file)
  const line = /"key":"run","value":\{"stringValue":"([^"]+)"\}\},\{"key":"n","value":\{"intValue":"?(\d+)"?\}/g
  const kept = new Map<string, number[]>()
  for (const [, run = '', n] of readFileSync(file, 'utf8').matchAll(line)) {
    kept.set(run, [...(kept.get(run) ?? []), Number(n)])
  }
  return kept
}
