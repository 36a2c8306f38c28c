/**
 * What is missing from a stitched trace, and why, as far as this device may say (docs/spec/query.md QU8-QU11).
 *
 * `no-consent` is about members, never about their data: it names no device and no count, and stands there whether or
 * not the silent member took part. A device is named only under its live grant.
 */
import type { SpanId } from '../model/ids.ts'
import type { TraceGap } from './stitched-trace.ts'
import type { LostRecords, MemberKnowledge, MeshKnowledge } from './trace-source.ts'

export interface SeenTrace {
  readonly missingParents: readonly SpanId[]
  /** Latest end of a span, on our clock. */
  readonly correctedEnd: bigint
  readonly lost: readonly LostRecords[]
}

const NANOS_PER_MS = 1_000_000n

export function findGaps(seen: SeenTrace, knowledge: MeshKnowledge): readonly TraceGap[] {
  const others = knowledge.members
    .filter((member) => member.deviceId !== knowledge.self)
    .sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
  const granting = others.filter((member) => member.grantsTraces)
  return [
    ...seen.missingParents.map((id): TraceGap => ({
      reason: 'not-here',
      deviceId: null,
      parentSpanId: id,
      count: null,
    })),
    ...(granting.length < others.length ? [NO_CONSENT] : []),
    ...granting.flatMap((member) => notSynced(member, seen.correctedEnd)),
    ...seen.lost.toSorted(byDevice).map((lost): TraceGap => ({ ...lost, parentSpanId: null, count: null })),
  ]
}

function byDevice(a: LostRecords, b: LostRecords): number {
  return `${a.deviceId} ${a.reason}` < `${b.deviceId} ${b.reason}` ? -1 : 1
}

const NO_CONSENT: TraceGap = { reason: 'no-consent', deviceId: null, parentSpanId: null, count: null }

/** Known to be behind by a number of segments, or not heard from since the trace ended. */
function notSynced(member: MemberKnowledge, correctedEnd: bigint): readonly TraceGap[] {
  const { deviceId, pendingSegments, syncedThroughUnixMs: syncedThrough } = member
  const gap: TraceGap = { reason: 'not-synced', deviceId, parentSpanId: null, count: null }
  if (pendingSegments > 0) return [{ ...gap, count: pendingSegments }]
  if (syncedThrough === undefined) return [gap]
  // A connected member that was once in step pushes what is new at once, so the time of the last comparison says nothing.
  const isBehind = !member.connected && BigInt(Math.floor(syncedThrough)) < correctedEnd / NANOS_PER_MS
  return isBehind ? [gap] : []
}
