/** Notifications that are kept: the newest, for a while, each read or not. */
import type { Database, Statement } from 'better-sqlite3'

/** Most that are kept: years of them, if nothing goes wrong all the time. The oldest go. */
export const MAX_NOTIFICATIONS = 1_000
/** Most of one id: what repeats, or a module makes repeat, does not push out what happens once. */
export const MAX_OF_ONE_ID = 200
/** For how long one is kept, in milliseconds: 90 days. */
export const NOTIFICATION_AGE_MS = 7_776_000_000

export interface StoredNotification {
  /** Only grows. */
  readonly number: number
  readonly id: string
  readonly args: Readonly<Record<string, string | number>>
  /** Whether it was told as it happened, or why not. */
  readonly told: string
  readonly firstUnixMs: number
  readonly lastUnixMs: number
  /** How often it happened. */
  readonly count: number
  readonly isRead: boolean
}
export type NewNotification = Pick<StoredNotification, 'id' | 'args' | 'told' | 'firstUnixMs'>

interface NotificationRecord extends Omit<StoredNotification, 'args' | 'isRead'> {
  readonly args: string
  readonly isRead: number
}

const COLUMNS =
  'number, id, args, told, first_ms AS firstUnixMs, last_ms AS lastUnixMs, count, is_read AS isRead FROM notification'

export class NotificationTable {
  readonly #insert: Statement<[string, string, string, number, number]>
  readonly #repeat: Statement<[number, number]>
  readonly #prune: Statement<[number, number]>
  readonly #pruneId: Statement<[string, string, number]>
  readonly #newest: Statement<[number, number], NotificationRecord>
  readonly #unread: Statement<[number], { n: number }>
  readonly #read: Statement<[number]>

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT INTO notification (id, args, told, first_ms, last_ms, count, is_read) VALUES (?, ?, ?, ?, ?, 1, 0)',
    )
    this.#repeat = db.prepare(
      'UPDATE notification SET count = count + 1, last_ms = max(last_ms, ?), is_read = 0 WHERE number = ?',
    )
    this.#prune = db.prepare(
      'DELETE FROM notification WHERE last_ms < ? OR number <= (SELECT number FROM notification ORDER BY number DESC LIMIT 1 OFFSET ?)',
    )
    this.#pruneId = db.prepare(
      'DELETE FROM notification WHERE id = ? AND number <= (SELECT number FROM notification WHERE id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)',
    )
    this.#newest = db.prepare(`SELECT ${COLUMNS} WHERE last_ms >= ? ORDER BY number DESC LIMIT ?`)
    this.#unread = db.prepare(
      `SELECT count(*) AS n FROM notification WHERE is_read = 0 AND told <> 'muted' AND last_ms >= ?`,
    )
    this.#read = db.prepare('UPDATE notification SET is_read = 1 WHERE is_read = 0 AND number <= ?')
  }

  /** What is too old, or one too many, goes. @returns its number */
  insert({ id, args, told, firstUnixMs }: NewNotification): number {
    const number = Number(this.#insert.run(id, JSON.stringify(args), told, firstUnixMs, firstUnixMs).lastInsertRowid)
    this.#pruneId.run(id, id, MAX_OF_ONE_ID)
    this.#prune.run(firstUnixMs - NOTIFICATION_AGE_MS, MAX_NOTIFICATIONS)
    return number
  }

  /** It happened once more: whoever had read it has not read that. */
  repeat(number: number, nowUnixMs: number): void {
    this.#repeat.run(nowUnixMs, number)
  }

  /** The newest first, none that is too old. */
  newest(nowUnixMs: number, limit: number): readonly StoredNotification[] {
    return this.#newest.all(nowUnixMs - NOTIFICATION_AGE_MS, limit).map((record) => ({
      ...record,
      args: JSON.parse(record.args) as StoredNotification['args'],
      isRead: record.isRead === 1,
    }))
  }

  /** Those that were not to be told are not waiting to be read. */
  unread(nowUnixMs: number): number {
    return this.#unread.get(nowUnixMs - NOTIFICATION_AGE_MS)?.n ?? 0
  }

  /** Up to a number. */
  markRead(upTo: number): void {
    this.#read.run(upTo)
  }
}
