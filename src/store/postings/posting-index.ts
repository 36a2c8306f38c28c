/**
 * Postings: which segments a key occurs in, for trace ids and for tokens. Rules: docs/spec/index.md, IX10 to IX29.
 *
 * What ingest adds is one row in the tail. Steps in between make parts of it, and larger parts of parts, so that a key is looked
 * for in a few dozen places however many segments there are, and no row is ever written at a random place. Derived: everything
 * here can be made again from segments, in another generation beside this one.
 */
import type { Database } from 'better-sqlite3'
import { codeOf } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import { BlockReader } from '../../wire/index/posting-block.ts'
import { MAX_SEGMENT, type PostingErrorCode } from '../../wire/index/posting-bytes.ts'
import type { NewSegmentKeys } from '../../wire/index/posting-keys.ts'
import { countOf, unite, type Runs } from '../../wire/index/runs.ts'
import type { SummariesErrorCode } from '../../wire/index/summary-bytes.ts'
import type { SegmentRowId } from '../segment-table.ts'
import { asStoreErrors } from '../store-error.ts'
import { BlockCache } from './block-cache.ts'
import { KeyMerge, PartKeyList } from './key-merge.ts'
import { KeySort } from './key-sort.ts'
import { liveAmong, merge, type MergeDeps, type MergeInput } from './merge.ts'
import { PartFilters } from './part-filters.ts'
import { PartSource } from './part-source.ts'
import { blockId, partOfBlock, PartTable, type Part, type PartId } from './part-table.ts'
import { PostingReader } from './posting-reader.ts'
import { POSTING_SIZES, type PostingSizes } from './posting-sizes.ts'
import { TOKENS, TRACES, type Family, type PostingSource } from './posting-source.ts'
import type { TailSegment } from './tail-segment.ts'
import { TailSource } from './tail-source.ts'
import { TailTable } from './tail-table.ts'

export interface PostingDeps {
  /** The first segment at or above a row id that is still there. */
  readonly nextLive: (from: SegmentRowId) => SegmentRowId | undefined
  /** Something in the index cannot be read. */
  readonly onDamage?: (err: unknown) => void
}
export interface PostingOptions {
  /** Which index: another one can be built beside it. Default 0, below {@link MAX_GENERATIONS}. */
  readonly generation?: number
  /** Memory for blocks that were read. Default {@link DEFAULT_CACHE_BYTES}. */
  readonly cacheBytes?: number
  /** Default {@link POSTING_SIZES}; tests have smaller ones. */
  readonly sizes?: PostingSizes
}
export interface PostingStats {
  readonly tailSegments: number
  readonly tailBytes: number
  readonly parts: number
  readonly blocks: number
  readonly blockBytes: number
  readonly cachedBytes: number
  readonly filterBytes: number
}

/** A fifth of the index of 10 million spans: what is asked again and again. */
export const DEFAULT_CACHE_BYTES = 4 * 2 ** 20
/** So that ids of tail rows are exact in a double. */
export const MAX_GENERATIONS = 2 ** 53 / MAX_SEGMENT
/** What reading the index ends with that must be made again. */
const DAMAGE: ReadonlySet<string> = new Set([
  'STORE_CORRUPT',
  ...(['POSTING_MALFORMED', 'POSTING_VERSION'] satisfies readonly PostingErrorCode[]),
  ...(['INDEX_BAD_SUMMARIES'] satisfies readonly SummariesErrorCode[]),
])
const NO_PARTS: ReadonlySet<PartId> = new Set()

export class PostingIndex {
  readonly traces: PostingReader
  readonly tokens: PostingReader
  readonly #db: Database
  #deps: MergeDeps
  readonly #sizes: PostingSizes
  readonly #parts: PartTable
  #tail: TailTable
  readonly #cache: BlockCache
  readonly #filters = new PartFilters()
  readonly #onDamage: (err: unknown) => void
  /** What is stored, as far as it was read; changed by transactions of this class alone, and forgotten with each of them. */
  #knownParts: readonly PartSource[] | undefined
  #knownTail: { readonly of: readonly TailSegment[]; readonly source: TailSource } | undefined
  /** What {@link mergeStep} is about. */
  #work: Steps<void> | undefined
  #mayBeUnfinished = true
  #mayBeDropped = true
  #toExamine: PartId[] = []

  constructor(db: Database, { nextLive, onDamage }: PostingDeps, options: PostingOptions = {}) {
    const { generation = 0, cacheBytes = DEFAULT_CACHE_BYTES, sizes = POSTING_SIZES } = options
    if (!(generation >= 0 && generation < MAX_GENERATIONS)) throw new RangeError('no such generation of postings')
    this.#db = db
    this.#onDamage = onDamage ?? (() => undefined)
    this.#sizes = sizes
    this.#parts = new PartTable(db, sizes.stepBlocks)
    this.#tail = new TailTable(db, generation, sizes)
    this.#cache = new BlockCache(cacheBytes)
    this.#deps = { parts: this.#parts, sizes, generation, nextLive }
    const watched = <T>(read: () => T): T => this.watched(read)
    this.traces = new PostingReader(TRACES, () => this.#sources(), watched)
    this.tokens = new PostingReader(TOKENS, () => this.#sources(), watched)
  }

  get generation(): number {
    return this.#deps.generation
  }

  /** Answers from another generation from now on. Never within a transaction. */
  become(generation: number): void {
    this.#deps = { ...this.#deps, generation }
    this.#tail = new TailTable(this.#db, generation, this.#sizes)
    this.#forgetAll()
  }

  /** Reads what is derived: what turns out to be damaged is told, for it can be made again. @throws what the reading throws */
  watched<T>(read: () => T): T {
    try {
      return read()
    } catch (err) {
      if (DAMAGE.has(codeOf(err))) this.#onDamage(err)
      throw err
    }
  }

  /**
   * Part of the caller's transaction. Segments come in ascending order. One with more than MAX_KEYS_OF_SEGMENT of a kind matches
   * every key of it. @throws {RangeError} for a segment or keys out of order: a mistake of the caller, that would spoil the index
   */
  add(segment: SegmentRowId, keys: NewSegmentKeys): void {
    const last = this.#partSources().at(-1)?.part.last ?? -1
    if (!(segment > last && segment < MAX_SEGMENT)) throw new RangeError('segments are indexed in ascending order')
    this.#tail.add(segment, keys)
  }

  /** The newest segment that was added and is not known to be gone; 0 without any. */
  lastSegment(): SegmentRowId {
    return Math.max(this.#partSources().at(-1)?.part.last ?? 0, this.#tail.lastSegment())
  }

  /**
   * A few milliseconds of upkeep, in a transaction of its own: never call it within one. @returns false once there is nothing
   * left to do, which costs nothing to find out. @throws {StoreError}; what it was about begins again then
   */
  mergeStep(): boolean {
    return this.#alone(() => {
      const work = (this.#work ??= this.#nextWork())
      if (work === undefined) return false
      if (!this.#db.transaction(() => work.next().done === true)()) return true
      this.#work = undefined
      this.#forgetParts()
      return true
    })
  }

  /** Segments were deleted: the next steps drop parts of which nothing is left, and rewrite those that lost half. */
  prune(): void {
    this.#toExamine = this.#partSources().map(({ part }) => part.id)
  }

  /** Forgets every segment. The next steps give the space back. Never within a transaction. @throws {StoreError} */
  clear(): void {
    this.#change(() => {
      this.#parts.dropAll(this.generation)
      this.#tail.deleteAll()
    })
  }

  /**
   * Forgets what is of other generations, in the caller's transaction. Their space comes back in steps of whichever index
   * is told to {@link become} this one.
   */
  dropOthers(): void {
    this.#parts.dropOthers(this.generation)
    this.#tail.deleteOthers()
  }

  stats(): PostingStats {
    const parts = this.#partSources()
    const sizes = parts.map(({ part }) => this.#parts.sizeOf(part.id))
    const tail = this.#tail.size()
    return {
      tailSegments: tail.segments,
      tailBytes: tail.bytes,
      parts: parts.length,
      blocks: sizes.reduce((sum, { blocks }) => sum + blocks, 0),
      blockBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      cachedBytes: this.#cache.bytes,
      filterBytes: this.#filters.bytes,
    }
  }

  /** The oldest segments first. */
  #sources(): readonly PostingSource[] {
    const parts = this.#partSources()
    const tail = this.#tail.all()
    if (tail.length === 0) return parts
    if (this.#knownTail?.of !== tail) this.#knownTail = { of: tail, source: new TailSource(tail) }
    return [...parts, this.#knownTail.source]
  }

  #partSources(): readonly PartSource[] {
    if (this.#knownParts !== undefined) return this.#knownParts
    const read = (id: number): Uint8Array => this.#cache.get(id, this.#parts.block)
    const parts = this.#parts.complete(this.generation)
    const ids = new Set(parts.map(({ id }) => id))
    this.#cache.keep((block) => ids.has(partOfBlock(block)))
    this.#filters.keep(ids)
    this.#knownParts = parts.map((part) => new PartSource(part, read, this.#filters.get(part.id)))
    return this.#knownParts
  }

  #nextWork(): Steps<void> | undefined {
    if (this.#mayBeUnfinished) return this.#dropUnfinished()
    if (this.#mayBeDropped && this.#parts.hasDropped()) return this.#sweep()
    this.#mayBeDropped = false
    const level = this.#fullLevel()
    if (level !== undefined) return this.#mergeLevel(level)
    if (this.#tail.isFull()) return this.#mergeTail()
    const id = this.#toExamine.pop()
    if (id !== undefined) return this.#examine(id)
    const bare = this.#partSources().findLast(({ part }) => this.#filters.hasRoomFor(part))
    return bare && this.#filter(bare.part)
  }

  // oxlint-disable-next-line require-yield -- one step is all it takes
  *#dropUnfinished(): Steps<void> {
    this.#parts.dropUnfinished(this.generation)
    this.#mayBeUnfinished = false
  }

  *#sweep(): Steps<void> {
    while (this.#parts.sweep()) yield
  }

  *#mergeTail(): Steps<void> {
    yield* merge(this.#deps, this.#tailInput([...this.#tail.batch()]), 1)
  }

  *#mergeLevel(level: number): Steps<void> {
    const parts = this.#partSources().filter(({ part }) => part.level === level)
    yield* merge(this.#deps, this.#partsInput(parts.slice(0, this.#sizes.partsOfLevel)), level + 1)
  }

  *#examine(id: PartId): Steps<void> {
    const source = this.#partSources().find(({ part }) => part.id === id)
    if (source === undefined) return
    const live = yield* liveAmong(this.#deps, source.members)
    if (2 * countOf(live) <= countOf(source.members))
      yield* merge(this.#deps, this.#partsInput([source]), source.part.level)
  }

  /** Nothing is written: after a start, and after every merge, the part is read once. */
  *#filter(part: Part): Steps<void> {
    const filter = this.#filters.make(part)
    const list = this.#keyList(part, TRACES)
    for (let keys = 1; list.next(); keys++) {
      filter.add(list.key)
      if (keys % this.#sizes.stepKeys === 0) yield
    }
    this.#filters.add(part.id, filter)
  }

  /** The lowest with enough parts for one of the next. */
  #fullLevel(): number | undefined {
    const { maxLevel, partsOfLevel } = this.#sizes
    const counts = new Map<number, number>()
    for (const { part } of this.#partSources()) counts.set(part.level, (counts.get(part.level) ?? 0) + 1)
    for (let level = 1; level < maxLevel; level++) if ((counts.get(level) ?? 0) >= partsOfLevel) return level
    return undefined
  }

  #tailInput(segments: readonly TailSegment[]): MergeInput {
    const setOf = (some: readonly TailSegment[]): Runs => new TailSource(some).members
    let tokens: KeySort | undefined
    return {
      members: setOf(segments),
      wild: (family) => setOf(segments.filter((one) => one.matchesAll(family))),
      keys: (family) => {
        const sort = new KeySort(segments.map((one) => one.listOf(family)))
        if (family === TOKENS) tokens = sort
        return sort
      },
      drop: () => {
        for (const { segment } of segments) this.#tail.delete(segment)
        if (tokens !== undefined) this.#tail.share(tokens.frequent)
      },
    }
  }

  #partsInput(sources: readonly PartSource[]): MergeInput {
    const parts = sources.map(({ part }) => part)
    const united = (sets: readonly Runs[]): Runs => sets.reduce(unite, [])
    return {
      members: united(parts.map(({ members }) => members)),
      wild: (family) => united(parts.map(({ keys }) => keys[family].wild)),
      keys: (family) => new KeyMerge(parts.map((part) => this.#keyList(part, family))),
      drop: () => {
        for (const { id } of parts) this.#parts.drop(id)
      },
    }
  }

  #keyList({ id, first, last, keys }: Part, family: Family): PartKeyList {
    const open = (block: number): BlockReader =>
      new BlockReader(this.#parts.block(blockId(id, family, block)), first, last)
    return new PartKeyList(keys[family].fences.length, open)
  }

  /** A transaction that ends whatever work is under way. */
  #change(work: () => void): void {
    this.#alone(() => this.#db.transaction(work)())
    this.#forgetAll()
  }

  /** What fails leaves nothing behind in memory that was true only within its transaction. */
  #alone<T>(work: () => T): T {
    if (this.#db.inTransaction) throw new TypeError('upkeep of postings within a transaction')
    try {
      return this.watched(() => asStoreErrors(work))
    } catch (err) {
      this.#forgetAll()
      throw err
    }
  }

  #forgetAll(): void {
    this.#work = undefined
    this.#toExamine = []
    this.#mayBeUnfinished = true
    this.#filters.keep(NO_PARTS)
    this.#forgetParts()
  }

  #forgetParts(): void {
    this.#knownParts = undefined
    this.#knownTail = undefined
    this.#mayBeDropped = true
    this.#tail.forget()
  }
}
