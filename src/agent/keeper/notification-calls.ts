/** What a person may ask about notifications: those that are kept, which of them are read, and what is to be told at all. */
import {
  isNotificationId,
  type ArgsOf,
  type Category,
  type NotificationId,
} from '../../policy/notifications/catalogue.ts'
import type { NotificationSettings } from '../../policy/notifications/notification-settings.ts'
import { quietHoursText } from '../../policy/notifications/quiet-hours.ts'
import { SETTING } from './device-settings.ts'
import type { Keeper } from './keeper.ts'

export type SettingsChange = Partial<Pick<NotificationSettings, 'quiet' | 'desktop'>> & {
  readonly mute?: Category
  readonly unmute?: Category
}

export function notificationCalls(keeper: Keeper) {
  const { notices, store, deps } = keeper
  return {
    /** From outside the store thread, as {@link Notices.raise}. */
    notify: <Id extends NotificationId>(id: Id, args: ArgsOf[Id]): void => notices.raise(id, args),
    /** The newest first; what a newer version kept is passed over. */
    notifications(limit: number) {
      notices.flush()
      const now = deps.clock.now()
      const kept = store.notifications.newest(now, limit).filter(({ id }) => isNotificationId(id))
      return { kept, unread: store.notifications.unread(now) }
    },
    markNotificationsRead: (upTo: number): void => store.notifications.markRead(upTo),
    notificationSettings: () => notices.settings(),
    setNotifications: (change: SettingsChange) => setNotifications(keeper, change),
  }
}

/** The leaf first: whoever is to be told less has decided so, and it can be seen. */
function setNotifications({ notices, store, ledger, card }: Keeper, change: SettingsChange): NotificationSettings {
  const before = notices.settings()
  const after = changed(before, change)
  if (wordsOf(before) === wordsOf(after)) return after
  ledger.append({
    type: 'notifications.changed',
    outcome: 'success',
    actor: { kind: 'user', ref: card.deviceId },
    object: { kind: 'policy', ref: 'notifications' },
    payload: { from: wordsOf(before), to: wordsOf(after) },
  })
  store.settings.set(SETTING.notifications, after)
  return after
}

function changed(before: NotificationSettings, { mute, unmute, ...rest }: SettingsChange): NotificationSettings {
  const muted = new Set(before.muted)
  if (mute !== undefined) muted.add(mute)
  if (unmute !== undefined) muted.delete(unmute)
  return { ...before, ...rest, muted: [...muted] }
}

function wordsOf({ muted, quiet, desktop }: NotificationSettings): string {
  const mutedWords = muted.length === 0 ? 'nothing' : [...muted].sort().join(' ')
  const quietWords = quiet === undefined ? 'never' : quietHoursText(quiet)
  return `muted ${mutedWords}, quiet ${quietWords}, desktop ${desktop ? 'on' : 'off'}`
}
