/** Notifications: what happened that a person should know, and what they want to be told of. */
import type {
  NotificationSettingsView,
  NotificationsView,
  NotificationView,
} from '../../agent/http-types/notifications.ts'
import { usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { followStream } from '../follow-lines.ts'
import { oneOf } from '../option-values.ts'
import { painter } from '../render/colour.ts'
import { notificationLines } from '../render/notification-lines.ts'

const SETTINGS = '/v1/notifications/settings'
const HOURS = /^\d\d:\d\d-\d\d:\d\d$/

const list: Command = {
  name: 'notifications',
  takes: '',
  help: 'what happened that you should know; what is shown counts as read',
  details: [
    'Without --all, what you have not read yet. With --follow, each as it happens, until you end it.',
    'Kept are the last 1,000, for 90 days. What a quiet hour kept back is among them; what you muted is shown with --all.',
  ],
  examples: ['notifications', 'notifications --all', 'notifications --follow'],
  options: {
    all: { type: 'boolean', help: 'also what you have read, and what you muted' },
    follow: { type: 'boolean', short: 'f', help: 'go on with what comes, as it comes' },
  },
  async run(context) {
    if (context.options['follow'] === true) return follow(context)
    const { client, output, options } = context
    const { notifications, unread } = await client.callAnyway<NotificationsView>('GET', '/v1/notifications')
    const isShown = ({ isRead, told }: NotificationView): boolean => !isRead && told !== 'muted'
    const shown = options['all'] === true ? notifications : notifications.filter(isShown)
    output.answer({ notifications: shown, unread } satisfies NotificationsView, () =>
      shown.length === 0 ? nothingWords(notifications.length) : shown.map((each) => lines(each, context)).join('\n'),
    )
    const upTo = notifications[0]?.number
    if (unread > 0 && typeof upTo === 'number') await client.callAnyway('POST', '/v1/notifications/read', { upTo })
  },
}

const settings: Command = {
  name: 'notifications settings',
  takes: '',
  help: 'what you are told of, and when',
  examples: ['notifications settings'],
  async run({ client, output }) {
    const view = await client.callAnyway<NotificationSettingsView>('GET', SETTINGS)
    output.answer(view, () => settingsWords(view))
  },
}

const mute: Command = {
  name: 'notifications mute',
  takes: 'CATEGORY',
  help: 'do not be told of a category; it is still kept',
  details: ['Categories: agent, devices, storage, security, modules, plugins, errors.'],
  examples: ['notifications mute modules'],
  words: [1, 1],
  run: (context) => change(context, { mute: categoryOf(context) }),
}

const unmute: Command = {
  name: 'notifications unmute',
  takes: 'CATEGORY',
  help: 'be told of a category again',
  examples: ['notifications unmute modules'],
  words: [1, 1],
  run: (context) => change(context, { unmute: categoryOf(context) }),
}

const quiet: Command = {
  name: 'notifications quiet',
  takes: 'HH:MM-HH:MM|off',
  help: 'hours of the day in which nothing disturbs you but alerts',
  details: [
    'By the clock of this device. What happens meanwhile is kept, and waits for you. An alert says that somebody may be doing harm: it does not wait.',
  ],
  examples: ['notifications quiet 22:00-07:00', 'notifications quiet off'],
  words: [1, 1],
  run(context) {
    const [text = ''] = context.words
    if (text !== 'off' && !HOURS.test(text)) throw usage('quiet hours are like 22:00-07:00, or off')
    return change(context, { quiet: text === 'off' ? null : text })
  },
}

const desktop: Command = {
  name: 'notifications desktop',
  takes: 'on|off',
  help: 'show notifications on the desktop too; off unless you say so',
  details: [
    'On Linux with notify-send, on macOS with osascript. The sentences then leave the encrypted store: your desktop may keep them, and show them while the screen is locked.',
  ],
  examples: ['notifications desktop on'],
  words: [1, 1],
  run(context) {
    const refused = oneOf(['on', 'off'])(context.words[0] as string)
    if (refused !== undefined) throw usage(`notifications desktop takes ${refused}`)
    return change(context, { desktop: context.words[0] === 'on' })
  },
}

export const notificationCommands: readonly Command[] = [list, settings, mute, unmute, quiet, desktop]

async function change({ client, output }: CommandContext, asked: object): Promise<void> {
  const view = await client.callAnyway<NotificationSettingsView>('POST', SETTINGS, asked)
  output.answer(view, () => settingsWords(view))
}

function follow({ client, output }: CommandContext): Promise<void> {
  return followStream<NotificationView>(
    { client, output },
    { path: '/v1/notifications/follow', method: 'GET' },
    { words: (view) => lines(view, { output }) },
  )
}

function lines(view: NotificationView, { output }: Pick<CommandContext, 'output'>): string {
  return notificationLines(view, { width: output.width, paint: painter(output.color), nowUnixMs: Date.now() })
}

/** The agent knows which there are. */
function categoryOf({ words }: CommandContext): string {
  return words[0] as string
}

function nothingWords(kept: number): string {
  return kept === 0
    ? 'Nothing has happened that you should know.'
    : 'Nothing new. What was before: aico-mesh notifications --all'
}

function settingsWords({ categories, muted, quiet: hours, desktop: isOnDesktop }: NotificationSettingsView): string {
  const told = categories.filter((category) => !muted.includes(category))
  return [
    `You are told of: ${told.length === 0 ? 'nothing' : told.join(', ')}.`,
    ...(muted.length === 0 ? [] : [`Muted: ${muted.join(', ')}.`]),
    hours === null ? 'No quiet hours.' : `Quiet from ${hours.replace('-', ' to ')}, except for alerts.`,
    isOnDesktop ? 'Shown on the desktop too.' : 'Not shown on the desktop.',
  ].join('\n')
}
