/**
 * The life of a `start`ed process: its first line, what it listens on, what it needs to open its keys, and that nothing of
 * it is left when it ends, however it ends.
 */
import { request } from 'node:http'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorView, StatusView } from '../../src/agent/http-types/device.ts'
import { AgentLab, callSocket, MAIN, readyLine, type ReadyLine } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'
import { isAlive, socketsOf, treeOf } from './process-tree.ts'

const PASSPHRASE = 'correct horse battery'
const lab = new AgentLab()
const started: ChildProcess[] = []
/** One device a stage, whose agents come and go. */
const casual = join(lab.folder, 'casual')
const developer = join(lab.folder, 'developer')

beforeAll(async () => {
  await Promise.all([
    succeed(casual, ['init', '--name', 'casual']),
    succeed(developer, ['init', '--name', 'developer']),
  ])
  await succeed(developer, ['stage', 'developer', '--yes'])
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => end(child, 'SIGKILL')))
})
afterAll(() => lab.close())

function run(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runProgram([process.execPath, MAIN, '--home', home, '--json', ...args], { env })
}

async function succeed(...call: Parameters<typeof run>): Promise<void> {
  expect(await run(...call)).toMatchObject({ code: 0 })
}

/** Exit code and error code of a command that fails. */
async function failureOf(...call: Parameters<typeof run>): Promise<readonly [number | null, string]> {
  const { code, stdout } = await run(...call)
  return [code, (JSON.parse(stdout) as ErrorView).error.code]
}

/** Starts as a script would, with nothing but the command. */
async function start(home: string, args: readonly string[] = []): Promise<{ child: ChildProcess; ready: ReadyLine }> {
  const child = spawn(process.execPath, [MAIN, '--home', home, 'start', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  return { child, ready: await readyLine(child, home) }
}

/** @returns exit code and signal */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode]
  const exited = once(child, 'exit')
  child.kill(signal)
  return exited
}

async function statusOf(home: string): Promise<StatusView> {
  return (await callSocket(home, 'GET', '/v1/status')).json as StatusView
}

test('start says one line when it is ready, and OTLP takes another port when 4318 is taken', async () => {
  // Whoever holds the port by now, this test or another program: it is taken.
  const blocker = createServer().on('error', () => undefined)
  blocker.listen(4318, '127.0.0.1')
  try {
    const { child, ready } = await start(developer)
    expect(ready).toEqual({
      event: 'ready',
      deviceId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      mesh: [],
      otlp: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    })
    expect(ready.otlp).not.toMatch(/:4318$/)
    expect(await end(child, 'SIGTERM')).toEqual([0, null])
  } finally {
    blocker.close()
  }
})

describe.runIf(process.platform === 'linux')('as the kernel sees it', () => {
  test('[STG5] at the casual stage it is one process without any network socket', async () => {
    const { child, ready } = await start(casual)
    expect(ready).toMatchObject({ mesh: [], otlp: null })
    expect(treeOf(child.pid as number)).toEqual([child.pid])
    expect(socketsOf(child.pid as number)).toEqual([])
  })

  test('[STG5] [OH1] at the developer stage, unpaired, it listens on loopback only, in a process of its own', async () => {
    const { child } = await start(developer, ['--otlp-port', '0'])
    const [agent, ...others] = treeOf(child.pid as number)
    expect(socketsOf(agent as number)).toEqual([])
    const listening = others.flatMap(socketsOf).filter(({ isListening }) => isListening)
    expect(listening.length).toBeGreaterThan(0)
    const loopback = ['0100007F', '00000000000000000000000001000000']
    for (const { local } of listening) expect(loopback).toContain(local.split(':')[0])
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT'] as const)('%s to start ends everything it started', async (signal) => {
    const { child, ready } = await start(developer, ['--otlp-port', '0'])
    const pids = treeOf(child.pid as number)
    expect(pids).toHaveLength(2)
    expect(await end(child, signal)).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [0, null])
    await waitFor('everything to be gone', () => !pids.some(isAlive))
    await expect(fetch(`${ready.otlp ?? ''}/v1/traces`, { method: 'POST' })).rejects.toThrow(/fetch failed/)
    expect(await failureOf(developer, ['status'])).toEqual([3, 'AGENT_NOT_RUNNING'])
    // What is left behind does not keep the next one from starting.
    expect((await start(developer, ['--otlp-port', '0'])).ready.deviceId).toBe(ready.deviceId)
  })
})

test('a second start in one home ends with 1; the first goes on, its OTLP opening and closing with the stage', async () => {
  const { child } = await start(casual, ['--otlp-port', '0'])
  const second = failureOf(casual, ['start'])

  await succeed(casual, ['stage', 'developer', '--yes'])
  const { otlp } = await statusOf(casual)
  expect((await fetch(`${otlp ?? ''}/v1/traces`)).status).toBe(405)
  await succeed(casual, ['stage', 'pro', '--yes'])
  await expect(fetch(`${otlp ?? ''}/v1/traces`)).rejects.toThrow(/fetch failed/)
  expect(await statusOf(casual)).toMatchObject({ stage: 'pro', otlp: null })

  expect(await second).toEqual([1, 'HOME_IN_USE'])
  expect(await statusOf(casual)).toMatchObject({ stage: 'pro' })
  expect(await end(child, 'SIGTERM')).toEqual([0, null])
})

test('a passphrase opens the device and nothing else does; the choice is shown and never lowered', async () => {
  const home = join(lab.folder, 'locked')
  const [right, wrong] = ['right', 'wrong'].map((name) => join(lab.folder, `${name}.txt`)) as [string, string]
  writeFileSync(right, `${PASSPHRASE}\n`, { mode: 0o600 })
  writeFileSync(wrong, 'incorrect horse\n', { mode: 0o600 })
  const init = ['init', '--name', 'locked', '--key-store', 'passphrase']
  expect(await failureOf(home, init, { AICO_MESH_PASSPHRASE: 'short' })).toEqual([1, 'PASSPHRASE_TOO_SHORT'])
  await succeed(home, [...init, '--passphrase-file', right])
  expect(existsSync(join(home, 'master.key'))).toBe(false)

  expect(await failureOf(home, ['start', '--passphrase-file', wrong])).toEqual([1, 'PASSPHRASE_WRONG'])
  expect(await failureOf(home, ['start'])).toEqual([2, 'CLI_USAGE'])
  await succeed(home, ['stage', 'pro', '--yes'], { AICO_MESH_PASSPHRASE: PASSPHRASE })

  const { ready } = await start(home, ['--passphrase-file', right])
  const { deviceId } = ready
  expect(await statusOf(home)).toMatchObject({
    deviceId,
    stage: 'pro',
    keyStore: 'passphrase',
    counters: { 'start.failed.PASSPHRASE_WRONG': 1 },
  })
  // The running agent is asked, so nobody needs the passphrase again.
  await succeed(home, ['status'])
})

test('[ID16] a truncated database ends a start with its code; put back whole, it opens, and the failure is counted', async () => {
  const home = join(lab.folder, 'truncated')
  await succeed(home, ['init', '--name', 'truncated'])
  const file = join(home, 'store.db')
  const whole = readFileSync(file)
  writeFileSync(file, whole.subarray(0, Math.floor(whole.length / 2)))
  expect(await failureOf(home, ['start'])).toEqual([1, 'STORE_CORRUPT'])
  writeFileSync(file, whole)
  await start(home, [])
  expect(await statusOf(home)).toMatchObject({ alarms: [], counters: { 'start.failed.STORE_CORRUPT': 1 } })
})

test('[AU26] a damaged audit log can be set aside: the agent starts again, and says so until somebody has seen it', async () => {
  const home = join(lab.folder, 'damaged')
  await succeed(home, ['init', '--name', 'damaged'])
  const file = join(home, 'audit.db')
  expect(await failureOf(home, ['audit', 'set-aside', '--yes'])).toEqual([1, 'AUDIT_NOT_DAMAGED'])
  const damaged = readFileSync(file).fill(7, 4_096)
  writeFileSync(file, damaged)
  const refused = await run(home, ['start'])
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('audit.db is damaged')])
  expect(refused.stderr).toContain('aico-mesh audit set-aside')

  await succeed(home, ['audit', 'set-aside', '--yes'])
  expect(readFileSync(`${file}.damaged-1`)).toEqual(damaged)
  await start(home, [])
  expect(await failureOf(home, ['audit', 'set-aside', '--yes'])).toEqual([1, 'HOME_IN_USE'])
  expect(await statusOf(home)).toMatchObject({ alarms: [{ code: 'AUDIT_SET_ASIDE' }] })
  const verdict = async (): Promise<unknown> => JSON.parse((await run(home, ['audit', 'verify'])).stdout)
  const setAside = { seq: 0, type: 'audit.set-aside', payload: { damage: 'STORE_CORRUPT', size: 1 } }
  expect(await verdict()).toMatchObject({ ok: false, code: 'AUDIT_SET_ASIDE', setAside })
  await succeed(home, ['audit', 'accept', '--yes'])
  expect(await verdict()).toMatchObject({ ok: true, setAside })
})

test('[OH11] what the devtools process refuses by itself is counted in status, oversized bodies among them', async () => {
  const { child, ready } = await start(developer, ['--otlp-port', '0'])
  const url = `${ready.otlp ?? ''}/v1/traces`
  expect((await fetch(url)).status).toBe(405)
  expect((await fetch(url, { method: 'POST', body: 'x', headers: { 'content-type': 'text/xml' } })).status).toBe(415)
  expect(await statusOfOversized(url)).toBe(413)
  const counters = async (): Promise<Record<string, number>> =>
    ((await statusOf(developer)) as { counters: Record<string, number> }).counters
  const wanted = { 'otlp.refused.405': 1, 'otlp.refused.413': 1, 'otlp.refused.415': 1 }
  await expect.poll(counters, { timeout: 10_000 }).toMatchObject(wanted)
  await end(child, 'SIGTERM')
})

/** Announces more than is ever taken, and sends none of it. */
function statusOfOversized(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': 1_000_000_000 }
    const call = request(url, { method: 'POST', headers }, ({ statusCode }) => {
      call.destroy()
      resolve(statusCode)
    })
    call.on('error', reject).flushHeaders()
  })
}
