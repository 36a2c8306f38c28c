/**
 * Keeps what the person is to know, and has it told: one door for all of the store thread, {@link Notices.raise}, which never
 * throws and costs its caller nothing. What becomes of a notification is decided by policy/notifications.
 */
import type { Clock } from '../../base/clock.ts'
import {
  isNotificationId,
  plainArgs,
  type ArgsOf,
  type NotificationArgs,
  type NotificationId,
} from '../../policy/notifications/catalogue.ts'
import { decideNotification, type News, type Recent } from '../../policy/notifications/decide-notification.ts'
import { readSettings, type NotificationSettings } from '../../policy/notifications/notification-settings.ts'
import type { NotificationTable, StoredNotification } from '../../store/notification-table.ts'
import type { CounterTable, SettingTable } from '../../store/small-tables.ts'
import { SETTING } from './device-settings.ts'

/** Most that wait to be looked at: far more than the limits let through. */
export const MAX_WAITING_NEWS = 256
/** Kept ones looked at for merging and for the limits: all that these let through in their time. */
const RECENT = 256

/** One that is told now. Without a number it could not be kept. */
export interface ToldNotification {
  readonly number: number | undefined
  readonly id: NotificationId
  readonly args: NotificationArgs
  readonly unixMs: number
  /** As the settings are now. */
  readonly onDesktop: boolean
}

export interface NoticesDeps {
  readonly clock: Pick<Clock, 'now'>
  /** Minutes after midnight where the person is. */
  readonly localMinute: (unixMs: number) => number
  readonly table: Pick<NotificationTable, 'insert' | 'repeat' | 'newest'>
  readonly settings: Pick<SettingTable, 'get'>
  readonly counters: Pick<CounterTable, 'add'>
  /** Does something in a round of the event loop of its own. */
  readonly later: (work: () => void) => () => void
  readonly tell: (told: ToldNotification) => void
  readonly onFailure: (err: unknown) => void
}

interface Waiting extends News {
  readonly unixMs: number
}

export class Notices {
  readonly #deps: NoticesDeps
  readonly #waiting: Waiting[] = []
  #cancel: (() => void) | undefined

  constructor(deps: NoticesDeps) {
    this.#deps = deps
  }

  /** Whoever calls may be in the middle of a transaction: it is looked at in a round of its own. */
  raise<Id extends NotificationId>(id: Id, args: ArgsOf[Id]): void {
    if (this.#waiting.length >= MAX_WAITING_NEWS) return
    this.#waiting.push({ id, args: plainArgs(args), unixMs: Math.floor(this.#deps.clock.now()) })
    this.#cancel ??= this.#deps.later(() => this.flush())
  }

  /** Looks at what waits, now. Never throws. */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const news of this.#waiting.splice(0)) {
      try {
        this.#take(news)
      } catch (err) {
        this.#deps.onFailure(err)
      }
    }
  }

  settings(): NotificationSettings {
    return readSettings(this.#deps.settings.get(SETTING.notifications))
  }

  #take({ unixMs, ...news }: Waiting): void {
    const { table, counters, localMinute } = this.#deps
    const settings = this.settings()
    const recent = table.newest(unixMs, RECENT).flatMap(toRecent)
    const verdict = decideNotification(news, recent, settings, { unixMs, minute: localMinute(unixMs) })
    if (verdict.is === 'merged') return table.repeat(verdict.into, unixMs)
    if (verdict.is === 'dropped') return counters.add(`notifications.dropped.${verdict.limit}`, 1)
    const number = this.#keep({ ...news, told: verdict.told, firstUnixMs: unixMs })
    if (verdict.told === 'now') this.#deps.tell({ number, ...news, unixMs, onDesktop: settings.desktop })
  }

  /** A disk that takes nothing is no reason to tell nothing. */
  #keep(notification: Parameters<NotificationTable['insert']>[0]): number | undefined {
    try {
      return this.#deps.table.insert(notification)
    } catch (err) {
      this.#deps.onFailure(err)
      return undefined
    }
  }
}

/** What a newer version kept is passed over. */
function toRecent({ number, id, args, firstUnixMs }: StoredNotification): readonly Recent[] {
  return isNotificationId(id) ? [{ number, id, args, firstUnixMs }] : []
}
