/**
 * Which pack a body goes into, and giving back the space of those that are gone. One row of segments' own transaction names
 * each body, so what a transaction takes back was never there.
 *
 * Every author has packs of its own: when all that one let us have is deleted, its files go too.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { Steps } from '../../base/steps.ts'
import { idBytes, type DeviceId } from '../../model/ids.ts'
import type { SegmentRowId } from '../segment-table.ts'
import { PACK_HEAD, PackFiles, type PackId, type Place } from './pack-files.ts'

/** A pack is followed by a new one from this many bytes on: small enough to be moved, large enough to be few. */
export const MAX_PACK_BYTES = 64 << 20
/** A pack of which less than this share is in use is emptied into the current one. */
const MIN_LIVE_SHARE = 0.5
/** Bodies moved in one transaction. */
const MOVED_AT_ONCE = 32

interface PackUse {
  readonly id: PackId
  readonly author: Uint8Array
  readonly live: number
}

/** The tables that name files, and bodies in them. */
export interface PackTables {
  readonly packs: string
  readonly bodies: string
}
const OWN_TABLES: PackTables = { packs: 'pack', bodies: 'segment' }

export class Packs {
  readonly #db: Database
  readonly #files: PackFiles
  readonly #lastOf: Statement<[Uint8Array], { id: PackId }>
  readonly #insert: Statement<[Uint8Array]>
  readonly #delete: Statement<[PackId]>
  readonly #all: Statement<[], { id: PackId }>
  readonly #useOf: Statement<[PackId], PackUse>
  readonly #bodiesOf: Statement<[PackId, number], Place & { readonly id: number }>
  readonly #move: Statement<[PackId, number, number]>
  readonly #ends: Statement<[], { id: PackId; end: number }>
  readonly #reachingBeyond: Statement<[PackId, number], { id: SegmentRowId }>

  constructor(db: Database, folder: string, { packs, bodies }: PackTables = OWN_TABLES) {
    this.#db = db
    this.#files = new PackFiles(folder)
    this.#lastOf = db.prepare(`SELECT id FROM ${packs} WHERE author = ? ORDER BY id DESC LIMIT 1`)
    this.#insert = db.prepare(`INSERT INTO ${packs} (author) VALUES (?)`)
    this.#delete = db.prepare(`DELETE FROM ${packs} WHERE id = ?`)
    this.#all = db.prepare(`SELECT id FROM ${packs}`)
    this.#useOf = db.prepare(
      `SELECT id, author, (SELECT coalesce(sum(bytes), 0) FROM ${bodies} AS body WHERE body.pack = file.id AND body.pack > 0) AS live
       FROM ${packs} AS file WHERE id = ?`,
    )
    this.#bodiesOf = db.prepare(
      `SELECT id, pack, at, bytes FROM ${bodies} WHERE pack = ? AND pack > 0 ORDER BY at LIMIT ?`,
    )
    this.#ends = db.prepare(`SELECT pack AS id, max(at + bytes) AS "end" FROM ${bodies} WHERE pack > 0 GROUP BY pack`)
    this.#reachingBeyond = db.prepare(`SELECT id FROM ${bodies} WHERE pack = ? AND pack > 0 AND at + bytes > ?`)
    this.#move = db.prepare(`UPDATE ${bodies} SET pack = ?, at = ? WHERE id = ?`)
  }

  /** Durable on return; the caller's transaction then names the places. */
  append(author: DeviceId, bodies: readonly Uint8Array[]): readonly Place[] {
    return bodies.length === 0 ? [] : this.#files.append(this.#current(idBytes(author)), bodies)
  }

  /** @returns undefined if it is not there, or if the disk cannot give it: one body is lost by that, and nothing else */
  read(place: Place): Uint8Array | undefined {
    try {
      return this.#files.read(place)
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'EIO') return undefined
      throw err
    }
  }

  /** Segments whose bodies are not there for sure: their pack is gone, or ends before them. */
  cutOff(): readonly SegmentRowId[] {
    return this.#ends.all().flatMap(({ id, end }) => {
      const size = this.#files.size(id)
      return size >= end ? [] : this.#reachingBeyond.all(id, size).map((segment) => segment.id)
    })
  }

  /** Bytes of all packs on disk. */
  bytes(): number {
    return this.#all.all().reduce((sum, { id }) => sum + this.#files.size(id), 0)
  }

  /** Deletes the packs that nothing is left of and empties those that little is left of. @returns bytes given back */
  *reclaim(): Steps<number> {
    const before = this.bytes()
    this.#removeStrays()
    for (const { id } of this.#all.all()) {
      yield
      // Asked now: bodies may have come since the step before.
      const use = this.#useOf.get(id)
      if (use === undefined || this.#isWellUsed(use)) continue
      if (use.live > 0) yield* this.#empty(use)
      this.#delete.run(id)
      this.#files.remove(id)
    }
    return Math.max(0, before - this.bytes())
  }

  close(): void {
    this.#files.close()
  }

  #isWellUsed({ id, live }: PackUse): boolean {
    return live > 0 && live >= (this.#files.size(id) - PACK_HEAD.length) * MIN_LIVE_SHARE
  }

  /** Files whose rows are gone: a power cut came before they could follow. */
  #removeStrays(): void {
    const known = new Set(this.#all.all().map(({ id }) => id))
    for (const id of this.#files.ids()) if (!known.has(id)) this.#files.remove(id)
  }

  #current(author: Uint8Array): PackId {
    const last = this.#lastOf.get(author)
    if (last !== undefined && this.#files.size(last.id) < MAX_PACK_BYTES) return last.id
    return Number(this.#insert.run(author).lastInsertRowid)
  }

  *#empty({ id, author }: PackUse): Steps<void> {
    if (this.#current(author) === id) this.#insert.run(author)
    for (;;) {
      const bodies = this.#bodiesOf.all(id, MOVED_AT_ONCE)
      if (bodies.length === 0) return
      this.#db.transaction(() => this.#moveAll(bodies, this.#current(author)))()
      yield
    }
  }

  /** A body that is not there any more keeps its row, which says so when it is read. */
  #moveAll(bodies: readonly (Place & { readonly id: number })[], to: PackId): void {
    const found = bodies.map((place) => this.#files.read(place) ?? new Uint8Array(0))
    for (const [i, place] of this.#files.append(to, found).entries()) {
      this.#move.run(place.pack, place.at, (bodies[i] as { id: number }).id)
    }
  }
}
