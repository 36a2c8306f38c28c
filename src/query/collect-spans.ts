/**
 * One trace's spans out of stored chunks, each kept once (docs/spec/query.md QU2-QU4, QU22).
 *
 * Any order of chunks, and any chunk delivered again, gives the same spans. Copies are equal when device, trace id,
 * span id and SHA-256 of the record's bytes are; unequal spans under one span id are all kept and named a conflict.
 */
import { toHex } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import { decodeSpansOf, type DecodedSpan } from '../wire/otlp/decode-traces.ts'
import { compareText, isBetterCopy } from './compare-copies.ts'
import { decodeChunk } from './decode-chunk.ts'
import { ReadBudget } from './read-budget.ts'
import { spanFacts, type SpanFacts } from './span-facts.ts'
import type { Evidence, Provenance, StoredChunk, TraceChunks } from './trace-source.ts'
import type { TraceClocks } from './trace-order.ts'

export interface CollectedSpan {
  readonly span: SpanFacts
  readonly deviceId: DeviceId
  readonly module: string
  readonly evidence: Evidence
  readonly provenance: Provenance
  readonly correctedStart: bigint
  /** Hash of the record; empty where no other record has this span id, since nothing then needs telling apart. */
  readonly contentHash: string
}

export interface CollectedSpans {
  /** In the order of {@link compareSpans}. */
  readonly spans: readonly CollectedSpan[]
  readonly unreadableChunks: number
  readonly omittedSpans: number
}

/** Most spans in one answer: twice the largest trace we aim to draw; beyond it the latest starts are left out, counted. */
export const MAX_TRACE_SPANS = 100_000
/** Most spans read for one span of the answer: some may be copies, and a chunk that starts later may hold an earlier span. */
const READ_PER_SPAN = 2
/** Most bytes opened for one answer: 2.6 KB for each of the most spans, most of which may be spans of other traces. */
export const MAX_TRACE_RAW_BYTES = 256 << 20
/** Most bytes of its own spans kept for one answer: 670 for each of the most spans, 6 KB for each of 10,000. */
export const MAX_TRACE_KEPT_BYTES = 64 << 20
/** Spans hashed between two yields. */
const HASHES_PER_STEP = 256

export interface CollectDeps {
  readonly sha256: Sha256
  readonly clocks: TraceClocks
  readonly maxSpans: number
  readonly attributes: boolean
}

export function* collectSpans(traceId: TraceId, stored: TraceChunks, deps: CollectDeps): Steps<CollectedSpans> {
  const { bySpanId, unreadableChunks, unreadSpans } = yield* readSpans(traceId, stored, deps)
  const distinct: (readonly CollectedSpan[])[] = []
  for (const copies of bySpanId.values()) distinct.push(yield* distinctCopies(copies, deps.sha256))
  const unique = distinct.flat().sort(compareSpans)
  const spans = unique.slice(0, deps.maxSpans)
  return { spans, unreadableChunks, omittedSpans: unreadSpans + unique.length - spans.length }
}

/** By corrected start; ties by device, span id and content, so that the order never depends on delivery. */
export function compareSpans(a: CollectedSpan, b: CollectedSpan): number {
  if (a.correctedStart !== b.correctedStart) return a.correctedStart < b.correctedStart ? -1 : 1
  return (
    compareText(a.deviceId, b.deviceId) ||
    compareText(a.span.spanId, b.span.spanId) ||
    compareText(a.contentHash, b.contentHash)
  )
}

interface ReadSpans {
  readonly bySpanId: ReadonlyMap<SpanId, readonly CollectedSpan[]>
  readonly unreadableChunks: number
  readonly unreadSpans: number
}

function* readSpans(traceId: TraceId, stored: TraceChunks, deps: CollectDeps): Steps<ReadSpans> {
  const bySpanId = new Map<SpanId, CollectedSpan[]>()
  const budget = new ReadBudget(MAX_TRACE_RAW_BYTES)
  let [unreadSpans, readSpanCount, keptBytes, unreadableChunks] = [stored.spans, 0, 0, 0]
  for (const ref of stored.chunks) {
    const isFull = readSpanCount >= deps.maxSpans * READ_PER_SPAN || keptBytes >= MAX_TRACE_KEPT_BYTES
    if (isFull || !budget.take(ref)) break
    unreadSpans -= ref.records
    const chunk = yield* ref.open()
    if (chunk === undefined) continue
    const decoded = decodeChunk(chunk, (payload) => decodeSpansOf(traceId, payload))
    if (decoded === undefined) unreadableChunks++
    for (const span of decoded ?? []) {
      const copies = bySpanId.get(span.spanId)
      const copy = locate(span, chunk, deps)
      if (copies) copies.push(copy)
      else bySpanId.set(span.spanId, [copy])
      readSpanCount++
      keptBytes += span.recordBytes.length
    }
    yield
  }
  return { bySpanId, unreadableChunks, unreadSpans }
}

function locate(span: DecodedSpan, chunk: StoredChunk, { clocks, attributes }: CollectDeps): CollectedSpan {
  return {
    span: spanFacts(span, attributes),
    deviceId: chunk.deviceId,
    module: chunk.module,
    evidence: chunk.provenance,
    provenance: chunk.provenance,
    correctedStart: clocks.corrected(chunk.deviceId, span.startUnixNano),
    contentHash: '',
  }
}

/** Merges equal copies, keeping the best proven one; what is left of several is a conflict. */
function* distinctCopies(copies: readonly CollectedSpan[], sha256: Sha256): Steps<readonly CollectedSpan[]> {
  if (copies.length === 1) return copies
  const distinct = new Map<string, CollectedSpan>()
  for (const [i, unhashed] of copies.entries()) {
    if (i % HASHES_PER_STEP === 0) yield
    const copy = { ...unhashed, contentHash: toHex(sha256(unhashed.span.recordBytes)) }
    const key = `${copy.deviceId} ${copy.contentHash}`
    const known = distinct.get(key)
    if (known === undefined || isBetterCopy(copy, known)) distinct.set(key, copy)
  }
  if (distinct.size === 1) return [...distinct.values()]
  return [...distinct.values()].map((copy) => ({ ...copy, provenance: 'conflict' }))
}
