/** The command as a process: passphrases over standard input, exit codes, and nothing but the answer on stdout. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
let parent: string
let home: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cli-process-'))
  home = join(parent, 'phone')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(argv: readonly string[], stdin = ''): Promise<Ended> {
  const { AICO_MESH_HOME: _home, AICO_MESH_PASSPHRASE: _secret, ...env } = process.env
  const child = spawn(process.execPath, [MAIN, '--home', home, ...argv], { env })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  child.stdin.on('error', () => {}) // a command that asks for nothing may be gone already
  child.stdin.end(stdin)
  return new Promise((resolve) => child.once('close', (exit) => resolve({ exit, ...said })))
}

test('[CL11] a passphrase comes over standard input, and another one opens nothing', { timeout: 90_000 }, async () => {
  const made = await run(
    ['init', '--name', 'phone', '--key-store', 'passphrase', '--json'],
    'long enough\nsecond line\n',
  )
  expect([made.exit, made.stderr]).toEqual([0, ''])
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'phone', keyStore: 'passphrase' })
  expect(readdirSync(home)).not.toContain('master.key')

  const right = await run(['modules', 'list', '--json'], 'long enough\n')
  expect([right.exit, JSON.parse(right.stdout)]).toEqual([0, { modules: [] }])
  const wrong = await run(['modules', 'list', '--json'], 'long enouge\n')
  expect([wrong.exit, JSON.parse(wrong.stdout)]).toMatchObject([1, { error: { code: 'PASSPHRASE_WRONG' } }])
  expect(wrong.stdout + wrong.stderr).not.toContain('long enouge')
  const none = await run(['modules', 'list'])
  expect([none.exit, none.stdout]).toEqual([2, ''])
})

test(
  '[CL2] a second init, a home without a device, and a command without an agent end with their codes',
  { timeout: 90_000 },
  async () => {
    const missing = await run(['modules', 'list', '--json'])
    expect([missing.exit, JSON.parse(missing.stdout)]).toMatchObject([1, { error: { code: 'HOME_MISSING' } }])
    expect((await run(['init', '--name', 'phone'])).exit).toBe(0)
    const again = await run(['init', '--name', 'other'])
    expect([again.exit, again.stderr]).toEqual([1, 'HOME_EXISTS: this home already holds a device\n'])
    expect((await run(['status'])).exit).toBe(3)
    const bad = await run(['init', '--name', 'a\u0007b', '--home', join(parent, 'other')])
    expect([bad.exit, bad.stderr.startsWith('DEVICE_NAME_INVALID')]).toEqual([1, true])
  },
)

test('[CL8] stage and modules change a home that no agent runs in', { timeout: 90_000 }, async () => {
  await run(['init', '--name', 'phone'])
  const stage = await run(['stage', 'developer', '--yes', '--json'])
  expect([stage.exit, JSON.parse(stage.stdout)]).toMatchObject([0, { from: 'casual', to: 'developer' }])
  const added = await run(['modules', 'add', 'core', '--json'])
  expect(JSON.parse(added.stdout)).toEqual({ module: 'core', credential: join(home, 'modules', 'core.json') })
  expect(JSON.parse((await run(['stage', '--json'])).stdout)).toEqual({ stage: 'developer' })
})
