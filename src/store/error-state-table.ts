/** What a person decided about groups of errors, by fingerprint. Bounded: the oldest decisions go, and their groups are open again. */
import type { Database, Statement } from 'better-sqlite3'

export type StoredErrorState = 'resolved' | 'muted' | 'regressed'
export interface ErrorStateRow {
  /** Whose errors these are. */
  readonly module: string
  readonly state: StoredErrorState
  readonly sinceUnixMs: number
  readonly afterUnixNano: bigint
}

/** Most groups that something is remembered of: more than a list shows, at some 100 bytes each. */
export const MAX_ERROR_STATES = 4_096

interface StateRecord {
  readonly fingerprint: string
  readonly module: string
  readonly state: StoredErrorState
  readonly sinceMs: number
  readonly afterNano: string
}

export class ErrorStateTable {
  readonly #all: Statement<[], StateRecord>
  readonly #set: Statement<[string, string, string, number, string]>
  readonly #delete: Statement<[string]>
  readonly #forgetOldest: Statement<[number]>

  constructor(db: Database) {
    this.#all = db.prepare(
      'SELECT fingerprint, module, state, since_ms AS sinceMs, after_nano AS afterNano FROM error_state ORDER BY fingerprint',
    )
    this.#set = db.prepare('INSERT OR REPLACE INTO error_state VALUES (?, ?, ?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM error_state WHERE fingerprint = ?')
    this.#forgetOldest = db.prepare(
      `DELETE FROM error_state WHERE fingerprint IN (
         SELECT fingerprint FROM error_state ORDER BY since_ms DESC, fingerprint LIMIT -1 OFFSET ?)`,
    )
  }

  all(): ReadonlyMap<string, ErrorStateRow> {
    return new Map(
      this.#all
        .all()
        .map(({ fingerprint, module, state, sinceMs, afterNano }) => [
          fingerprint,
          { module, state, sinceUnixMs: sinceMs, afterUnixNano: BigInt(afterNano) },
        ]),
    )
  }

  set(fingerprint: string, { module, state, sinceUnixMs, afterUnixNano }: ErrorStateRow): void {
    this.#set.run(fingerprint, module, state, Math.floor(sinceUnixMs), afterUnixNano.toString())
    this.#forgetOldest.run(MAX_ERROR_STATES)
  }

  delete(fingerprint: string): void {
    this.#delete.run(fingerprint)
  }
}
