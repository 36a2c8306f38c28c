/** Notifications of a real agent: on the bus, on the command line, on the desktop; and what keeps them from being told. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curveKeyPair } from 'zeromq'
import type { NotificationsView, NotificationView } from '../../src/agent/http-types/notifications.ts'
import type { StatusView } from '../../src/agent/http-types/device.ts'
import { connect } from '../../src/sdk/index.ts'
import { AgentProgram, CLONE_COMMAND } from '../support/agent-program.ts'
import { waitFor } from '../support/wait-for.ts'

interface Heard {
  readonly topic: string
  readonly source: string
  readonly payload: unknown
}

const folder = mkdtempSync(join(tmpdir(), 'notifications-'))
const shown = join(folder, 'shown')
// A desktop that writes down what it is to show.
const desktop = join(folder, 'notify-send')
writeFileSync(
  desktop,
  `#!${process.execPath}\nrequire('node:fs').appendFileSync(${JSON.stringify(shown)}, process.argv.at(-1) + '\\n')\n`,
)
chmodSync(desktop, 0o755)

const agent = new AgentProgram(CLONE_COMMAND, {
  env: { PATH: `${folder}${delimiter}${process.env['PATH']}`, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' },
})
const children: ChildProcess[] = []
let stranger: string

beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  for (const module of ['listener', 'voice-input']) await agent.ask('modules', 'add', module)
  stranger = await credentialOfStranger('voice-input')
  await agent.start()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await agent.end()
  rmSync(folder, { recursive: true, force: true })
})

const all = async (): Promise<readonly NotificationView[]> =>
  (await agent.ask<NotificationsView>('notifications', '--all')).notifications
const ofId = async (id: string) => (await all()).filter((each) => each.id === id)

/** A credential for the module's endpoint, with keys that are not the module's. */
async function credentialOfStranger(module: string): Promise<string> {
  const { modules } = await agent.ask<{ modules: readonly { module: string; credential: string }[] }>('modules', 'list')
  const own = modules.find((each) => each.module === module)?.credential ?? ''
  const { publicKey, secretKey } = curveKeyPair()
  const file = join(folder, 'stranger.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(own, 'utf8')), publicKey, secretKey }), {
    mode: 0o600,
  })
  return file
}

/** Tries to come in as a module with a wrong key, until `isEnough`. */
async function refusedUntil(what: string, isEnough: () => Promise<boolean> | boolean): Promise<void> {
  const module = connect({ credential: stranger, global: false })
  try {
    await waitFor(what, isEnough)
  } finally {
    await module.close({ timeoutMs: 100 })
  }
}

async function listening(): Promise<{ readonly heard: Heard[]; readonly close: () => Promise<unknown> }> {
  const { modules } = await agent.ask<{ modules: readonly { module: string; credential: string }[] }>('modules', 'list')
  const credential = modules.find(({ module }) => module === 'listener')?.credential ?? ''
  const heard: Heard[] = []
  const module = connect({ credential, global: false })
  module.subscribe('notifications/', (message) => {
    heard.push({ topic: message.topic, source: message.source, payload: message.json() })
  })
  await waitFor('the listener to be connected', () => module.stats.isConnected)
  return { heard, close: () => module.close({ timeoutMs: 1_000 }) }
}

/** `notifications --follow --json`, as a person leaves it open. */
function following(): readonly NotificationView[] {
  const [file = '', ...args] = CLONE_COMMAND
  const command = [...args, '--home', agent.home, '--json', 'notifications', '--follow']
  const child = spawn(file, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines: NotificationView[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as NotificationView))
  return lines
}

test('[NT4] [NT13] [NT15] a refused module is told on the bus, to whoever follows, and kept', async () => {
  const listener = await listening()
  const followed = following()
  // Whether it follows already cannot be asked: what is told again shows it.
  let stage = 'pro'
  await waitFor('somebody to follow', async () => {
    await agent.ask('stage', stage, '--yes')
    stage = stage === 'pro' ? 'casual' : 'pro'
    return followed.length > 0
  })
  await refusedUntil('the refusal to be followed', () => followed.some(({ id }) => id === 'security.module-refused'))
  const message = 'A program that is not Voice input tried to pass for it and was turned away.'
  await waitFor('the refusal to be heard', () => listener.heard.some(({ topic }) => topic === 'notifications/security'))
  expect(listener.heard.find(({ topic }) => topic === 'notifications/security')).toMatchObject({
    source: 'agent',
    payload: { v: 1, id: 'security.module-refused', severity: 'alert', message },
  })
  expect(await ofId('security.module-refused')).toMatchObject([{ message, told: 'now' }])
  await listener.close()
})

test('[NT14] what was shown is read, and status says how many are not', async () => {
  await agent.ask('notifications')
  expect((await agent.ask<StatusView>('status')).unreadNotifications).toBe(0)
  expect((await agent.ask<NotificationsView>('notifications')).notifications).toEqual([])
  expect((await agent.run('notifications')).stdout).toMatch(/^Nothing new/)
})

test('[NT4] an agent that was killed says so once when it is back, one that was stopped does not', async () => {
  agent.kill('SIGKILL')
  await agent.ended()
  // A command on the home in between ends in order, and is no agent.
  await agent.ask('modules', 'list')
  await agent.start()
  expect(await ofId('agent.recovered')).toMatchObject([{ message: 'AICO restarted after a problem.', count: 1 }])
  agent.kill('SIGTERM')
  await agent.ended()
  await agent.start()
  expect(await ofId('agent.recovered')).toHaveLength(1)
})

test('[NT9] [NT10] what is muted is not told, nor what comes in quiet hours; an alert is', async () => {
  const now = new Date()
  const clock = (hours: number): string => String((now.getHours() + 24 + hours) % 24).padStart(2, '0')
  await agent.ask('notifications', 'quiet', `${clock(-2)}:00-${clock(3)}:00`)
  await agent.ask('notifications', 'desktop', 'on')
  const listener = await listening()
  await agent.ask('stage', 'developer', '--yes')
  const [quiet] = await ofId('stage.changed')
  expect(quiet).toMatchObject({ message: 'This device is now at the developer stage.', told: 'quiet' })

  await agent.ask('notifications', 'quiet', 'off')
  await agent.ask('notifications', 'mute', 'agent')
  await agent.ask('stage', 'casual', '--yes')
  await waitFor('the change to be kept', async () =>
    (await ofId('stage.changed')).some(
      ({ told, lastUnixMs }) => told === 'muted' || lastUnixMs > (quiet?.lastUnixMs ?? 0),
    ),
  )
  // The refusals of before are merged for ten minutes: a module of another name is another refusal.
  await agent.ask('modules', 'add', 'hearing')
  await agent.ask('notifications', 'quiet', `${clock(-2)}:00-${clock(3)}:00`)
  stranger = await credentialOfStranger('hearing')
  await refusedUntil('the alert to be shown', () => existsSync(shown))
  await waitFor('the alert to be heard', () => listener.heard.length > 0)
  expect(listener.heard.map(({ topic }) => topic)).toEqual(['notifications/security'])
  expect(readFileSync(shown, 'utf8')).toBe('A program that is not Hearing tried to pass for it and was turned away.\n')
  await listener.close()
})
