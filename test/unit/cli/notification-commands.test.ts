/** What `notifications ...` asks of the agent, and the words it prints. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NotificationSettingsView, NotificationView } from '../../../src/agent/http-types/notifications.ts'
import { painter } from '../../../src/cli/render/colour.ts'
import { notificationLines } from '../../../src/cli/render/notification-lines.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const NEW: NotificationView = {
  number: 3,
  id: 'device.joined',
  category: 'devices',
  severity: 'info',
  message: 'Phone joined your devices.',
  action: 'aico-mesh devices list',
  count: 1,
  firstUnixMs: 1_700_000_000_000,
  lastUnixMs: 1_700_000_000_000,
  isRead: false,
  told: 'now',
}
const MUTED: NotificationView = { ...NEW, number: 2, message: 'Core: Hello.', action: null, told: 'muted' }
const READ: NotificationView = { ...NEW, number: 1, message: 'TV joined your devices.', isRead: true }
const SETTINGS: NotificationSettingsView = {
  categories: ['agent', 'devices', 'modules'],
  muted: ['modules'],
  quiet: '22:00-07:00',
  desktop: false,
}

let cli: CliHarness
let asked: unknown[]
let notifications: readonly NotificationView[]
beforeEach(async () => {
  asked = []
  notifications = [NEW, MUTED, READ]
  cli = cliHarness()
  const answering = (method: 'GET' | 'POST', path: string, json: () => unknown) => ({
    method,
    path: `/v1/notifications${path}`,
    capability: 'cli' as const,
    handle({ body }: { readonly body: Uint8Array }) {
      if (method === 'POST') asked.push(JSON.parse(new TextDecoder().decode(body)))
      return { json: json() }
    },
  })
  await cli.serve([
    answering('GET', '', () => ({ notifications, unread: notifications.filter(({ isRead }) => !isRead).length - 1 })),
    answering('POST', '/read', () => ({})),
    answering('GET', '/settings', () => SETTINGS),
    answering('POST', '/settings', () => SETTINGS),
  ])
})
afterEach(() => cli.remove())

test('[NT14] what is unread and not muted is shown, and counts as read then', async () => {
  const { stdout, exit } = await cli.run('notifications')
  expect(exit).toBe(0)
  expect(stdout).toContain('Phone joined')
  expect(stdout).not.toContain('Core')
  expect(stdout).not.toContain('TV')
  expect(asked).toEqual([{ upTo: 3 }])
})

test('[NT14] --all shows everything, --json the same as one document', async () => {
  const { json } = await cli.run('notifications', '--all', '--json')
  expect(json).toEqual({ notifications: [NEW, MUTED, READ], unread: 1 })
})

test('[NT14] with nothing new it says so, and nothing is marked', async () => {
  notifications = [MUTED, READ]
  expect((await cli.run('notifications')).stdout).toBe('Nothing new. What was before: aico-mesh notifications --all\n')
  notifications = [READ]
  await cli.run('notifications')
  expect(asked).toEqual([])
})

describe('settings', () => {
  test.each([
    { argv: ['mute', 'modules'], is: { mute: 'modules' } },
    { argv: ['unmute', 'modules'], is: { unmute: 'modules' } },
    { argv: ['quiet', '22:00-07:00'], is: { quiet: '22:00-07:00' } },
    { argv: ['quiet', 'off'], is: { quiet: null } },
    { argv: ['desktop', 'on'], is: { desktop: true } },
    { argv: ['desktop', 'off'], is: { desktop: false } },
  ])('[NT11] $argv asks for it and says what holds then', async ({ argv, is }) => {
    const { stdout } = await cli.run('notifications', ...argv)
    expect(asked).toEqual([is])
    expect(stdout).toBe(
      'You are told of: agent, devices.\nMuted: modules.\nQuiet from 22:00 to 07:00, except for alerts.\nNot shown on the desktop.\n',
    )
  })

  test.each([[['quiet', '22-7']], [['quiet']], [['desktop', 'maybe']], [['mute']]])(
    '[NT11] %j is a misuse, and nothing is asked',
    async (argv) => {
      expect((await cli.run('notifications', ...argv)).exit).toBe(2)
      expect(asked).toEqual([])
    },
  )
})

describe('lines', () => {
  const style = { width: 60, paint: painter(false), nowUnixMs: NEW.lastUnixMs + 180_000 }

  test('[NT14] when, how serious, what, and below it what to do', () => {
    expect(notificationLines({ ...NEW, severity: 'alert', count: 3 }, style)).toBe(
      [' 3 min ago  !!  Phone joined your devices. (3 times)', '                aico-mesh devices list'].join('\n'),
    )
  })

  test('[NT14] what is too long goes on below where it began, and steers no terminal', () => {
    const message = `${'word '.repeat(20)}\u001b[31mend`
    const lines = notificationLines({ ...NEW, message, action: null }, style).split('\n')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {16}\S/)
    expect(lines.join('')).not.toContain('\u001b')
  })
})
