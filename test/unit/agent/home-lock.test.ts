import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHome } from '../../../src/agent/home-lock.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
  path = join(folder, 'lock.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const IN_USE = expect.objectContaining({ code: 'HOME_IN_USE' })

test('[ID11] a home has one holder at a time, and the next after it is given up', () => {
  const unlock = lockHome(path)
  expect(() => lockHome(path, 1)).toThrow(IN_USE)
  unlock()
  lockHome(path, 1)()
})

test('[ID11] giving up twice is the same as once, and nothing is stored', () => {
  const unlock = lockHome(path)
  unlock()
  unlock()
  expect(readdirSync(folder)).toEqual(['lock.db'])
})

test('[ID11] another process that holds it is respected, and a killed one leaves it free', async () => {
  const lockModule = new URL('../../../src/agent/home-lock.ts', import.meta.url).href
  const script = `import { lockHome } from ${JSON.stringify(lockModule)}
    lockHome(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  const gone = new Promise((resolve) => holder.once('exit', resolve))
  try {
    expect(() => lockHome(path, 1)).toThrow(IN_USE)
  } finally {
    holder.kill('SIGKILL')
    await gone
  }
  lockHome(path)()
})
