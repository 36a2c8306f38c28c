/**
 * Makes one part of several, or of the tail's oldest segments, in steps. Each step is a transaction of whoever takes it; the new
 * part is read by nobody, and the old ones by everybody, until the last step changes both at once. Left half done, what was
 * written is a part that is never complete. Postings of segments that are gone are left out.
 */
import type { Steps } from '../../base/steps.ts'
import { BlockWriter } from '../../wire/index/posting-block.ts'
import { addRun, countOf, intersect, type Runs } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'
import { blockId, type PartId, type PartKeys, type PartTable } from './part-table.ts'
import type { PostingSizes } from './posting-sizes.ts'
import { TOKENS, TRACES, type Family } from './posting-source.ts'

/** Postings in the order of keys, read once. */
export interface KeyRuns {
  /** The current one, after the first {@link next}. */
  readonly key: number
  /** Its only segment; -1 if it may have several. */
  readonly only: number
  /** Its segments, if it may have several; overwritten by the next. */
  readonly runs: Runs
  /** To the next key; false at the end. */
  next(): boolean
}

/** What becomes a part: other parts, or segments of the tail. */
export interface MergeInput {
  readonly members: Runs
  /** Segments that match every key of a family. */
  wild(family: Family): Runs
  keys(family: Family): KeyRuns
  /** It is in the new part now. */
  drop(): void
}

export interface MergeDeps {
  readonly parts: PartTable
  readonly sizes: Pick<PostingSizes, 'blockBytes' | 'stepKeys' | 'stepSegments'>
  readonly generation: number
  /** The first segment at or above a row id that is still there. */
  readonly nextLive: (from: SegmentRowId) => SegmentRowId | undefined
}

/** What it costs to write a block, in keys. */
const KEYS_OF_BLOCK = 512

export function* merge(deps: MergeDeps, input: MergeInput, level: number): Steps<void> {
  const live = yield* liveAmong(deps, input.members)
  const isWhole = countOf(live) === countOf(input.members)
  if (live.length > 0) yield* writePart(deps, input, level, { live, isWhole })
  input.drop()
}

/** Those of a set that are still there. */
export function* liveAmong({ nextLive, sizes }: MergeDeps, members: Runs): Steps<Runs> {
  const live: number[] = []
  let asked = 0
  for (let i = 0; i < members.length; i += 2) {
    const to = members[i + 1] as number
    let segment = nextLive(members[i] as number)
    while (segment !== undefined && segment <= to) {
      addRun(live, segment, segment)
      if (++asked % sizes.stepSegments === 0) yield
      segment = nextLive(segment + 1)
    }
  }
  return live
}

interface Kept {
  /** Not empty. */
  readonly live: Runs
  /** Nothing of the input is gone. */
  readonly isWhole: boolean
}

function* writePart(deps: MergeDeps, input: MergeInput, level: number, kept: Kept): Steps<void> {
  const id = deps.parts.begin(deps.generation)
  const traces = yield* writeKeys(deps, input, id, TRACES, kept)
  const tokens = yield* writeKeys(deps, input, id, TOKENS, kept)
  deps.parts.finish({ id, level, members: kept.live, keys: [traces, tokens] })
}

function* writeKeys(
  { parts, sizes }: MergeDeps,
  input: MergeInput,
  part: PartId,
  family: Family,
  { live, isWhole }: Kept,
): Steps<PartKeys> {
  const keys = input.keys(family)
  const writer = new BlockWriter(live[0] as number)
  const fences: number[] = []
  let work = 0
  while (keys.next()) {
    const isFirst = writer.keys === 0
    const isAdded = isWhole ? addKey(writer, keys) : addLive(writer, keys, live)
    if (isFirst && isAdded) fences.push(keys.key)
    work += 1 + (keys.runs.length >> 1)
    if (writer.length >= sizes.blockBytes) {
      parts.addBlock(blockId(part, family, fences.length - 1), writer.finish())
      work += KEYS_OF_BLOCK
    }
    if (work < sizes.stepKeys) continue
    work = 0
    yield
  }
  if (writer.keys > 0) parts.addBlock(blockId(part, family, fences.length - 1), writer.finish())
  return { fences, wild: intersect(input.wild(family), live) }
}

function addKey(writer: BlockWriter, { key, only, runs }: KeyRuns): true {
  if (only >= 0) writer.addOne(key, only)
  else writer.add(key, runs)
  return true
}

/** @returns false if all segments of the key are gone */
function addLive(writer: BlockWriter, { key, only, runs }: KeyRuns, live: Runs): boolean {
  const kept = intersect(only >= 0 ? [only, only] : runs, live)
  if (kept.length > 0) writer.add(key, kept)
  return kept.length > 0
}
