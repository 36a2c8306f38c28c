/**
 * Shows a sentence with the desktop's own notifier: `notify-send` on Linux where there is a session bus, `osascript` on macOS,
 * nothing elsewhere. The program is run by its path with its arguments one by one, never by a shell; nobody waits for it, it
 * is ended after a while, and that it failed is only counted.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { safeText } from '../base/safe-text.ts'

/** Time the program has, in milliseconds: it hands the text on and ends. */
export const NOTIFIER_TIMEOUT_MS = 5_000
/** Most that run at once; more are not shown. */
export const MAX_RUNNING_NOTIFIERS = 4
/** Longest text shown, in characters: what fits a bubble. */
export const MAX_DESKTOP_CHARS = 200
const TITLE = 'AICO'

export interface DesktopMessage {
  readonly text: string
  readonly isUrgent: boolean
}
export interface DesktopNotifier {
  /** Never throws, never waits. */
  show(message: DesktopMessage): void
  /** The program that would be run now; undefined where there is none. */
  program(): string | undefined
  /** How often a text was not shown though it was asked for. */
  failures(): number
}
export interface DesktopDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly platform: NodeJS.Platform
  readonly env: NodeJS.ProcessEnv
}

/** AppleScript that takes the text as arguments, so that nothing of it is ever read as a script. */
const APPLE_SCRIPT = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run']

export function desktopNotifier({ clock, platform, env }: DesktopDeps): DesktopNotifier {
  let running = 0
  let failures = 0
  const run = (path: string, args: readonly string[]): void => {
    running++
    const child = spawn(path, args, { detached: true, stdio: 'ignore', env })
    child.unref()
    const cancel = clock.after(NOTIFIER_TIMEOUT_MS, () => child.kill('SIGKILL'))
    const end = (isShown: boolean): void => {
      cancel()
      running--
      if (!isShown) failures++
    }
    // Of the two, one comes: a program that did not start does not exit.
    child.once('error', () => end(false)).once('exit', (code) => end(code === 0))
  }
  const program = (): string | undefined => findProgram(platform, env)
  return {
    program,
    failures: () => failures,
    show(message) {
      const path = running < MAX_RUNNING_NOTIFIERS ? program() : undefined
      if (path === undefined) failures++
      else run(path, argumentsFor(platform, message))
    },
  }
}

function findProgram(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string | undefined {
  if (platform === 'darwin') return onPath('osascript', env)
  return platform === 'linux' && hasSessionBus(env) ? onPath('notify-send', env) : undefined
}

function argumentsFor(platform: NodeJS.Platform, { text, isUrgent }: DesktopMessage): readonly string[] {
  const shown = Array.from(safeText(text)).slice(0, MAX_DESKTOP_CHARS).join('')
  if (platform === 'darwin') return [...APPLE_SCRIPT.flatMap((line) => ['-e', line]), TITLE, shown]
  const urgency = isUrgent ? 'critical' : 'normal'
  return [`--app-name=${TITLE}`, `--urgency=${urgency}`, '--', TITLE, withoutMarkup(shown)]
}

/** Many desktops read the body as markup. */
function withoutMarkup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

function hasSessionBus(env: NodeJS.ProcessEnv): boolean {
  const folder = env['XDG_RUNTIME_DIR']
  return Boolean(env['DBUS_SESSION_BUS_ADDRESS']) || (Boolean(folder) && existsSync(join(folder as string, 'bus')))
}

/** Only in folders that are named in full: where the agent was started must not decide what it runs. */
function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
