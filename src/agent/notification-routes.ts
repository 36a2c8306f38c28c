/** Routes of notifications: what was told, what is read, what is to be told. Rules: docs/spec/notifications.md. */
import { CATEGORIES, isCategory, type Category } from '../policy/notifications/catalogue.ts'
import type { NotificationSettings } from '../policy/notifications/notification-settings.ts'
import { quietHoursText, readQuietHours } from '../policy/notifications/quiet-hours.ts'
import { MAX_NOTIFICATIONS } from '../store/notification-table.ts'
import { jsonBody, type HttpAnswer, type HttpRequest, type Route } from './http-server.ts'
import type { NotificationSettingsView, NotificationsView } from './http-types/notifications.ts'
import type { SettingsChange } from './keeper/notification-calls.ts'
import type { KeeperClient } from './keeper-client.ts'
import { storedView } from './notification-view.ts'
import type { Notifier } from './notifier.ts'
import { bad, numberField, optionalText } from './read-fields.ts'

export interface NotificationRouteDeps {
  readonly keeper: Pick<KeeperClient, 'call'>
  readonly notifier: Pick<Notifier, 'follow'>
}
type Fields = Readonly<Record<string, unknown>>

/** Longest word of a setting, in bytes. */
const MAX_WORD_BYTES = 64

export function notificationRoutes({ keeper, notifier }: NotificationRouteDeps): readonly Route[] {
  const route = (
    method: Route['method'],
    path: string,
    handle: (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer,
  ): Route => ({ method, path: `/v1/notifications${path}`, capability: 'cli', handle })
  return [
    route('GET', '', async () => {
      const { kept, unread } = await keeper.call('notifications', MAX_NOTIFICATIONS)
      return { json: { notifications: kept.map(storedView), unread } satisfies NotificationsView }
    }),
    route('POST', '/read', async (request) => {
      const upTo = numberField(jsonBody(request), 'upTo', { least: 0, most: Number.MAX_SAFE_INTEGER })
      if (upTo === undefined) throw bad('upTo', 'is the number of the last one that was read')
      await keeper.call('markNotificationsRead', upTo)
      return { json: {} }
    }),
    route('GET', '/follow', () => ({ stream: notifier.follow() })),
    route('GET', '/settings', async () => ({ json: settingsView(await keeper.call('notificationSettings')) })),
    route('POST', '/settings', async (request) => ({
      json: settingsView(await keeper.call('setNotifications', changeOf(jsonBody(request)))),
    })),
  ]
}

function settingsView({ muted, quiet, desktop }: NotificationSettings): NotificationSettingsView {
  return { categories: CATEGORIES, muted, quiet: quiet === undefined ? null : quietHoursText(quiet), desktop }
}

function changeOf(fields: Fields): SettingsChange {
  const mute = categoryField(fields, 'mute')
  const unmute = categoryField(fields, 'unmute')
  const { desktop } = fields
  if (desktop !== undefined && typeof desktop !== 'boolean') throw bad('desktop', 'is true or false')
  return {
    ...(mute === undefined ? {} : { mute }),
    ...(unmute === undefined ? {} : { unmute }),
    ...(fields['quiet'] === undefined ? {} : { quiet: quietField(fields) }),
    ...(desktop === undefined ? {} : { desktop }),
  }
}

function categoryField(fields: Fields, name: string): Category | undefined {
  const text = optionalText(fields, name, MAX_WORD_BYTES)
  if (text !== undefined && !isCategory(text)) throw bad(name, `is one of ${CATEGORIES.join(', ')}`)
  return text
}

/** Null: never. */
function quietField(fields: Fields): NotificationSettings['quiet'] {
  const text = optionalText(fields, 'quiet', MAX_WORD_BYTES)
  if (text === undefined) return undefined
  const hours = readQuietHours(text)
  if (hours === undefined) throw bad('quiet', 'is two different times of day, such as 22:00-07:00')
  return hours
}
