/**
 * Stitches one trace from the chunks of every device that lets us see theirs (docs/spec/query.md).
 *
 * The same chunks in any order, some of them twice, give the same answer. What is missing is said, never guessed.
 */
import { utf8 } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import type { DeviceId, TraceId } from '../model/ids.ts'
import { collectSpans, type CollectedSpans } from './collect-spans.ts'
import { nanosBetween } from './corrected-times.ts'
import { criticalPath } from './critical-path.ts'
import { deviceName } from './device-name.ts'
import { findGaps } from './find-gaps.ts'
import { QueryError } from './find-trace.ts'
import { findLinks, linkingChunks, type LinkSource } from './find-links.ts'
import type { InvestigationMarks } from './investigation/describe-investigation.ts'
import { JsonBytes } from './json-bytes.ts'
import { writeFields } from './json-in-steps.ts'
import { latestEnd } from './latest-end.ts'
import { placeSpans } from './place-spans.ts'
import { MAX_TRACE_SPANS } from './read-spans.ts'
import { selfTimes } from './self-times.ts'
import { buildSpanTree } from './span-tree.ts'
import type { StitchedTrace, TraceGap } from './stitched-trace.ts'
import { traceClocks, traceTimeOf, type TraceClocks } from './trace-order.ts'
import type { MeshKnowledge, TraceChunks, TraceSource } from './trace-source.ts'
import { describeTotals } from './trace-totals.ts'
import { writeSpans, type SpanFindings } from './write-spans.ts'

export interface StitchDeps {
  readonly source: Pick<TraceSource, 'chunksOf'>
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
}

export interface StitchOptions {
  /** Carry every span's attributes too. Default false: they can be most of a trace's size. */
  readonly attributes?: boolean
  /** Say also who links to the trace, as far as this source knows. */
  readonly links?: LinkSource | undefined
  /** What is written about the trace, if anything is. */
  readonly investigation?: InvestigationMarks | undefined
  /** Most spans in the answer. Default {@link MAX_TRACE_SPANS}. */
  readonly maxSpans?: number
}

/**
 * @returns a {@link StitchedTrace} as JSON, in parts, or `undefined` if no span of it is here.
 * @throws {QueryError} `TRACE_UNREADABLE` if nothing that is stored of it can be read
 */
export function* stitchTrace(
  traceId: TraceId,
  deps: StitchDeps,
  options: StitchOptions = {},
): Steps<readonly Uint8Array[] | undefined> {
  const { source, knowledge, sha256 } = deps
  const { attributes = false, links, investigation, maxSpans = MAX_TRACE_SPANS } = options
  const linking = links && linkingChunks(traceId, links)
  const stored = yield* source.chunksOf(traceId)
  const clocks = traceClocks(knowledge, traceTimeOf(stored, knowledge))
  const spans = yield* collectSpans(traceId, stored, { sha256, clocks, maxSpans })
  if (spans.count === 0) return noSpans(spans)
  const findings = yield* findOut(spans, clocks)
  const json = new JsonBytes().raw(utf8('{"spans":['))
  const partlyUnreadable = yield* writeSpans(json, findings, attributes)
  json.raw(utf8('],'))
  const linkedFrom = linking === undefined ? {} : yield* findLinks(traceId, linking, knowledge)
  const about = yield* describe(traceId, findings, partlyUnreadable, { knowledge, clocks, lost: stored.lost })
  yield* writeFields(json, { ...about, ...linkedFrom, ...(investigation && { investigation }) })
  return json.raw(utf8('}')).parts()
}

function noSpans({ unreadableChunks }: CollectedSpans): undefined {
  if (unreadableChunks === 0) return undefined
  throw new QueryError('TRACE_UNREADABLE', 'nothing that is stored of this trace can be read: see aico-mesh status', {
    details: { unreadableChunks },
  })
}

function* findOut(spans: CollectedSpans, clocks: TraceClocks): Steps<SpanFindings> {
  const tree = yield* buildSpanTree(spans)
  const errors = spans.devices.map((a) => spans.devices.map((b) => clocks.errorNanos(a, b)))
  const errorNanos = (a: number, b: number): number => (errors[a] as readonly number[])[b] as number
  const placed = yield* placeSpans(spans, tree, errorNanos)
  return {
    spans,
    tree,
    selfNanos: yield* selfTimes(tree, placed),
    path: yield* criticalPath(tree, placed),
    isOrderUncertain(span, parent) {
      const error = errorNanos(spans.device[span] as number, spans.device[parent] as number)
      return Math.abs(nanosBetween(spans.corrected, span, parent)) < error
    },
  }
}

interface Knowledge {
  readonly knowledge: MeshKnowledge
  readonly clocks: TraceClocks
  readonly lost: TraceChunks['lost']
}

function* describe(
  traceId: TraceId,
  findings: SpanFindings,
  partlyUnreadable: number,
  { knowledge, clocks, lost }: Knowledge,
): Steps<Omit<StitchedTrace, 'spans'>> {
  const { spans, tree } = findings
  const seen = { missingParents: tree.missingParents, correctedEnd: latestEnd(spans, clocks), lost }
  const gaps = findGaps(seen, knowledge)
  const unreadableChunks = spans.unreadableChunks + partlyUnreadable
  const { omittedSpans } = spans
  const { devices, modules } = yield* describeTotals(findings, knowledge, clocks)
  return {
    traceId,
    complete: gaps.length === 0 && unreadableChunks === 0 && omittedSpans === 0,
    devices,
    modules,
    gaps,
    gapDevices: nameGapDevices(gaps, knowledge),
    unreadableChunks,
    omittedSpans,
  }
}

function nameGapDevices(gaps: readonly TraceGap[], knowledge: MeshKnowledge): Readonly<Record<string, string>> {
  const named = new Set<DeviceId>()
  for (const { deviceId } of gaps) if (deviceId !== null) named.add(deviceId)
  return Object.fromEntries([...named].map((deviceId) => [deviceId, deviceName(deviceId, knowledge)]))
}
