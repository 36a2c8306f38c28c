/**
 * An export of spans that is made once and sent many times: before each sending its ids and times are written anew, in
 * place, so that every span is its own and making it costs next to nothing. 350 bytes and eight attributes a span.
 */
import { utf8 } from '../../src/base/bytes.ts'
import { encodeTracesData, type SpanInput } from '../../src/wire/otlp/encode.ts'
import { fieldOffsets } from './field-offsets.ts'
import { mix, spanIdOf, traceIdOf, writeSpanId, writeTraceId } from './id-plan.ts'
import { TimeWriter } from './time-writer.ts'

/** An export that can become any number of others. */
export interface Template {
  readonly body: Uint8Array
  readonly records: number
  /** Makes it export number `batch`, with records that begin soon after this time. */
  become(batch: number, startUnixMs: number): void
}

/** What all exports of a load have in common. */
export interface SpanPlan {
  /** Other ids for another seed. */
  readonly seed: number
  readonly spansPerBatch: number
  /** Services whose spans make up a trace: so many exports after another hold the same traces. */
  readonly servicesPerTrace: number
  /** Names of the programs that report, in turn. */
  readonly services: readonly string[]
}

/** Spans in one trace: 512 of them hold 78 traces. */
const TRACE_SPANS = 6.5
/** A trace's spans begin within as much. */
const TRACE_NANOS = 50_000_000
const SHORTEST_NANOS = 10_000
const LONGEST_NANOS = 900_000_000
const ROUTES = ['conversation', 'emotion', 'memory', 'embodiment', 'plugins', 'profile', 'media', 'search'] as const
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'] as const
const CLIENTS = ['aico-frontend/2.3 (linux)', 'aico-mobile/1.9 (android)', 'aico-plugin/0.4 (node)'] as const
export const SESSIONS = 5_000
const SESSION_CHARS = 8
/** One span in so many failed. */
const FAILED_EVERY = 50

/** Traces in as many exports as {@link SpanPlan.servicesPerTrace}; those of a group begin with `group * tracesPerGroup`. */
export function tracesPerGroup({ spansPerBatch, servicesPerTrace }: SpanPlan): number {
  return Math.max(1, Math.floor((spansPerBatch * servicesPerTrace) / TRACE_SPANS))
}

/** An attribute of every span; each session has as many as another. */
export function sessionOf(session: number): string {
  return mix(session, 0x51).toString(16).padStart(SESSION_CHARS, '0')
}

/** Of all sessions, one behind the other. */
const sessions = utf8(Array.from({ length: SESSIONS }, (_, i) => sessionOf(i)).join(''))

export class SpanTemplate implements Template {
  readonly body: Uint8Array
  readonly records: number
  readonly #plan: SpanPlan
  readonly #view: DataView
  readonly #times: TimeWriter
  readonly #traceIdAt: Uint32Array
  readonly #spanIdAt: Uint32Array
  readonly #parentIdAt: Uint32Array
  readonly #startAt: Uint32Array
  readonly #endAt: Uint32Array
  readonly #sessionAt: Uint32Array

  /** @param variant exports of another one differ in names and attributes; only for exports whose number leaves the same
   *   rest when divided by `servicesPerTrace` and by the count of services */
  constructor(plan: SpanPlan, variant: number) {
    this.#plan = plan
    this.body = new Uint8Array(encode(plan, variant))
    this.records = plan.spansPerBatch
    this.#view = new DataView(this.body.buffer)
    this.#times = new TimeWriter(this.#view)
    this.#traceIdAt = fieldOffsets(this.body, 0x0a)
    this.#spanIdAt = fieldOffsets(this.body, 0x12)
    this.#parentIdAt = fieldOffsets(this.body, 0x22)
    this.#startAt = fieldOffsets(this.body, 0x39)
    this.#endAt = fieldOffsets(this.body, 0x41)
    this.#sessionAt = offsetsOf(this.body, utf8(sessionOf(0)))
  }

  become(batch: number, startUnixMs: number): void {
    const { seed, spansPerBatch, servicesPerTrace } = this.#plan
    const traces = tracesPerGroup(this.#plan)
    const group = Math.floor(batch / servicesPerTrace)
    const first = batch * spansPerBatch
    const firstRoot = group * servicesPerTrace * spansPerBatch
    this.#times.setBase(startUnixMs)
    for (let i = 0; i < spansPerBatch; i++) {
      const trace = i % traces
      writeTraceId(this.#view, this.#traceIdAt[i] as number, seed, group * traces + trace)
      writeSpanId(this.#view, this.#spanIdAt[i] as number, seed, first + i)
      // A trace's first span here hangs on its root, which the group's first export holds; the others make a tree.
      const parent = i < traces ? firstRoot + trace : first + trace + traces * ((Math.floor(i / traces) - 1) >> 1)
      const parentAt = this.#parentIdAt[i] as number
      if (parentAt > 0) writeSpanId(this.#view, parentAt, seed, parent)
      this.#writeTimes(i, first + i)
      this.#writeSession(i, first + i)
    }
  }

  #writeSession(i: number, span: number): void {
    const from = SESSION_CHARS * (mix(span, 0x5e55) % SESSIONS)
    this.body.set(sessions.subarray(from, from + SESSION_CHARS), this.#sessionAt[i])
  }

  /** Most spans are short: one in twenty takes longer than 0.7 s. */
  #writeTimes(i: number, span: number): void {
    const share = mix(span, 0x1d2b) / 2 ** 32
    const start = mix(span, 0x5f37) % TRACE_NANOS
    this.#times.write(this.#startAt[i] as number, start)
    this.#times.write(this.#endAt[i] as number, start + SHORTEST_NANOS + share ** 4 * LONGEST_NANOS)
  }
}

function encode(plan: SpanPlan, variant: number): Uint8Array {
  const { seed, services, servicesPerTrace, spansPerBatch } = plan
  const roots = variant % servicesPerTrace === 0 ? tracesPerGroup(plan) : 0
  const spans = Array.from({ length: spansPerBatch }, (_, i): SpanInput => {
    const route = ROUTES[randomOf(variant, i, 2) % ROUTES.length] as string
    const method = METHODS[randomOf(variant, i, 3) % METHODS.length] as string
    const failed = randomOf(variant, i, 4) % FAILED_EVERY === 0
    return {
      traceId: traceIdOf(seed, 0),
      spanId: spanIdOf(seed, 0),
      parentSpanId: i < roots ? undefined : spanIdOf(seed, 1),
      name: `${method} /${route}/:id`,
      kind: i < roots ? 2 : 1 + (randomOf(variant, i, 5) % 5),
      startUnixNano: 1n,
      endUnixNano: 1n,
      attributes: {
        'http.request.method': method,
        'http.response.status_code': failed ? 500n : 200n + BigInt(randomOf(variant, i, 6) % 3),
        'http.response.body.size': BigInt(randomOf(variant, i, 7) % 60_000),
        'http.route': `/${route}/:id`,
        'url.path': `/${route}/${randomOf(variant, i, 8) % 100_000}`,
        'user_agent.original': CLIENTS[randomOf(variant, i, 9) % CLIENTS.length] as string,
        'session.id': sessionOf(0),
        'thread.name': `worker-${randomOf(variant, i, 10) % 8}`,
      },
      status: { code: failed ? 2 : 1 },
    }
  })
  return encodeTracesData({
    resource: {
      attributes: { 'service.name': services[variant % services.length] as string, 'service.version': '1.4.2' },
    },
    scope: { name: 'bench', version: '1.0.0' },
    spans,
  })
}

/** Of every occurrence. */
function offsetsOf(bytes: Uint8Array, part: Uint8Array): Uint32Array {
  const [offsets, buffer]: [number[], Buffer] = [[], Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)]
  for (let at = buffer.indexOf(part); at >= 0; at = buffer.indexOf(part, at + part.length)) offsets.push(at)
  return Uint32Array.from(offsets)
}

function randomOf(variant: number, i: number, what: number): number {
  return mix(variant * 65_536 + i, what)
}
