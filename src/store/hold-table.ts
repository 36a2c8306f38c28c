/** What must not be dropped, and why. */
import type { Database, Statement } from 'better-sqlite3'
import type { DeviceId, TraceId } from '../model/ids.ts'

/** A trace, or what was recorded in a range of time, both ends included. */
export type HoldScope =
  | { readonly kind: 'trace'; readonly traceId: TraceId }
  | {
      readonly kind: 'range'
      readonly fromUnixMs: number
      readonly toUnixMs: number
      /** Undefined: of every device, of every module. */
      readonly deviceId?: DeviceId | undefined
      readonly module?: string | undefined
    }
export interface Hold {
  readonly id: number
  readonly createdUnixMs: number
  readonly reason: string
  readonly scope: HoldScope
}

interface HoldRecord {
  readonly id: number
  readonly createdUnixMs: number
  readonly reason: string
  readonly scope: string
}

export class HoldTable {
  readonly #insert: Statement<[number, string, string]>
  readonly #all: Statement<[], HoldRecord>
  readonly #delete: Statement<[number]>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO hold (created_ms, reason, scope) VALUES (?, ?, ?)')
    this.#all = db.prepare('SELECT id, created_ms AS createdUnixMs, reason, scope FROM hold ORDER BY id')
    this.#delete = db.prepare('DELETE FROM hold WHERE id = ?')
  }

  insert({ createdUnixMs, reason, scope }: Omit<Hold, 'id'>): number {
    return Number(this.#insert.run(Math.floor(createdUnixMs), reason, JSON.stringify(scope)).lastInsertRowid)
  }

  all(): readonly Hold[] {
    return this.#all.all().map((record) => ({ ...record, scope: JSON.parse(record.scope) as HoldScope }))
  }

  /** @returns whether there was one */
  delete(id: number): boolean {
    return this.#delete.run(id).changes > 0
  }
}
