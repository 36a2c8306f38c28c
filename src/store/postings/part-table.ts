/** Rows of parts and blocks. Nothing is remembered here; transactions are the caller's. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeRuns, encodeRuns } from '../../wire/index/posting-block.ts'
import { decodeKeys, encodeKeys } from '../../wire/index/posting-keys.ts'
import type { Runs } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'
import { StoreError } from '../store-error.ts'
import type { Family } from './posting-source.ts'

export type PartId = number

/** One family of a part. */
export interface PartKeys {
  /** First key of each block. */
  readonly fences: ArrayLike<number>
  /** Segments that match every key. */
  readonly wild: Runs
}
export interface NewPart {
  readonly id: PartId
  readonly level: number
  /** Not empty. */
  readonly members: Runs
  /** By family. */
  readonly keys: readonly [PartKeys, PartKeys]
}
export interface Part extends NewPart {
  /** The first and the last of its members: the base of its blocks, and their bound. */
  readonly first: SegmentRowId
  readonly last: SegmentRowId
}

interface PartRow {
  readonly id: PartId
  readonly level: number
  readonly first: SegmentRowId
  readonly last: SegmentRowId
  readonly members: Uint8Array
  readonly traceFences: Uint8Array
  readonly traceWild: Uint8Array
  readonly tokenFences: Uint8Array
  readonly tokenWild: Uint8Array
}

const BEING_MADE = 0
const COMPLETE = 1
const DROPPED = 2

const BLOCKS_OF_PART = 2 ** 20
const BLOCKS_OF_FAMILY = 2 ** 19

export class PartTable {
  readonly #sweepBlocks: number
  readonly #complete: Statement<[number], PartRow>
  readonly #begin: Statement<[number]>
  readonly #finish: Statement
  readonly #drop: Statement<[PartId]>
  readonly #dropUnfinished: Statement<[number]>
  readonly #dropAll: Statement<[number]>
  readonly #dropOthers: Statement<[number]>
  readonly #dropped: Statement<[], PartId>
  readonly #deleteBlocks: Statement<[number, number]>
  readonly #deletePart: Statement<[PartId]>
  readonly #insertBlock: Statement<[number, Uint8Array]>
  readonly #block: Statement<[number], Uint8Array>
  readonly #size: Statement<[number, number], { readonly blocks: number; readonly bytes: number }>

  /** @param sweepBlocks deleted at once */
  constructor(db: Database, sweepBlocks: number) {
    this.#sweepBlocks = sweepBlocks
    this.#complete = db.prepare(
      `SELECT id, level, first, last, members, trace_fences AS traceFences, trace_wild AS traceWild,
         token_fences AS tokenFences, token_wild AS tokenWild
       FROM posting_part WHERE generation = ? AND state = ${COMPLETE} ORDER BY first`,
    )
    this.#begin = db.prepare(
      `INSERT INTO posting_part
         (generation, level, state, first, last, members, trace_fences, trace_wild, token_fences, token_wild)
       VALUES (?, 0, ${BEING_MADE}, 0, 0, x'', x'', x'', x'', x'')`,
    )
    this.#finish = db.prepare(
      `UPDATE posting_part SET state = ${COMPLETE}, level = ?, first = ?, last = ?, members = ?, trace_fences = ?,
         trace_wild = ?, token_fences = ?, token_wild = ? WHERE id = ?`,
    )
    this.#drop = db.prepare(`UPDATE posting_part SET state = ${DROPPED} WHERE id = ?`)
    const dropWhere = `UPDATE posting_part SET state = ${DROPPED} WHERE generation`
    this.#dropUnfinished = db.prepare(`${dropWhere} = ? AND state = ${BEING_MADE}`)
    this.#dropAll = db.prepare(`${dropWhere} = ?`)
    this.#dropOthers = db.prepare(`${dropWhere} <> ?`)
    this.#dropped = db.prepare<[], PartId>(`SELECT id FROM posting_part WHERE state = ${DROPPED} LIMIT 1`).pluck()
    this.#deleteBlocks = db.prepare(
      `DELETE FROM posting_block WHERE id IN
         (SELECT id FROM posting_block WHERE id >= ? AND id < ? LIMIT ${sweepBlocks})`,
    )
    this.#deletePart = db.prepare('DELETE FROM posting_part WHERE id = ?')
    this.#insertBlock = db.prepare('INSERT INTO posting_block VALUES (?, ?)')
    this.#block = db.prepare<[number], Uint8Array>('SELECT bytes FROM posting_block WHERE id = ?').pluck()
    this.#size = db.prepare(
      `SELECT count(*) AS blocks, coalesce(sum(length(bytes)), 0) AS bytes FROM posting_block WHERE id >= ? AND id < ?`,
    )
  }

  /** Those that are complete, oldest segments first. @throws {PostingError} */
  complete(generation: number): readonly Part[] {
    return this.#complete.all(generation).map(toPart)
  }

  /** A part that nobody reads yet. */
  begin(generation: number): PartId {
    return Number(this.#begin.run(generation).lastInsertRowid)
  }

  finish({ id, level, members, keys: [traces, tokens] }: NewPart): void {
    const [first, last] = [members[0] as number, members.at(-1) as number]
    this.#finish.run(
      level,
      first,
      last,
      encodeRuns(members, first),
      encodeKeys(traces.fences),
      encodeRuns(traces.wild, first),
      encodeKeys(tokens.fences),
      encodeRuns(tokens.wild, first),
      id,
    )
  }

  /** Nobody reads it any more; {@link sweep} gives its space back. */
  drop(id: PartId): void {
    this.#drop.run(id)
  }

  /** What was being made when the process ended. */
  dropUnfinished(generation: number): void {
    this.#dropUnfinished.run(generation)
  }

  dropAll(generation: number): void {
    this.#dropAll.run(generation)
  }

  dropOthers(generation: number): void {
    this.#dropOthers.run(generation)
  }

  /** Whether a part waits to be swept, of whichever generation. */
  hasDropped(): boolean {
    return this.#dropped.get() !== undefined
  }

  /** Deletes some blocks of a dropped part, at last the part. @returns false if there was none */
  sweep(): boolean {
    const id = this.#dropped.get()
    if (id === undefined) return false
    const { changes } = this.#deleteBlocks.run(id * BLOCKS_OF_PART, (id + 1) * BLOCKS_OF_PART)
    if (changes < this.#sweepBlocks) this.#deletePart.run(id)
    return true
  }

  addBlock(id: number, bytes: Uint8Array): void {
    this.#insertBlock.run(id, bytes)
  }

  /** @throws {StoreError} `STORE_CORRUPT` if it is not there */
  readonly block = (id: number): Uint8Array => {
    const bytes = this.#block.get(id)
    if (bytes === undefined) throw new StoreError('STORE_CORRUPT', 'a block of postings is missing')
    return bytes
  }

  sizeOf(id: PartId): { readonly blocks: number; readonly bytes: number } {
    return this.#size.get(id * BLOCKS_OF_PART, (id + 1) * BLOCKS_OF_PART) as { blocks: number; bytes: number }
  }
}

export function blockId(part: PartId, family: Family, block: number): number {
  return part * BLOCKS_OF_PART + family * BLOCKS_OF_FAMILY + block
}

export function partOfBlock(id: number): PartId {
  return Math.floor(id / BLOCKS_OF_PART)
}

function toPart(row: PartRow): Part {
  const { id, level, first, last } = row
  const keys = (fences: Uint8Array, wild: Uint8Array): PartKeys => ({
    fences: decodeKeys(fences),
    wild: decodeRuns(wild, first, last),
  })
  return {
    id,
    level,
    first,
    last,
    members: decodeRuns(row.members, first, last),
    keys: [keys(row.traceFences, row.traceWild), keys(row.tokenFences, row.tokenWild)],
  }
}
