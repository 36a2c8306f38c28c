/** Spans as a program would report them: OTLP protobuf, eight attributes, about 350 bytes each. */
import { randomBytes } from 'node:crypto'
import type { SpanId, TraceId } from '../../src/model/ids.ts'
import { encodeTracesData, type SpanInput } from '../../src/wire/otlp/encode.ts'

/** Spans in one export: the default of OpenTelemetry's batch processor. */
export const BATCH_SPANS = 512
/** Spans in one trace; 512 of them hold 78 whole traces and a piece. */
const TRACE_SPANS = 6.5

export interface Batch {
  readonly body: Uint8Array
  readonly spans: number
  readonly traceIds: readonly TraceId[]
}

export const newTraceId = (): TraceId => randomBytes(16).toString('hex') as TraceId
const newSpanId = (): SpanId => randomBytes(8).toString('hex') as SpanId

/** Batches of {@link BATCH_SPANS} and a rest; each holds traces of its own, every one of them complete. */
export function makeBatches(total: number, service = 'bench'): readonly Batch[] {
  const batches: Batch[] = []
  for (let left = total; left > 0; left -= BATCH_SPANS) {
    const count = Math.min(left, BATCH_SPANS)
    const traceIds = Array.from({ length: Math.ceil(count / TRACE_SPANS) }, newTraceId)
    batches.push(encode(service, count, traceIds))
  }
  return batches
}

/** Batches of one trace: a root and children of it. */
export function makeTrace(traceId: TraceId, total: number, service = 'bench'): readonly Batch[] {
  const root = newSpanId()
  const batches: Batch[] = []
  for (let at = 0; at < total; at += BATCH_SPANS) {
    const spans = Array.from({ length: Math.min(total - at, BATCH_SPANS) }, (_, i) =>
      span(traceId, at + i === 0 ? root : newSpanId(), at + i === 0 ? undefined : root, at + i),
    )
    batches.push({ body: encodeSpans(service, spans), spans: spans.length, traceIds: [traceId] })
  }
  return batches
}

/** One span of a trace, with a parent or as its root. */
export function makeSpan(traceId: TraceId, parent?: SpanId, service = 'bench'): { spanId: SpanId; body: Uint8Array } {
  const spanId = newSpanId()
  return { spanId, body: encodeSpans(service, [span(traceId, spanId, parent, 0)]) }
}

/** Posts an export and waits for the acknowledgement. @throws unless it is 200 */
export async function post(otlp: string, body: Uint8Array): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' }
  const answer = await fetch(`${otlp}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`OTLP answered ${answer.status}`)
}

function encode(service: string, count: number, traceIds: readonly TraceId[]): Batch {
  const roots = new Map<TraceId, SpanId>()
  const spans = Array.from({ length: count }, (_, i) => {
    const traceId = traceIds[i % traceIds.length] as TraceId
    const spanId = newSpanId()
    const parent = roots.get(traceId)
    if (parent === undefined) roots.set(traceId, spanId)
    return span(traceId, spanId, parent, i)
  })
  return { body: encodeSpans(service, spans), spans: count, traceIds }
}

function encodeSpans(service: string, spans: readonly SpanInput[]): Uint8Array {
  return encodeTracesData({
    resource: { attributes: { 'service.name': service, 'service.version': '1.4.2' } },
    scope: { name: 'bench', version: '1.0.0' },
    spans,
  })
}

function span(traceId: TraceId, spanId: SpanId, parentSpanId: SpanId | undefined, i: number): SpanInput {
  const startUnixNano = BigInt(Date.now()) * 1_000_000n + BigInt(i) * 1_000n
  return {
    traceId,
    spanId,
    parentSpanId,
    name: `GET /conversation/${i % 12}`,
    kind: 2,
    startUnixNano,
    endUnixNano: startUnixNano + 1_000_000n + BigInt((i * 7919) % 90_000_000),
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': BigInt(200 + (i % 3)),
      'http.route': '/conversation/:id',
      'url.path': `/conversation/${i}`,
      'user_agent.original': 'aico-frontend/2.3 (linux)',
      'server.address': '127.0.0.1',
      'session.id': `session-${i % 40}`,
      'thread.name': `worker-${i % 8}`,
    },
    status: { code: i % 50 === 0 ? 2 : 1 },
  }
}
