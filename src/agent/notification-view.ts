/** A notification as people and programs get it: the words of the catalogue for what is stored. */
import { actionOf, categoryOf, sentenceOf, severityOf, type NotificationId } from '../policy/notifications/catalogue.ts'
import type { Told } from '../policy/notifications/decide-notification.ts'
import type { StoredNotification } from '../store/notification-table.ts'
import type { NotificationView } from './http-types/notifications.ts'
import type { ToldNotification } from './keeper/notices.ts'

/** One that is told in this moment. */
export function toldView({ number, id, args, unixMs }: ToldNotification): NotificationView {
  return {
    number: number ?? null,
    ...wordsOf(id, args),
    count: 1,
    firstUnixMs: unixMs,
    lastUnixMs: unixMs,
    isRead: false,
    told: 'now',
  }
}

/** @param stored of an id that this version knows */
export function storedView({ id, args, told, ...stored }: StoredNotification): NotificationView {
  return { ...stored, ...wordsOf(id as NotificationId, args), told: told as Told }
}

function wordsOf(id: NotificationId, args: StoredNotification['args']) {
  return {
    id,
    category: categoryOf(id),
    severity: severityOf(id),
    message: sentenceOf(id, args),
    action: actionOf(id) ?? null,
  }
}
