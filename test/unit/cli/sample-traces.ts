/** Traces to draw, made by the real read model from described spans. */
import type { TraceView } from '../../../src/agent/http-types/traces.ts'
import { stitchTrace } from '../../../src/query/stitch-trace.ts'
import type { MeshKnowledge, StoredChunk } from '../../../src/query/trace-source.ts'
import { chunk, member, mesh, sha256, sourceOf, T0_NANO, TRACE, type SpanDescription } from '../query/make-chunk.ts'
import { finish, parseParts } from '../../support/finish.ts'

export function view(chunks: readonly StoredChunk[], knowledge: MeshKnowledge): TraceView {
  const parts = finish(stitchTrace(TRACE, { source: sourceOf(chunks), knowledge, sha256 }))
  if (parts === undefined) throw new Error('the sample holds no span')
  return parseParts(parts) as TraceView
}

const PHONE_AHEAD_MS = 1840
const TABLET_BEHIND_MS = -220
const LONG_AFTER_MS = Number(T0_NANO / 1_000_000n) + 60_000

const household = (tablet: Parameters<typeof member>[1] = {}): MeshKnowledge =>
  mesh(
    member('Laptop'),
    member('Phone', { clock: { offsetMs: PHONE_AHEAD_MS, errorMs: 12 }, syncedThroughUnixMs: LONG_AFTER_MS }),
    member('Tablet', {
      clock: { offsetMs: TABLET_BEHIND_MS, errorMs: 4 },
      syncedThroughUnixMs: LONG_AFTER_MS,
      ...tablet,
    }),
  )

/** Spans as their device's clock recorded them. */
function onClock(offsetMs: number, spans: readonly SpanDescription[]): readonly SpanDescription[] {
  return spans.map((span) => {
    const { startMs = 0, endMs = startMs + 1 } = span
    return { ...span, startMs: startMs + offsetMs, endMs: endMs + offsetMs }
  })
}

const phoneSpans = onClock(PHONE_AHEAD_MS, [
  { id: 'a0', name: 'hear utterance', startMs: 0, endMs: 1180 },
  { id: 'a1', parent: 'a0', name: 'transcribe', startMs: 12, endMs: 231 },
  { id: 'a2', parent: 'a0', name: 'publish conversation.heard', startMs: 233, endMs: 236.4, kind: 4 },
  { id: 'a3', parent: 'a0', name: 'POST /utterance', startMs: 238, endMs: 1176, kind: 3 },
])
const laptopSpans: readonly SpanDescription[] = [
  { id: 'b0', parent: 'a3', name: 'POST /utterance', startMs: 251, endMs: 1163, kind: 2 },
  { id: 'b1', parent: 'b0', name: 'recall', startMs: 255, endMs: 311 },
  { id: 'b2', parent: 'b1', name: 'SELECT memories', startMs: 261, endMs: 304.25, kind: 3 },
  { id: 'b3', parent: 'b0', name: 'think', startMs: 314, endMs: 842 },
  { id: 'b4', parent: 'b3', name: 'generate answer', startMs: 322, endMs: 829 },
  { id: 'b5', parent: 'b0', name: 'POST /speak', startMs: 846, endMs: 1160, kind: 3 },
]
const laptopEmotion: readonly SpanDescription[] = [
  { id: 'b6', parent: 'b3', name: 'process emotion.appraise', startMs: 330, endMs: 371, kind: 5 },
]
const tabletSpans = onClock(TABLET_BEHIND_MS, [
  { id: 'c0', parent: 'b5', name: 'POST /speak', startMs: 868, endMs: 1141, kind: 2 },
  { id: 'c1', parent: 'c0', name: 'synthesise voice', startMs: 871, endMs: 1090 },
  { id: 'c2', parent: 'c0', name: 'move lips', startMs: 902, endMs: 1139 },
])

const phone = chunk('Phone', 'conversation', phoneSpans)
const laptop = [chunk('Laptop', 'core', laptopSpans), chunk('Laptop', 'emotion', laptopEmotion)]
const tablet = chunk('Tablet', 'otlp/embodiment', tabletSpans)

/** One utterance over three devices that all consented. */
export const wholeTrace: TraceView = view([phone, ...laptop, tablet], household())

/** The laptop alone: its own spans hang from parents that are not here. */
export const beforeConsent: TraceView = view(
  laptop,
  mesh(member('Laptop'), member('Phone', { grantsTraces: false }), member('Tablet', { grantsTraces: false })),
)

/** Everything that can be wrong at once. */
export const troubledTrace: TraceView = view(
  [
    phone,
    chunk(
      'Phone',
      'conversation',
      onClock(PHONE_AHEAD_MS, [
        { ...phoneSpans[1], id: 'a1', parent: 'a0', name: 'transcribe (altered)', startMs: 12, endMs: 200 },
      ]),
    ),
    chunk(
      'Laptop',
      'core',
      laptopSpans.map((span) =>
        span.id === 'b4'
          ? { ...span, status: 2, message: 'TimeoutError: the model did not answer within 500 ms' }
          : span,
      ),
    ),
    chunk('Laptop', 'emotion', laptopEmotion, 'tampered'),
    chunk('Tablet', 'otlp/embodiment', tabletSpans.slice(0, 1), 'unverified'),
    chunk('Tablet', 'otlp/embodiment', [{ id: 'c9', parent: 'c8', name: 'blink', startMs: 760, endMs: 775 }]),
  ],
  mesh(
    member('Laptop'),
    member('Phone', {
      clock: { offsetMs: PHONE_AHEAD_MS, errorMs: 12_000 },
      syncedThroughUnixMs: 1,
      pendingSegments: 12,
    }),
    member('Tablet', { connected: false, syncedThroughUnixMs: 1 }),
    member('Watch', { grantsTraces: false }),
  ),
)
