/** `init` ended by SIGKILL whenever a file came to its home or went, and several of it at once. Real processes. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callOffline, initDevice } from '../../src/agent/host.ts'
import { beginKeeperThread } from '../../src/agent/keeper-thread.ts'
import { codeOf } from '../../src/base/errors.ts'
import { MAIN } from '../support/agents.ts'
import { runProgram, type ProgramEnd } from '../support/run-program.ts'

const KILLER = fileURLToPath(new URL('../support/kill-at-change.ts', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'init-kill-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** @returns how it ended: with a code of its own, or null when it was killed */
function initUntil(home: string, change: number): Promise<ProgramEnd> {
  const env = { KILL_HOME: home, KILL_AT_CHANGE: String(change) }
  return runProgram([process.execPath, '--import', KILLER, MAIN, '--home', home, 'init', '--name', 'phone'], { env })
}

function initAgain(home: string): Promise<string> {
  return initDevice({ home, name: 'tablet', keyStore: 'file', passphrase: undefined }).then(() => 'made', codeOf)
}

/** Opens keys and both databases, as every command without an agent does. */
async function opens(home: string): Promise<boolean> {
  const { status } = await callOffline({
    keeperThread: beginKeeperThread(),
    home,
    passphrase: undefined,
    method: 'GET',
    path: '/v1/audit',
    body: undefined,
  })
  return status === 200
}

test('[ID15] whenever init is killed there is no device and init works, or there is one and it opens', async () => {
  const outcomes = new Set<string>()
  let change = 1
  for (; ; change++) {
    const home = join(folder, String(change))
    const { code, stderr } = await initUntil(home, change)
    if (code !== null) {
      expect([code, stderr]).toEqual([0, ''])
      break
    }
    const isDevice = existsSync(join(home, 'keys.json'))
    expect([change, await initAgain(home)]).toEqual([change, isDevice ? 'HOME_EXISTS' : 'made'])
    if (isDevice) expect(await opens(home)).toBe(true)
    outcomes.add(isDevice ? 'a whole device' : 'no device')
  }
  expect(change).toBeGreaterThan(10)
  expect([...outcomes]).toEqual(['no device', 'a whole device'])
})

test('[ID15] of several inits at once one wins, and the others say that a device is there', async () => {
  const home = join(folder, 'shared')
  const command = [process.execPath, MAIN, '--home', home, '--json', 'init', '--name', 'phone']
  const ends = await Promise.all(Array.from({ length: 4 }, () => runProgram(command)))
  const answers = ends.map(({ stdout }) => JSON.parse(stdout) as { deviceId?: string; error?: { code: string } })
  expect(answers.flatMap(({ error }) => (error ? [error.code] : []))).toEqual(Array(3).fill('HOME_EXISTS'))
  expect(ends.filter(({ code }) => code === 0).length).toBe(1)
  expect(await opens(home)).toBe(true)
})
