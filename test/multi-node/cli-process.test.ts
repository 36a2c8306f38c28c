/**
 * The life of a `start`ed process: its first line, what it listens on, what it needs to open its keys, and that nothing of
 * it is left when it ends, however it ends.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { ErrorView, StatusView } from '../../src/agent/http-types.ts'
import { AgentLab, callSocket, MAIN, readyLine, type ReadyLine } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'
import { isAlive, socketsOf, treeOf } from './process-tree.ts'

const PASSPHRASE = 'correct horse battery'
const lab = new AgentLab()
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => lab.close())

function homeOf(name: string): string {
  return join(lab.folder, name)
}

function run(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runProgram([process.execPath, MAIN, '--home', home, '--json', ...args], { env })
}

async function made(name: string, stage: 'casual' | 'developer'): Promise<string> {
  const home = homeOf(name)
  expect(await run(home, ['init', '--name', name])).toMatchObject({ code: 0 })
  if (stage !== 'casual') expect(await run(home, ['stage', stage, '--yes'])).toMatchObject({ code: 0 })
  return home
}

/** Starts as a script would, with nothing but the command. */
async function start(home: string, args: readonly string[] = []): Promise<{ child: ChildProcess; ready: ReadyLine }> {
  const child = spawn(process.execPath, [MAIN, '--home', home, 'start', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  return { child, ready: await readyLine(child, home) }
}

async function codeOf(end: Promise<{ readonly code: number | null; readonly stdout: string }>) {
  const { code, stdout } = await end
  return [code, (JSON.parse(stdout) as ErrorView).error.code]
}

test('start says one line when it is ready, and OTLP takes another port when 4318 is taken', async () => {
  // Whoever holds the port by now, we or another program: it is taken.
  const blocker = createServer().on('error', () => undefined)
  blocker.listen(4318, '127.0.0.1')
  try {
    const { child, ready } = await start(await made('first', 'developer'))
    expect(ready).toEqual({
      event: 'ready',
      deviceId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      mesh: [],
      otlp: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    })
    expect(ready.otlp).not.toMatch(/:4318$/)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  } finally {
    blocker.close()
  }
})

describe.runIf(process.platform === 'linux')('as the kernel sees it', () => {
  test('[ST5] at the casual stage it has no network socket at all', async () => {
    const { child, ready } = await start(await made('casual', 'casual'))
    expect(ready).toMatchObject({ mesh: [], otlp: null })
    const pids = treeOf(child.pid as number)
    expect(pids).toEqual([child.pid])
    expect(pids.flatMap(socketsOf)).toEqual([])
  })

  test('[ST5] [OH1] at the developer stage, unpaired, it listens on loopback only, in a process of its own', async () => {
    const { child } = await start(await made('developer', 'developer'), ['--otlp-port', '0'])
    const [agent, ...others] = treeOf(child.pid as number)
    expect(socketsOf(agent as number)).toEqual([])
    const listening = others.flatMap(socketsOf).filter(({ isListening }) => isListening)
    expect(listening.length).toBeGreaterThan(0)
    const loopback = ['0100007F', '00000000000000000000000001000000']
    for (const { local } of listening) expect(loopback).toContain(local.split(':')[0])
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT'] as const)(
    '%s to the pid of start ends everything it started',
    async (signal) => {
      const home = await made(signal.toLowerCase(), 'developer')
      const { child, ready } = await start(home, ['--otlp-port', '0'])
      const pids = treeOf(child.pid as number)
      expect(pids).toHaveLength(2)
      const exited = once(child, 'exit')
      child.kill(signal)
      expect(await exited).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [0, null])
      await waitFor('everything to be gone', () => !pids.some(isAlive))
      await expect(fetch(`${ready.otlp ?? ''}/v1/traces`, { method: 'POST' })).rejects.toThrow(/fetch failed/)
      expect(await codeOf(run(home, ['status']))).toEqual([3, 'AGENT_NOT_RUNNING'])
      // What is left behind does not keep the next one from starting.
      expect((await start(home, ['--otlp-port', '0'])).ready.deviceId).toBe(ready.deviceId)
    },
  )
})

test('a second start in one home ends with 1, and harms nothing', async () => {
  const home = await made('shared', 'casual')
  await start(home)
  expect(await codeOf(run(home, ['start']))).toEqual([1, 'HOME_IN_USE'])
  expect(await callSocket(home, 'GET', '/v1/status')).toMatchObject({ status: 200 })
})

test('the stage changes while it runs: OTLP opens and closes with it', async () => {
  const home = await made('staged', 'casual')
  const { child } = await start(home, ['--otlp-port', '0'])
  expect(await run(home, ['stage', 'developer', '--yes'])).toMatchObject({ code: 0 })
  const { otlp } = (await callSocket(home, 'GET', '/v1/status')).json as StatusView
  expect((await fetch(`${otlp ?? ''}/v1/traces`, { method: 'GET' })).status).toBe(405)
  expect(await run(home, ['stage', 'pro', '--yes'])).toMatchObject({ code: 0 })
  await expect(fetch(`${otlp ?? ''}/v1/traces`)).rejects.toThrow(/fetch failed/)
  expect((await callSocket(home, 'GET', '/v1/status')).json).toMatchObject({ stage: 'pro', otlp: null })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a passphrase opens the device and nothing else does; the choice is shown and never lowered', async () => {
  const home = homeOf('locked')
  const [right, wrong] = ['right', 'wrong'].map((name) => join(lab.folder, `${name}.txt`)) as [string, string]
  writeFileSync(right, `${PASSPHRASE}\n`, { mode: 0o600 })
  writeFileSync(wrong, 'incorrect horse\n', { mode: 0o600 })
  const init = ['init', '--name', 'locked', '--key-store', 'passphrase']
  expect(await codeOf(run(home, init, { AICO_MESH_PASSPHRASE: 'short' }))).toEqual([1, 'PASSPHRASE_TOO_SHORT'])
  expect(await run(home, [...init, '--passphrase-file', right])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"keyStore":"passphrase"') as string,
  })
  expect(existsSync(join(home, 'master.key'))).toBe(false)

  expect(await codeOf(run(home, ['start', '--passphrase-file', wrong]))).toEqual([1, 'PASSPHRASE_WRONG'])
  expect(await codeOf(run(home, ['start']))).toEqual([2, 'CLI_USAGE'])
  expect(await codeOf(run(home, ['stage', 'pro', '--yes', '--passphrase-file', wrong]))).toEqual([
    1,
    'PASSPHRASE_WRONG',
  ])
  expect(await run(home, ['stage', 'pro', '--yes'], { AICO_MESH_PASSPHRASE: PASSPHRASE })).toMatchObject({ code: 0 })

  const { ready } = await start(home, ['--passphrase-file', right])
  expect((await callSocket(home, 'GET', '/v1/status')).json).toMatchObject({
    deviceId: ready.deviceId,
    stage: 'pro',
    keyStore: 'passphrase',
  })
  // The running agent is asked, so nobody needs the passphrase again.
  expect(await run(home, ['status'])).toMatchObject({ code: 0 })
})
