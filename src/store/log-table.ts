/**
 * The logs this device knows: its own, and those of others it holds a key for. Few, so all of them are in memory;
 * for that reason `add` must not be called inside a transaction that may still roll back.
 */
import type { Database, Statement } from 'better-sqlite3'
import { LANES, type Lane } from '../model/lane.ts'
import {
  idBytes,
  toDeviceId,
  toIncarnation,
  toLogId,
  type DeviceId,
  type Incarnation,
  type LogId,
} from '../model/ids.ts'
import type { LogDescription, LogKey } from '../model/segment.ts'

/** A log's number in this database. */
export type LogRowId = number
export interface StoredLog extends LogDescription {
  readonly rowId: LogRowId
  readonly own: boolean
}

interface LogRecord {
  readonly id: number
  readonly author: Uint8Array
  readonly log: Uint8Array
  readonly incarnation: Uint8Array
  readonly lane: number
  readonly module: string
  readonly part: string
  readonly own: number
}

export class LogTable {
  readonly #insert: Statement
  readonly #byKey = new Map<string, StoredLog>()
  readonly #byRow = new Map<LogRowId, StoredLog>()

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT INTO log (author, log, incarnation, lane, module, part, own) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    for (const record of db.prepare<[], LogRecord>('SELECT * FROM log').all()) this.#remember(toStoredLog(record))
  }

  find(key: LogKey): StoredLog | undefined {
    return this.#byKey.get(keyOf(key))
  }

  byRow(rowId: LogRowId): StoredLog {
    return this.#byRow.get(rowId) as StoredLog
  }

  all(): readonly StoredLog[] {
    return [...this.#byRow.values()]
  }

  ofAuthor(author: DeviceId): readonly StoredLog[] {
    return this.all().filter((log) => log.author === author)
  }

  ofLane(lane: Lane): readonly StoredLog[] {
    return this.all().filter((log) => log.lane === lane)
  }

  /** The current own log of a module in a lane. */
  findOwn(lane: Lane, module: string, part: string, incarnation: Incarnation): StoredLog | undefined {
    return this.all().find(
      (log) =>
        log.own && log.lane === lane && log.module === module && log.part === part && log.incarnation === incarnation,
    )
  }

  /** Adds a log, or returns the one there; what a log is described as never changes. */
  add(description: LogDescription, own: boolean): StoredLog {
    const known = this.find(description)
    if (known) return known
    const { author, log, incarnation, lane, module, part } = description
    const { lastInsertRowid } = this.#insert.run(
      idBytes(author),
      idBytes(log),
      idBytes(incarnation),
      LANES.indexOf(lane),
      module,
      part,
      own ? 1 : 0,
    )
    const stored = { ...description, rowId: Number(lastInsertRowid), own }
    this.#remember(stored)
    return stored
  }

  #remember(stored: StoredLog): void {
    this.#byKey.set(keyOf(stored), stored)
    this.#byRow.set(stored.rowId, stored)
  }
}

function keyOf({ author, log, incarnation }: LogKey): string {
  return `${author}/${log}/${incarnation}`
}

function toStoredLog(record: LogRecord): StoredLog {
  return {
    rowId: record.id,
    author: toDeviceId(record.author) as DeviceId,
    log: toLogId(record.log) as LogId,
    incarnation: toIncarnation(record.incarnation) as Incarnation,
    lane: LANES[record.lane] as Lane,
    module: record.module,
    part: record.part,
    own: record.own === 1,
  }
}
