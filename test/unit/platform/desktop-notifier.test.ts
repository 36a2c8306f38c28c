/** The desktop's notifier, as a real process: a program of that name on PATH that writes down how it was called. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  desktopNotifier,
  MAX_DESKTOP_CHARS,
  MAX_RUNNING_NOTIFIERS,
  NOTIFIER_TIMEOUT_MS,
} from '../../../src/platform/desktop-notifier.ts'
import { manualClock, type ManualClock } from '../../support/manual-clock.ts'
import { waitFor } from '../../support/wait-for.ts'

let folder: string
let clock: ManualClock
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'desktop-'))
  clock = manualClock()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }
/** Each call is one line: the arguments as JSON. */
const RECORD = `require('node:fs').appendFileSync(process.env.CALLS, JSON.stringify(process.argv.slice(2)) + '\\n')`

function install(name: string, body = RECORD): void {
  const path = join(folder, name)
  writeFileSync(path, `#!${process.execPath}\n${body}\n`)
  chmodSync(path, 0o755)
}
function notifier(platform: NodeJS.Platform, env: NodeJS.ProcessEnv = BUS) {
  return desktopNotifier({ clock, platform, env: { ...env, PATH: folder, CALLS: join(folder, 'calls') } })
}
function calls(): readonly (readonly string[])[] {
  const file = join(folder, 'calls')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as string[])
}
async function calledOnce(): Promise<readonly string[]> {
  await waitFor('the notifier to be called', async () => calls().length === 1)
  return calls()[0] as readonly string[]
}

test('[NT16] on Linux the text is one argument, and nothing of it is an option, a command or markup', async () => {
  install('notify-send')
  notifier('linux').show({ text: '--help "$(touch x)" `id` <b>&\n\u001b[31mred', isUrgent: false })
  expect(await calledOnce()).toEqual([
    '--app-name=AICO',
    '--urgency=normal',
    '--',
    'AICO',
    '--help "$(touch x)" `id` &lt;b&gt;&amp; red',
  ])
  expect(existsSync(join(folder, 'x'))).toBe(false)
})

test('[NT16] on macOS the text is an argument of the script, never a part of it', async () => {
  install('osascript')
  notifier('darwin', {}).show({ text: '" & (do shell script "id") & "', isUrgent: true })
  const args = await calledOnce()
  expect(args.slice(-2)).toEqual(['AICO', '" & (do shell script "id") & "'])
  expect(args.slice(0, -2).join(' ')).not.toContain('shell')
})

test('[NT16] a long text is cut, an alert is urgent', async () => {
  install('notify-send')
  notifier('linux').show({ text: 'x'.repeat(MAX_DESKTOP_CHARS + 1), isUrgent: true })
  const args = await calledOnce()
  expect(args).toContain('--urgency=critical')
  expect(args.at(-1)).toBe('x'.repeat(MAX_DESKTOP_CHARS))
})

describe('where there is none', () => {
  test.each([
    { name: 'no program', platform: 'linux', env: BUS, installed: [] },
    { name: 'no session bus', platform: 'linux', env: {}, installed: ['notify-send'] },
    { name: 'another system', platform: 'win32', env: BUS, installed: ['notify-send', 'osascript'] },
  ] as const)('[NT16] $name: nothing is run, and that is counted', ({ platform, env, installed }) => {
    for (const name of installed) install(name)
    const desktop = notifier(platform, env)
    expect(desktop.program()).toBeUndefined()
    desktop.show({ text: 'hello', isUrgent: false })
    expect(desktop.failures()).toBe(1)
  })

  test('[NT16] a session bus is also found by its socket', () => {
    install('notify-send')
    writeFileSync(join(folder, 'bus'), '')
    expect(notifier('linux', { XDG_RUNTIME_DIR: folder }).program()).toBe(join(folder, 'notify-send'))
  })

  test('[NT16] a folder of PATH that is not named in full is passed over', () => {
    install('notify-send')
    const env = { ...BUS, PATH: ['', '.', 'bin'].join(':') }
    expect(desktopNotifier({ clock, platform: 'linux', env }).program()).toBeUndefined()
  })
})

test('[NT16] a program that fails is counted and harms nothing', async () => {
  install('notify-send', 'process.exit(3)')
  const desktop = notifier('linux')
  desktop.show({ text: 'hello', isUrgent: false })
  expect(await waitFor('the failure to be counted', () => desktop.failures() > 0 && desktop.failures())).toBe(1)
})

test('[NT16] one that hangs is ended after its time, and no more than a few run at once', async () => {
  install('notify-send', 'setInterval(() => undefined, 1000)')
  const desktop = notifier('linux')
  for (let n = 0; n < MAX_RUNNING_NOTIFIERS; n++) desktop.show({ text: 'hello', isUrgent: false })
  expect(desktop.failures()).toBe(0)
  desktop.show({ text: 'one too many', isUrgent: false })
  expect(desktop.failures()).toBe(1)
  clock.advance(NOTIFIER_TIMEOUT_MS)
  await waitFor('all of them to be ended', async () => desktop.failures() === 1 + MAX_RUNNING_NOTIFIERS)
})
