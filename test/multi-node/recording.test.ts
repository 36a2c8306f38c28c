/** What a module records, changed by a person while agent and module run, as processes of their own; and after both came anew. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditView, ModuleView } from '../../src/agent/http-types/device.ts'
import type { StatisticsList } from '../../src/agent/http-types/search.ts'
import type { LogList } from '../../src/agent/http-types/traces.ts'
import { connect, type Module } from '../../src/sdk/index.ts'
import { AgentLab, MAIN, type TestAgent } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { DEADLINE_MS, waitFor } from '../support/wait-for.ts'

const PROGRAM = join(import.meta.dirname, 'asked-module.ts')
const TRACES = 400
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

const lab = new AgentLab()
let agent: TestAgent
let credential: string
let asker: Module
let program: ChildProcess | undefined
beforeAll(async () => {
  agent = await lab.device('laptop')
  credential = (await addModule('core')).credential
  asker = connect({ credential: (await addModule('asker')).credential, global: false })
})
afterAll(async () => {
  program?.kill('SIGKILL')
  await asker.close({ timeoutMs: 0 })
  await lab.close()
})

const addModule = (module: string) => agent.call<{ credential: string }>('POST', '/v1/modules', { module })

/** Resolves once it answers: it has been told what to record then. */
async function startModule(): Promise<void> {
  program = spawn(process.execPath, [PROGRAM, credential], { stdio: 'inherit' })
  await waitFor('the module to answer', () => asker.request('work', { traces: 0 }, { timeoutMs: 500 }))
}

async function cli(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram([process.execPath, MAIN, '--home', agent.home, ...argv])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

const ask = async (topic: string, payload: unknown): Promise<unknown> =>
  (await asker.request(topic, payload, { timeoutMs: DEADLINE_MS })).json()

async function linesOf(topic: string): Promise<LogList['logs']> {
  const where = [{ field: 'topic', op: '=', value: topic }]
  return (await agent.call<LogList>('POST', '/v1/search/logs', { where })).logs
}

/** Levels of the lines that one message more leaves behind. */
async function saidLevels(topic: string): Promise<readonly string[]> {
  const before = (await linesOf(topic)).length
  expect(await ask(topic, {})).toBe(true)
  return (await linesOf(topic)).slice(before).map(({ severity }) => severity)
}

/** Of {@link TRACES} traces more: how many were kept, here and by the module's own count. */
async function keptTraces(): Promise<readonly [stored: number, counted: number]> {
  const stored = async () => {
    const { statistics } = await agent.call<StatisticsList>('GET', '/v1/statistics?filter=name=work')
    return statistics[0]?.spans ?? 0
  }
  const [storedBefore, unsampledBefore] = [await stored(), Number(await ask('work', { traces: 0 }))]
  const unsampled = Number(await ask('work', { traces: TRACES })) - unsampledBefore
  return [(await stored()) - storedBefore, TRACES - unsampled]
}

/** A quarter, within six standard deviations. */
async function expectAQuarter(): Promise<void> {
  const [stored, counted] = await keptTraces()
  expect(stored).toBe(counted)
  expect(Math.abs(stored - TRACES / 4)).toBeLessThan(6 * Math.sqrt(TRACES * 0.25 * 0.75))
}

test('[RD6] [RD7] a level and a ratio that a person sets hold at once, over restarts of both, and until they end them', async () => {
  await startModule()
  expect(await saidLevels('talk/turn')).toEqual(LEVELS)
  expect(await keptTraces()).toEqual([TRACES, TRACES])

  await cli('modules', 'set', 'core', '--sample', '25%')
  await cli('modules', 'set', 'core', '--topic', 'talk/', '--level', 'warn')
  expect(await saidLevels('talk/turn')).toEqual(['warn', 'error', 'fatal'])
  await expectAQuarter()

  await agent.end('SIGTERM')
  program?.kill('SIGKILL')
  await agent.start()
  await startModule()
  expect(await saidLevels('talk/turn')).toEqual(['warn', 'error', 'fatal'])
  await expectAQuarter()
  expect(JSON.parse(await cli('--json', 'modules', 'show', 'core'))).toMatchObject({
    recording: [
      { topic: '', level: null, sample: 0.25 },
      { topic: 'talk/', level: 'warn', sample: null },
    ],
  } satisfies Partial<ModuleView>)
  expect(await cli('logs', '--topic', 'talk', '--level', 'fatal')).toMatch(
    / FATAL laptop\/core said \[topic talk\/turn\] /,
  )

  expect(await cli('modules', 'set', 'core', '--reset')).toContain('It records everything')
  expect(await saidLevels('talk/turn')).toEqual(LEVELS)
  const { leaves } = await agent.call<{ leaves: readonly AuditView[] }>('GET', '/v1/audit')
  expect(leaves.filter(({ type }) => type === 'module.changed').map(({ payload }) => payload)).toEqual([
    { module: 'core', topic: '', from: 'no rule', to: 'sample 0.25' },
    { module: 'core', topic: 'talk/', from: 'no rule', to: 'level warn' },
    { module: 'core', from: '2 rules', to: 'no rule' },
  ])
}, 120_000)

test('[RD5] a rule that asks for more than the stage collects changes nothing: what it does not collect is not kept', async () => {
  await cli('modules', 'set', 'core', '--level', 'trace', '--sample', '1')
  await agent.setStage('casual')
  expect(await ask('talk/low', {})).toBe(true)
  await agent.setStage('pro')
  expect((await linesOf('talk/low')).map(({ severity }) => severity)).toEqual(['error', 'fatal'])

  program?.kill('SIGTERM')
  if (program !== undefined) expect((await once(program, 'exit'))[0]).toBe(0)
})
