/**
 * One trace's spans out of stored chunks, each kept once (docs/spec/query.md QU2-QU4).
 *
 * Any order of chunks, and any chunk delivered again, gives the same spans. Copies are equal when device, trace id,
 * span id and SHA-256 of the record's bytes are; unequal spans under one span id are all kept and named a conflict.
 */
import type { Sha256 } from '../base/crypto.ts'
import { toHex } from '../base/bytes.ts'
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import { decodeSpansOf, type DecodedSpan } from '../wire/otlp/decode-traces.ts'
import { compareText, isBetterCopy } from './compare-copies.ts'
import { decodeChunk } from './decode-chunk.ts'
import type { Evidence, Provenance, StoredChunk } from './trace-source.ts'
import type { TraceClocks } from './trace-order.ts'

export interface CollectedSpan {
  readonly span: DecodedSpan
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

export interface CollectDeps {
  readonly sha256: Sha256
  readonly clocks: TraceClocks
  readonly maxSpans: number
}

export function collectSpans(traceId: TraceId, chunks: readonly StoredChunk[], deps: CollectDeps): CollectedSpans {
  const bySpanId = new Map<SpanId, CollectedSpan[]>()
  let unreadableChunks = 0
  for (const chunk of chunks) {
    const decoded = decodeChunk(chunk, (payload) => decodeSpansOf(traceId, payload))
    if (decoded === undefined) unreadableChunks++
    for (const span of decoded ?? []) {
      const copies = bySpanId.get(span.spanId)
      const copy = locate(span, chunk, deps.clocks)
      if (copies) copies.push(copy)
      else bySpanId.set(span.spanId, [copy])
    }
  }
  const unique = [...bySpanId.values()].flatMap((copies) => distinctCopies(copies, deps.sha256)).sort(compareSpans)
  const spans = unique.slice(0, deps.maxSpans)
  return { spans, unreadableChunks, omittedSpans: unique.length - spans.length }
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

function locate(span: DecodedSpan, chunk: StoredChunk, clocks: TraceClocks): CollectedSpan {
  return {
    span,
    deviceId: chunk.deviceId,
    module: chunk.module,
    evidence: chunk.provenance,
    provenance: chunk.provenance,
    correctedStart: clocks.corrected(chunk.deviceId, span.startUnixNano),
    contentHash: '',
  }
}

/** Merges equal copies, keeping the best proven one; what is left of several is a conflict. */
function distinctCopies(copies: readonly CollectedSpan[], sha256: Sha256): readonly CollectedSpan[] {
  if (copies.length === 1) return copies
  const distinct = new Map<string, CollectedSpan>()
  for (const unhashed of copies) {
    const copy = { ...unhashed, contentHash: toHex(sha256(unhashed.span.recordBytes)) }
    const key = `${copy.deviceId} ${copy.contentHash}`
    const known = distinct.get(key)
    if (known === undefined || isBetterCopy(copy, known)) distinct.set(key, copy)
  }
  if (distinct.size === 1) return [...distinct.values()]
  return [...distinct.values()].map((copy) => ({ ...copy, provenance: 'conflict' }))
}
