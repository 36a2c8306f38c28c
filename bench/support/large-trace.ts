/**
 * One large trace over several devices as their stores would hold it: OTLP chunks of many modules, spans of other traces
 * among them. The same at every call: what looks random comes from a fixed seed.
 */
import { createHash } from 'node:crypto'
import type { DeviceId, SpanId, TraceId } from '../../src/model/ids.ts'
import type { StoredChunk } from '../../src/query/trace-source.ts'
import { encodeTracesData, type SpanInput } from '../../src/wire/otlp/encode.ts'

/** Spans in a chunk: from this many to twice as many. */
const LEAST_CHUNK_SPANS = 256
const MODULES = ['core', 'conversation', 'emotion', 'otlp/frontend']
/** One span in so many is on another device than its parent. */
const CROSSING = 12
/** How far back among the spans a parent may lie: deep and bushy at once. */
const PARENT_REACH = 60
const SPAN_NANOS = 2_000_000
/** 2026-11-22T20:00:00Z */
const START_NANO = 1_795_377_600_000_000_000n

export interface LargeTrace {
  readonly traceId: TraceId
  readonly devices: readonly DeviceId[]
  readonly chunks: readonly LargeChunk[]
}

export interface LargeChunk extends StoredChunk {
  /** Spans of the trace in it; as many of other traces stand between them. */
  readonly spans: number
  readonly earliestUnixNano: bigint
  readonly latestUnixNano: bigint
  /** Its spans of the trace alone. */
  readonly ownSpans: Uint8Array
}

interface Placed {
  readonly device: number
  readonly module: number
  readonly input: SpanInput
}

export function makeLargeTrace(total: number, deviceCount: number): LargeTrace {
  const random = randomFrom(total)
  const traceId = idOf('trace', 16) as TraceId
  const devices = Array.from({ length: deviceCount }, (_, i) => idOf(`device ${i}`, 32) as DeviceId)
  const placed = placeSpans(traceId, total, deviceCount, random)
  const chunks = devices.flatMap((deviceId, device) =>
    MODULES.flatMap((module, m) => {
      const spans = placed.filter((each) => each.device === device && each.module === m).map(({ input }) => input)
      return chunksOf(spans, random).map((each) => makeChunk(deviceId, module, each))
    }),
  )
  return { traceId, devices, chunks: chunks.sort((a, b) => Number(a.earliestUnixNano - b.earliestUnixNano)) }
}

function placeSpans(traceId: TraceId, total: number, devices: number, random: () => number): readonly Placed[] {
  const placed: Placed[] = []
  for (let i = 0; i < total; i++) {
    const parent = placed[Math.max(0, i - 1 - Math.floor(random() * PARENT_REACH))]
    const device = parent === undefined ? 0 : random() * CROSSING < 1 ? i % devices : parent.device
    const start = START_NANO + BigInt(i * SPAN_NANOS)
    const lasts = BigInt(Math.floor((random() * (total - i) * SPAN_NANOS) / 8) + 1)
    const input = spanOf(traceId, i, start, i === 0 ? BigInt(total * SPAN_NANOS) : lasts, parent?.input.spanId)
    placed.push({ device, module: Math.floor(random() * MODULES.length), input })
  }
  return placed
}

function chunksOf(spans: readonly SpanInput[], random: () => number): readonly (readonly SpanInput[])[] {
  const chunks: (readonly SpanInput[])[] = []
  for (let at = 0; at < spans.length;) {
    const size = Math.floor((LEAST_CHUNK_SPANS * (1 + random())) / 2)
    chunks.push(spans.slice(at, at + size))
    at += size
  }
  return chunks
}

/** Between any two spans of the trace stands one of another. */
function makeChunk(deviceId: DeviceId, module: string, spans: readonly SpanInput[]): LargeChunk {
  const mixed = spans.flatMap((span, i) => {
    const other = { ...span, traceId: idOf(`other ${span.spanId} ${i % 40}`, 16) as TraceId }
    return [span, other]
  })
  const starts = spans.map(({ startUnixNano }) => startUnixNano)
  return {
    deviceId,
    module,
    provenance: 'verified',
    payload: encode(module, mixed),
    ownSpans: encode(module, spans),
    spans: spans.length,
    earliestUnixNano: starts[0] as bigint,
    latestUnixNano: starts.at(-1) as bigint,
  }
}

function encode(service: string, spans: readonly SpanInput[]): Uint8Array {
  return encodeTracesData({
    resource: { attributes: { 'service.name': service, 'service.version': '1.4.2' } },
    scope: { name: 'bench', version: '1.0.0' },
    spans,
  })
}

function spanOf(traceId: TraceId, i: number, start: bigint, lasts: bigint, parentSpanId?: SpanId): SpanInput {
  return {
    traceId,
    spanId: idOf(`span ${i}`, 8) as SpanId,
    parentSpanId,
    name: `GET /conversation/${i % 120}`,
    kind: 1 + (i % 5),
    startUnixNano: start,
    endUnixNano: start + lasts,
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

function idOf(name: string, bytes: number): string {
  return createHash('sha256')
    .update(name)
    .digest('hex')
    .slice(0, bytes * 2)
}

/** Numbers from 0 up to 1: a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
