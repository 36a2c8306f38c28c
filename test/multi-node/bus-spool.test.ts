/** What a module records while no agent runs is on disk, and a later run of the module delivers it, once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { AuditView } from '../../src/agent/http-types/device.ts'
import type { NotificationsView } from '../../src/agent/http-types/notifications.ts'
import { spoolFolder } from '../../src/platform/home.ts'
import { connect } from '../../src/sdk/index.ts'
import { recordsOf } from '../../src/sdk/spool/spool-file.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { keptNumbers, numbersUpTo } from '../support/kept-numbers.ts'
import { waitFor } from '../support/wait-for.ts'

const LINES = 2_000
const TALKER = join(import.meta.dirname, 'spool-talker.ts')

const agent = new AgentProgram()
afterAll(() => agent.end())

test('[BU70] [BU71] [BU72] lines of a module that was killed, and of one that ended, while no agent ran are kept once', async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'pro', '--yes')
  await agent.start()
  const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'talker')
  agent.kill('SIGKILL')
  await agent.ended()
  const spool = spoolFolder(credential)

  const killed = spawn(process.execPath, [TALKER, credential, '0', String(LINES), 'killed'], { stdio: 'inherit' })
  await waitFor('all lines on disk', () => spooledRecords(spool) === LINES + 1)
  killed.kill('SIGKILL')
  await once(killed, 'exit')

  const closed = spawn(process.execPath, [TALKER, credential, String(LINES), String(2 * LINES), 'closed'], {
    stdio: 'inherit',
  })
  expect((await once(closed, 'exit'))[0]).toBe(0)
  expect(spooledRecords(spool)).toBe(2 * (LINES + 1))

  await agent.start()
  const mesh = connect({ credential, global: false })
  mesh.logger.info({ n: 2 * LINES }, 'a line')
  expect(mesh.notify('The kettle is on')).toBe(true)
  expect(await mesh.close({ timeoutMs: 30_000 })).toBe(true)
  expect(mesh.stats).toMatchObject({ droppedRecords: 0, refusedRecords: 0 })
  expect((await keptNumbers(agent, 'logs')).get('')).toEqual(numbersUpTo(2 * LINES + 1))
  expect(spooledRecords(spool)).toBe(0)
  const { leaves } = await agent.ask<{ leaves: readonly AuditView[] }>('audit', 'list')
  expect(leaves.filter(({ type }) => type === 'module.reported')).toMatchObject([
    { payload: { module: 'talker', event: 'talk.ended', 'data.from': 0 } },
    { payload: { module: 'talker', event: 'talk.ended', 'data.from': LINES } },
  ])

  const { notifications } = await agent.ask<NotificationsView>('notifications')
  expect(notifications.map(({ message }) => message)).toContain('Talker: The kettle is on')

  await agent.ask('modules', 'remove', 'talker')
  expect(existsSync(spool)).toBe(false)
}, 60_000)

function spooledRecords(spool: string): number {
  if (!existsSync(spool)) return 0
  const files = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const records = files.map(({ parentPath, name }) => {
    // One that is just being written or removed is looked at again.
    const path = join(parentPath, name)
    return name.endsWith('.part') || !existsSync(path) ? 0 : (recordsOf(readFileSync(path)) ?? 0)
  })
  return records.reduce((sum, count) => sum + count, 0)
}
