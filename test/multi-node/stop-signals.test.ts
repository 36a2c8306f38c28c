import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AuditView } from '../../src/agent/http-types/device.ts'

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'aico-mesh.js')
/** Between the terminal's signal and the one a launcher passes on, in milliseconds. */
const GAP_MS = 20
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stop-'))
  run('init', '--name', 'phone')
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

function run(...words: readonly string[]): unknown {
  const args = [COMMAND, '--home', home, '--json', ...words]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }))
}

function startAgent(env: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [COMMAND, '--home', home, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
}

// Ctrl-C reaches the launcher of an older Node and the agent, and the launcher passes its own on.
test('an agent that is told to end twice ends once, in order', async () => {
  const agent = startAgent()
  await once(agent.stdout, 'data')
  // It may be gone before the second signal.
  const exited = once(agent, 'exit')
  agent.kill('SIGINT')
  await pause(GAP_MS)
  agent.kill('SIGINT')
  expect(await exited).toEqual([0, null])

  const next = startAgent()
  await once(next.stdout, 'data')
  const { leaves } = run('audit', 'list') as { readonly leaves: readonly AuditView[] }
  const ended = once(next, 'exit')
  next.kill('SIGTERM')
  await ended
  expect(leaves.map(({ type }) => type)).toEqual(['device.created', 'agent.started', 'agent.stopped', 'agent.started'])
})

// Node's own way out would fold the write-ahead log away, as somebody would who wants to hide what was in it.
test('[AU21] an agent that a bug ends raises no alarm at its next start', async () => {
  const bug = encodeURIComponent("process.on('SIGUSR2', () => { throw new Error('a bug') })")
  const agent = startAgent({ NODE_OPTIONS: `--import=data:text/javascript,${bug}`, AICO_MESH_LOG: 'silent' })
  await once(agent.stdout, 'data')
  agent.kill('SIGUSR2')
  expect(await once(agent, 'exit')).not.toEqual([0, null])

  const next = startAgent()
  await once(next.stdout, 'data')
  const { alarms } = run('status') as { readonly alarms: readonly unknown[] }
  const ended = once(next, 'exit')
  next.kill('SIGTERM')
  await ended
  expect(alarms).toEqual([])
})
