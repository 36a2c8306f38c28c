/** Hours that there are points of: which tiers hold them, whether they changed since they were rolled up, and when. */
import type { Database, Statement } from 'better-sqlite3'

/** Since 1970. */
export type Hour = number
/** `going`: being deleted, and not to be read any more. */
export type TierState = 'gone' | 'kept' | 'going'

export interface HourState {
  readonly hour: Hour
  readonly changedMs: number
  readonly isDirty: boolean
  readonly raw: TierState
  readonly minute: TierState
}

interface HourRecord {
  readonly hour: number
  readonly changedMs: number
  readonly dirty: number
  readonly raw: number
  readonly minute: number
}

const STATES: readonly TierState[] = ['gone', 'kept', 'going']
const SELECT = 'SELECT hour, changed_ms AS changedMs, dirty, raw, minute FROM metric_hour'

export class MetricHourTable {
  readonly #touch: Statement
  readonly #between: Statement<[number, number], HourRecord>
  readonly #dirty: Statement<[number], HourRecord>
  readonly #aged: Statement<[{ raw: number; minute: number }], HourRecord>
  readonly #lasting: Statement<[number, number], { n: number }>
  readonly #over: Statement<[number], { hour: number }>
  readonly #oldest: Statement<[], { hour: number | null }>
  readonly #rolled: Statement
  readonly #setRaw: Statement
  readonly #setMinute: Statement
  readonly #delete: Statement

  constructor(db: Database) {
    this.#touch = db.prepare(
      `INSERT INTO metric_hour VALUES (?, ?, 1, 1, 0)
       ON CONFLICT (hour) DO UPDATE SET changed_ms = excluded.changed_ms, dirty = 1, raw = 1`,
    )
    this.#between = db.prepare(`${SELECT} WHERE hour BETWEEN ? AND ? ORDER BY hour`)
    this.#dirty = db.prepare(`${SELECT} WHERE dirty = 1 AND changed_ms <= ? ORDER BY hour LIMIT 1`)
    this.#aged = db.prepare(
      `${SELECT} WHERE dirty = 0 AND (raw = 2 OR minute = 2 OR (raw = 1 AND changed_ms <= @raw)
         OR (minute = 1 AND raw = 0 AND changed_ms <= @minute)) ORDER BY hour LIMIT 1`,
    )
    this.#lasting = db.prepare('SELECT count(*) AS n FROM metric_hour WHERE hour BETWEEN ? AND ?')
    this.#oldest = db.prepare('SELECT min(hour) AS hour FROM metric_hour')
    this.#over = db.prepare(
      'SELECT hour FROM metric_hour WHERE raw = 0 AND minute = 0 AND dirty = 0 AND changed_ms <= ? ORDER BY hour LIMIT 1',
    )
    this.#rolled = db.prepare('UPDATE metric_hour SET dirty = 0, minute = 1 WHERE hour = ?')
    this.#setRaw = db.prepare('UPDATE metric_hour SET raw = ? WHERE hour = ?')
    this.#setMinute = db.prepare('UPDATE metric_hour SET minute = ? WHERE hour = ?')
    this.#delete = db.prepare('DELETE FROM metric_hour WHERE hour = ?')
  }

  /** Points of it were added. */
  touch(hour: Hour, nowMs: number): void {
    this.#touch.run(hour, Math.floor(nowMs))
  }

  /** Both ends included, in order. */
  between(from: Hour, to: Hour): readonly HourState[] {
    return this.#between.all(from, to).map(toState)
  }

  /** The first that changed, but not since `quietMs`. */
  nextDirty(quietMs: number): HourState | undefined {
    const record = this.#dirty.get(quietMs)
    return record && toState(record)
  }

  /** The first of which a tier is too old, or half deleted. */
  nextAged(limits: { readonly raw: number; readonly minute: number }): HourState | undefined {
    const record = this.#aged.get(limits)
    return record && toState(record)
  }

  /** The first that is left by hour only, and changed last at or before a time. */
  nextOver(limitMs: number): Hour | undefined {
    return this.#over.get(limitMs)?.hour
  }

  oldest(): Hour | undefined {
    return this.#oldest.get()?.hour ?? undefined
  }

  countBetween(from: Hour, to: Hour): number {
    return this.#lasting.get(from, to)?.n ?? 0
  }

  setRolled(hour: Hour): void {
    this.#rolled.run(hour)
  }

  setState(hour: Hour, tier: 'raw' | 'minute', state: TierState): void {
    const statement = tier === 'raw' ? this.#setRaw : this.#setMinute
    statement.run(STATES.indexOf(state), hour)
  }

  delete(hour: Hour): void {
    this.#delete.run(hour)
  }
}

function toState({ hour, changedMs, dirty, raw, minute }: HourRecord): HourState {
  return { hour, changedMs, isDirty: dirty === 1, raw: STATES[raw] ?? 'gone', minute: STATES[minute] ?? 'gone' }
}
