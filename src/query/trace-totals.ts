/** What each device and each module has of a trace: spans, and how much of the time (docs/spec/query.md QU1, CP5). */
import type { Steps } from '../base/steps.ts'
import { deviceName } from './device-name.ts'
import { SPANS_PER_STEP, type KeptChunk } from './span-table.ts'
import type { TraceDevice, TraceModule } from './stitched-trace.ts'
import type { TraceClocks } from './trace-order.ts'
import type { MeshKnowledge } from './trace-source.ts'
import type { SpanFindings } from './write-spans.ts'

interface Totals {
  spans: number
  verified: number
  selfNanos: number
  criticalNanos: number
}

/** Both in order of appearance. */
export function* describeTotals(
  findings: SpanFindings,
  knowledge: MeshKnowledge,
  clocks: TraceClocks,
): Steps<{ readonly devices: readonly TraceDevice[]; readonly modules: readonly TraceModule[] }> {
  const totals = yield* totalsByChunk(findings)
  const byDevice = sumBy(totals, ({ deviceId }) => deviceId)
  const byModule = sumBy(totals, ({ deviceId, module }) => `${deviceId} ${module}`)
  return {
    devices: byDevice.map(([{ deviceId }, of]) => ({
      deviceId,
      name: deviceName(deviceId, knowledge),
      self: deviceId === knowledge.self,
      spans: of.spans,
      verified: of.verified,
      clock: clocks.of(deviceId),
      ...toText(of),
    })),
    modules: byModule.map(([{ deviceId, module }, of]) => ({ deviceId, module, spans: of.spans, ...toText(of) })),
  }
}

/** In order of appearance. */
function* totalsByChunk(findings: SpanFindings): Steps<readonly (readonly [KeptChunk, Totals])[]> {
  const { spans, tree, selfNanos, path } = findings
  const { chunks, columns, isConflict } = spans
  const totals: Totals[] = []
  const appeared: number[] = []
  for (const [row, span] of tree.rows.entries()) {
    if (row % SPANS_PER_STEP === 0) yield
    const chunk = columns.chunk[span] as number
    let of = totals[chunk]
    if (of === undefined) {
      of = totals[chunk] = { spans: 0, verified: 0, selfNanos: 0, criticalNanos: 0 }
      appeared.push(chunk)
    }
    of.spans++
    if (chunks[chunk]?.evidence === 'verified' && isConflict[span] === 0) of.verified++
    of.selfNanos += selfNanos[span] as number
    of.criticalNanos += path.nanos[span] as number
  }
  return appeared.map((chunk) => [chunks[chunk] as KeptChunk, totals[chunk] as Totals])
}

/** One entry for each key, with the first chunk that has it. */
function sumBy(
  totals: readonly (readonly [KeptChunk, Totals])[],
  keyOf: (chunk: KeptChunk) => string,
): readonly (readonly [KeptChunk, Totals])[] {
  const sums = new Map<string, readonly [KeptChunk, Totals]>()
  for (const [chunk, more] of totals) {
    const key = keyOf(chunk)
    const known = sums.get(key)
    if (known === undefined) sums.set(key, [chunk, { ...more }])
    else add(known[1], more)
  }
  return [...sums.values()]
}

function add(to: Totals, more: Totals): void {
  to.spans += more.spans
  to.verified += more.verified
  to.selfNanos += more.selfNanos
  to.criticalNanos += more.criticalNanos
}

function toText({ selfNanos, criticalNanos }: Pick<Totals, 'selfNanos' | 'criticalNanos'>) {
  return { selfNano: nanoText(selfNanos), criticalNano: nanoText(criticalNanos) }
}

/** Never as 1e21. */
function nanoText(nanos: number): string {
  return BigInt(Math.round(nanos)).toString()
}
