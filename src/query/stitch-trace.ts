/**
 * Stitches one trace from the chunks of every device that lets us see theirs (docs/spec/query.md).
 *
 * The same chunks in any order, some of them twice, give the same answer. What is missing is said, never guessed.
 */
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import type { DeviceId, TraceId } from '../model/ids.ts'
import { collectSpans, MAX_TRACE_SPANS, type CollectedSpan } from './collect-spans.ts'
import { deviceName } from './device-name.ts'
import { findGaps } from './find-gaps.ts'
import { spanKindWord, spanStatusWord } from './otel-words.ts'
import { buildSpanTree, type TreeRow } from './span-tree.ts'
import type { StitchedSpan, StitchedTrace, TraceDevice, TraceGap } from './stitched-trace.ts'
import { traceClocks, type TraceClocks } from './trace-order.ts'
import type { MeshKnowledge, TraceSource } from './trace-source.ts'

export interface StitchDeps {
  readonly source: Pick<TraceSource, 'chunksOf'>
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
}

export interface StitchOptions {
  /** Carry every span's attributes too. Default false: they can be most of a trace's size. */
  readonly attributes?: boolean
  /** Most spans in the answer. Default {@link MAX_TRACE_SPANS}. */
  readonly maxSpans?: number
}

/** Spans described between two yields. */
const ROWS_PER_STEP = 512

/** @returns the trace, or `undefined` if no span of it is here. */
export function* stitchTrace(
  traceId: TraceId,
  deps: StitchDeps,
  options: StitchOptions = {},
): Steps<StitchedTrace | undefined> {
  const { source, knowledge, sha256 } = deps
  const { attributes = false, maxSpans = MAX_TRACE_SPANS } = options
  const clocks = traceClocks(knowledge)
  const collected = yield* collectSpans(traceId, source.chunksOf(traceId), { sha256, clocks, maxSpans, attributes })
  const { spans, unreadableChunks, omittedSpans } = collected
  if (spans.length === 0) return undefined
  yield
  const tree = buildSpanTree(spans)
  yield
  const gaps = findGaps({ missingParents: tree.missingParents, correctedEnd: latestEnd(spans, clocks) }, knowledge)
  return {
    traceId,
    complete: gaps.length === 0 && unreadableChunks === 0 && omittedSpans === 0,
    devices: describeDevices(tree.rows, knowledge, clocks),
    spans: yield* describeSpans(tree.rows, clocks),
    gaps,
    gapDevices: nameGapDevices(gaps, knowledge),
    unreadableChunks,
    omittedSpans,
  }
}

function latestEnd(spans: readonly CollectedSpan[], clocks: TraceClocks): bigint {
  let latest = 0n
  for (const { deviceId, span } of spans) {
    const end = clocks.corrected(deviceId, span.endUnixNano)
    if (end > latest) latest = end
  }
  return latest
}

function describeDevices(
  rows: readonly TreeRow[],
  knowledge: MeshKnowledge,
  clocks: TraceClocks,
): readonly TraceDevice[] {
  const counts = new Map<DeviceId, { spans: number; verified: number }>()
  for (const { node } of rows) {
    const count = counts.get(node.deviceId) ?? { spans: 0, verified: 0 }
    count.spans++
    if (node.provenance === 'verified') count.verified++
    counts.set(node.deviceId, count)
  }
  return [...counts].map(([deviceId, count]) => ({
    deviceId,
    name: deviceName(deviceId, knowledge),
    self: deviceId === knowledge.self,
    ...count,
    clock: clocks.of(deviceId),
  }))
}

function* describeSpans(rows: readonly TreeRow[], clocks: TraceClocks): Steps<readonly StitchedSpan[]> {
  const spans: StitchedSpan[] = []
  for (const row of rows) {
    if (spans.length % ROWS_PER_STEP === 0) yield
    spans.push(describeSpan(row, clocks))
  }
  return spans
}

function describeSpan(row: TreeRow, clocks: TraceClocks): StitchedSpan {
  const { node, parent } = row
  const { span } = node
  const duration = span.endUnixNano - span.startUnixNano
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    deviceId: node.deviceId,
    module: node.module,
    name: span.name,
    kind: spanKindWord(span.kind),
    startUnixNano: span.startUnixNano.toString(),
    endUnixNano: span.endUnixNano.toString(),
    status: spanStatusWord(span.status.code),
    provenance: node.provenance,
    evidence: node.evidence,
    statusMessage: span.status.message,
    durationNano: (duration > 0n ? duration : 0n).toString(),
    correctedStartUnixNano: node.correctedStart.toString(),
    depth: row.depth,
    orderUncertain: parent !== undefined && clocks.isOrderUncertain(parent, node),
    loop: row.loop,
    events: span.events,
    links: span.links,
    ...(span.attributes === undefined ? {} : { attributes: span.attributes }),
  }
}

function nameGapDevices(gaps: readonly TraceGap[], knowledge: MeshKnowledge): Readonly<Record<string, string>> {
  const named = gaps.flatMap(({ deviceId }) => (deviceId === null ? [] : [deviceId]))
  return Object.fromEntries(named.map((deviceId) => [deviceId, deviceName(deviceId, knowledge)]))
}
