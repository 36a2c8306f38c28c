/** Sealed segments carried for others: what is here of each log, where it lies, who vouches for it and who has it by now. */
import type { Database, Statement } from 'better-sqlite3'
import {
  idBytes,
  toDeviceId,
  toIncarnation,
  toLogId,
  type DeviceId,
  type Incarnation,
  type LogId,
} from '../model/ids.ts'
import type { LogKey, SeqRange } from '../model/segment.ts'
import type { Place } from './packs/pack-files.ts'
import type { Packs } from './packs/packs.ts'
import { asStoreErrors } from './store-error.ts'

export type CarriedLogId = number
export interface CarriedLog extends LogKey {
  readonly id: CarriedLogId
  /** Runs that are done with: they are not fetched again. */
  readonly dropped: readonly SeqRange[]
}
export interface CarriedHeader {
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly header: Uint8Array
}
/** A segment as it came. */
export interface CarriedBody extends CarriedHeader {
  readonly sealed: Uint8Array
  /** Day since 1970 after which it goes. */
  readonly dropDay: number
}
export interface SignedPlace {
  readonly seq: number
  readonly signature: Uint8Array
}
export interface CarriedUse {
  readonly segments: number
  readonly bytes: number
}

type LogRow = {
  readonly id: number
  readonly author: Uint8Array
  readonly log: Uint8Array
  readonly incarnation: Uint8Array
  readonly dropped: string
}
const NOTHING: CarriedUse = { segments: 0, bytes: 0 }

export class CarryTable {
  readonly #db: Database
  readonly #packs: Packs
  readonly #logs = new Map<string, CarriedLog>()
  /** Runs of each log and use of each author, as they were committed. */
  readonly #runs = new Map<CarriedLogId, readonly SeqRange[]>()
  readonly #uses = new Map<DeviceId, CarriedUse>()
  readonly #insertLog: Statement
  readonly #insert: Statement
  readonly #at: Statement<[number, number], CarriedHeader & Place>
  readonly #selectRuns: Statement<[number], SeqRange>
  readonly #insertHead: Statement
  readonly #headBelow: Statement<[number, number, number], SignedPlace>
  readonly #ack: Statement<[number, Uint8Array], { runs: string }>
  readonly #setAck: Statement
  readonly #use: Statement<[Uint8Array], CarriedUse>
  readonly #due: Statement<[number], { log: number; seq: number }>
  readonly #deleteIn: readonly Statement[]
  readonly #deleteLog: readonly Statement[]
  readonly #setDropped: Statement

  /** @param packs of what is carried */
  constructor(db: Database, packs: Packs) {
    this.#db = db
    this.#packs = packs
    this.#insertLog = db.prepare('INSERT INTO carry_log (author, log, incarnation) VALUES (?, ?, ?)')
    this.#insert = db.prepare(
      'INSERT INTO carry_segment (log, seq, segment_id, header, pack, at, bytes, drop_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#at = db.prepare(
      'SELECT seq, segment_id AS segmentId, header, pack, at, bytes FROM carry_segment WHERE log = ? AND seq = ?',
    )
    // Numbers that follow each other differ from their place in the list by the same.
    this.#selectRuns = db.prepare(
      `SELECT min(seq) AS "from", max(seq) AS "to" FROM
         (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM carry_segment WHERE log = ?)
       GROUP BY run ORDER BY 1`,
    )
    this.#insertHead = db.prepare('INSERT OR REPLACE INTO carry_head VALUES (?, ?, ?)')
    this.#headBelow = db.prepare(
      'SELECT seq, signature FROM carry_head WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT 1',
    )
    this.#ack = db.prepare('SELECT runs FROM carry_ack WHERE log = ? AND reader = ?')
    this.#setAck = db.prepare('INSERT OR REPLACE INTO carry_ack VALUES (?, ?, ?)')
    this.#use = db.prepare(
      `SELECT count(*) AS segments, coalesce(sum(bytes + length(header)), 0) AS bytes FROM carry_segment
       WHERE log IN (SELECT id FROM carry_log WHERE author = ?)`,
    )
    this.#due = db.prepare('SELECT log, seq FROM carry_segment WHERE drop_day < ? ORDER BY log, seq')
    this.#deleteIn = ['carry_segment', 'carry_head'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE log = ? AND seq BETWEEN ? AND ?`),
    )
    this.#deleteLog = [
      ...['carry_segment', 'carry_head', 'carry_ack'].map((table) => db.prepare(`DELETE FROM ${table} WHERE log = ?`)),
      db.prepare('DELETE FROM carry_log WHERE id = ?'),
    ]
    this.#setDropped = db.prepare('UPDATE carry_log SET dropped = ? WHERE id = ?')
    for (const row of db.prepare<[], LogRow>('SELECT * FROM carry_log').all()) this.#remember(toLog(row))
  }

  find(key: LogKey): CarriedLog | undefined {
    return this.#logs.get(nameOf(key))
  }

  all(): readonly CarriedLog[] {
    return [...this.#logs.values()]
  }

  addLog(key: LogKey): CarriedLog {
    const known = this.find(key)
    if (known !== undefined) return known
    const { author, log, incarnation } = key
    const { lastInsertRowid } = this.#insertLog.run(idBytes(author), idBytes(log), idBytes(incarnation))
    return this.#remember({ id: Number(lastInsertRowid), author, log, incarnation, dropped: [] })
  }

  /** Keeps a run, all of it or none, durable on return: one flush and one commit for all of its segments. */
  keep(log: CarriedLog, segments: readonly CarriedBody[], heads: readonly SignedPlace[]): void {
    const { author, id } = log
    const before = this.useOf(author)
    this.#transaction(() => {
      const places = this.#packs.append(
        author,
        segments.map(({ sealed }) => sealed),
      )
      for (const [i, { seq, segmentId, header, dropDay }] of segments.entries()) {
        const { pack, at, bytes } = places[i] as Place
        this.#insert.run(id, seq, segmentId, header, pack, at, bytes, dropDay)
      }
      for (const { seq, signature } of heads) this.#insertHead.run(id, seq, signature)
    })
    this.#runs.delete(id)
    const bytes = segments.reduce((sum, { header, sealed }) => sum + header.length + sealed.length, 0)
    this.#uses.set(author, { segments: before.segments + segments.length, bytes: before.bytes + bytes })
  }

  headerAt({ id }: CarriedLog, seq: number): CarriedHeader | undefined {
    return this.#at.get(id, seq)
  }

  /** @returns undefined if it is not here, or the disk cannot give it */
  sealedAt({ id }: CarriedLog, seq: number): Pick<CarriedBody, 'header' | 'sealed'> | undefined {
    const found = this.#at.get(id, seq)
    const sealed = found && this.#packs.read(found)
    return found && sealed && { header: new Uint8Array(found.header), sealed }
  }

  runs({ id }: CarriedLog): readonly SeqRange[] {
    const runs = this.#runs.get(id) ?? this.#selectRuns.all(id)
    this.#runs.set(id, runs)
    return runs
  }

  /** The highest place in a range that its author signed. */
  headIn({ id }: CarriedLog, { from, to }: SeqRange): SignedPlace | undefined {
    return this.#headBelow.get(id, from, to)
  }

  ackedBy({ id }: CarriedLog, reader: DeviceId): readonly SeqRange[] {
    return toRanges(this.#ack.get(id, idBytes(reader))?.runs ?? '[]')
  }

  setAcked({ id }: CarriedLog, reader: DeviceId, runs: readonly SeqRange[]): void {
    this.#setAck.run(id, idBytes(reader), toText(runs))
  }

  /** Deletes segments of a log. @param dropped what of it is not to be fetched again from now on */
  drop(log: CarriedLog, ranges: readonly SeqRange[], dropped: readonly SeqRange[]): void {
    this.#transaction(() => {
      for (const { from, to } of ranges) for (const each of this.#deleteIn) each.run(log.id, from, to)
      this.#setDropped.run(toText(dropped), log.id)
    })
    this.#remember({ ...log, dropped })
    this.#changed(log)
  }

  /** Deletes a log and all that is known of it. */
  dropLog(log: CarriedLog): void {
    this.#transaction(() => {
      for (const each of this.#deleteLog) each.run(log.id)
    })
    this.#logs.delete(nameOf(log))
    this.#changed(log)
  }

  /** Segments whose last day has passed, by log. */
  due(day: number): ReadonlyMap<CarriedLog, readonly SeqRange[]> {
    const byId = new Map(this.all().map((log) => [log.id, log]))
    const due = new Map<CarriedLog, SeqRange[]>()
    for (const { log: id, seq } of this.#due.all(day)) {
      const log = byId.get(id) as CarriedLog
      due.set(log, [...(due.get(log) ?? []), { from: seq, to: seq }])
    }
    return due
  }

  useOf(author: DeviceId): CarriedUse {
    const use = this.#uses.get(author) ?? this.#use.get(idBytes(author)) ?? NOTHING
    this.#uses.set(author, use)
    return use
  }

  #transaction(work: () => void): void {
    asStoreErrors(() => this.#db.transaction(work)())
  }

  #changed({ id, author }: CarriedLog): void {
    this.#runs.delete(id)
    this.#uses.delete(author)
  }

  #remember(log: CarriedLog): CarriedLog {
    this.#logs.set(nameOf(log), log)
    return log
  }
}

function nameOf({ author, log, incarnation }: LogKey): string {
  return `${author}/${log}/${incarnation}`
}

function toText(runs: readonly SeqRange[]): string {
  return JSON.stringify(runs.map(({ from, to }) => [from, to]))
}

function toRanges(text: string): readonly SeqRange[] {
  return (JSON.parse(text) as readonly (readonly [number, number])[]).map(([from, to]) => ({ from, to }))
}

function toLog({ id, author, log, incarnation, dropped }: LogRow): CarriedLog {
  return {
    id,
    author: toDeviceId(author) as DeviceId,
    log: toLogId(log) as LogId,
    incarnation: toIncarnation(incarnation) as Incarnation,
    dropped: toRanges(dropped),
  }
}
