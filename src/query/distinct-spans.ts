/**
 * Copies of one record become one span, and what is left of several under one span id is a conflict (docs/spec/query.md
 * QU2, QU3). Only where span ids meet is anything hashed. Linear, whatever ids say.
 */
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import { isBetterCopy } from './compare-copies.ts'
import type { ReadSpans } from './read-spans.ts'
import { indices, sortByWords } from './sort-words.ts'
import type { KeptChunk } from './span-table.ts'

export interface DistinctSpans {
  /** Those kept, by span id, then device, then content. */
  readonly items: Uint32Array
  /** By item: others are left under its span id. */
  readonly isConflict: Uint32Array
}

/** Spans hashed between two yields. */
const HASHES_PER_STEP = 256
const HASH_WORDS = 8

/** @param device number of each span's device */
export function* distinctSpans(read: ReadSpans, device: Uint32Array, sha256: Sha256): Steps<DistinctSpans> {
  const { spanHigh, spanLow } = read.columns
  const byId = yield* sortByWords(indices(read.count), spanHigh, spanLow)
  const isShared = sharedIds(byId, read)
  const shared = byId.filter((item) => isShared[item] === 1)
  const isConflict = new Uint32Array(read.count)
  yield
  if (shared.length === 0) return { items: byId, isConflict }
  const content = yield* hashRecords(shared, read, sha256)
  const sorted = yield* sortByWords(shared, spanHigh, spanLow, device, ...content)
  const isSameCopy = (a: number, b: number): boolean =>
    device[a] === device[b] && hasSameId(a, b, read) && content.every((word) => word[a] === word[b])
  const kept = bestCopies(sorted, isSameCopy, read)
  yield
  markConflicts(kept, read, isConflict)
  return { items: yield* sortByWords(joined(byId, isShared, kept), spanHigh, spanLow), isConflict }
}

/** By item: another span has its id. */
function sharedIds(byId: Uint32Array, read: ReadSpans): Uint8Array {
  const isShared = new Uint8Array(read.count)
  for (let i = 1; i < byId.length; i++) {
    const [a, b] = [byId[i - 1] as number, byId[i] as number]
    if (hasSameId(a, b, read)) isShared[a] = isShared[b] = 1
  }
  return isShared
}

function hasSameId(a: number, b: number, { columns: { spanHigh, spanLow } }: ReadSpans): boolean {
  return spanLow[a] === spanLow[b] && spanHigh[a] === spanHigh[b]
}

/** SHA-256 of the items' records, in words by item. */
function* hashRecords(items: Uint32Array, read: ReadSpans, sha256: Sha256): Steps<readonly Uint32Array[]> {
  const { chunk, recordStart, recordEnd } = read.columns
  const words = Array.from({ length: HASH_WORDS }, () => new Uint32Array(read.count))
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as number
    if (i % HASHES_PER_STEP === 0) yield
    const { records } = read.chunks[chunk[item] as number] as KeptChunk
    const hash = sha256(records.subarray(recordStart[item], recordEnd[item]))
    const view = new DataView(hash.buffer, hash.byteOffset)
    for (const [w, word] of words.entries()) word[item] = view.getUint32(w * 4)
  }
  return words
}

/** One of each run of equal copies. */
function bestCopies(sorted: Uint32Array, isSameCopy: (a: number, b: number) => boolean, read: ReadSpans): Uint32Array {
  const chunkOf = (item: number): KeptChunk => read.chunks[read.columns.chunk[item] as number] as KeptChunk
  const kept = new Uint32Array(sorted.length)
  let count = 0
  for (let i = 0; i < sorted.length; i++) {
    const item = sorted[i] as number
    const known = kept[count - 1]
    if (known === undefined || !isSameCopy(item, known)) kept[count++] = item
    else if (isBetterCopy(chunkOf(item), chunkOf(known))) kept[count - 1] = item
  }
  return kept.subarray(0, count)
}

function markConflicts(kept: Uint32Array, read: ReadSpans, isConflict: Uint32Array): void {
  for (let i = 1; i < kept.length; i++) {
    const [a, b] = [kept[i - 1] as number, kept[i] as number]
    if (hasSameId(a, b, read)) isConflict[a] = isConflict[b] = 1
  }
}

/** Those whose id nobody shares, and the kept ones of the others. */
function joined(byId: Uint32Array, isShared: Uint8Array, kept: Uint32Array): Uint32Array {
  const alone = byId.filter((item) => isShared[item] === 0)
  const items = new Uint32Array(alone.length + kept.length)
  items.set(alone)
  items.set(kept, alone.length)
  return items
}
