import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Link } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { MAX_ATTRIBUTES } from '../../../src/sdk/bounded-attributes.ts'
import { spanEncoder } from '../../../src/sdk/encode-records.ts'
import { RandomIds } from '../../../src/sdk/random-ids.ts'
import { Recording } from '../../../src/sdk/recording.ts'
import { RecordBuffer } from '../../../src/sdk/record-buffer.ts'
import { MAX_EVENTS, MAX_LINKS, MAX_NAME_CHARS, type FinishedSpan } from '../../../src/sdk/span.ts'
import { laterBy, toNanoTime } from '../../../src/sdk/time-input.ts'
import { ModuleTracer } from '../../../src/sdk/tracer.ts'
import { withTopic } from '../../../src/sdk/topic.ts'
import { W3cTraceState } from '../../../src/sdk/trace-state.ts'
import { MAX_BODY_BYTES } from '../../../src/wire/bus-frames.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'
import { MAX_RECORD_BYTES } from '../../../src/wire/otlp/limits.ts'
import { hostileValues } from '../../support/hostile-values.ts'
import { manualClock } from '../../support/manual-clock.ts'

const START_MS = 1_700_000_000_000
const remote = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
}
const origin = { resource: { attributes: [] }, sessionId: 's', scope: { name: 'test', version: '1' } }

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

function setup() {
  const clock = manualClock(START_MS)
  const ended: FinishedSpan[] = []
  const ids = new RandomIds((length) => nodeCrypto.randomBytes(length))
  const recording = new Recording()
  let unsampled = 0
  const tracer = new ModuleTracer({
    clock,
    ids,
    recording,
    onUnsampled: () => unsampled++,
    onEnd: (span) => ended.push(span),
  })
  return { clock, ended, tracer, recording, unsampled: () => unsampled }
}

/** As a module sends them. */
function batchesOf(spans: readonly FinishedSpan[]): Uint8Array[] {
  const batches: Uint8Array[] = []
  const buffer = new RecordBuffer(manualClock(), spanEncoder(origin, origin.scope), ({ bytes }) => batches.push(bytes))
  for (const span of spans) buffer.add(span)
  buffer.flush()
  return batches
}
const nanos = (ms: number) => BigInt(ms) * 1_000_000n
const at = (ms: number, rest = 0) => ({ ms, nanos: rest })
const value = (span: FinishedSpan | undefined, key: string) =>
  span?.attributes.find((attribute) => attribute.key === key)?.value

describe('tracer', () => {
  test('[BU54] spans nest by the active context, across await, and a root leaves it', async () => {
    const { tracer, ended } = setup()
    await tracer.startActiveSpan('outer', async (outer) => {
      await Promise.resolve()
      tracer.startActiveSpan('inner', { kind: SpanKind.CLIENT }, (inner) => inner.end())
      tracer.startSpan('root', { root: true }).end()
      outer.end()
    })
    const [inner, root, outer] = ended
    expect([inner?.parentSpanId, inner?.traceId]).toEqual([outer?.spanId, outer?.traceId])
    expect(root?.parentSpanId).toBeUndefined()
    expect(root?.traceId).not.toBe(outer?.traceId)
    expect(new Set(ended.map((span) => span.spanId)).size).toBe(3)
  })

  test('[BU54] startActiveSpan gives back what its function gives, in all its forms', () => {
    const { tracer } = setup()
    expect(tracer.startActiveSpan('a', () => 1)).toBe(1)
    expect(tracer.startActiveSpan('a', {}, () => 2)).toBe(2)
    const traceId = tracer.startActiveSpan(
      'a',
      {},
      trace.setSpanContext(ROOT_CONTEXT, remote),
      (span) => span.spanContext().traceId,
    )
    expect(traceId).toBe(remote.traceId)
  })

  test('[TC2] a new trace says its id is random; a child keeps what its parent said, and its tracestate', () => {
    const { tracer } = setup()
    expect(tracer.startSpan('a', { root: true }).spanContext().traceFlags).toBe(3)
    const traceState = new W3cTraceState([{ key: 'v', value: '1' }])
    const parent = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceState })
    const child = tracer.startSpan('a', {}, parent).spanContext()
    expect(child.traceFlags).toBe(TraceFlags.SAMPLED)
    expect(child.traceState?.serialize()).toBe('v=1')
  })

  test('[TC1] an invalid parent is no parent', () => {
    const { tracer, ended } = setup()
    const zeros = { ...remote, traceId: '0'.repeat(32) }
    tracer.startSpan('a', {}, trace.setSpanContext(ROOT_CONTEXT, zeros)).end()
    expect(ended[0]?.parentSpanId).toBeUndefined()
  })
})

describe('span', () => {
  test('[BU54] its duration is elapsed time, whatever happens to the wall clock', () => {
    const { tracer, ended, clock } = setup()
    const span = tracer.startSpan('a')
    clock.setWall(START_MS - 3_600_000)
    clock.advance(25)
    span.end()
    expect([ended[0]?.startUnixNano, ended[0]?.endUnixNano]).toEqual([at(START_MS), at(START_MS + 25)])
  })

  test.each([
    { name: 'milliseconds', time: START_MS + 7, want: at(START_MS + 7) },
    { name: 'a date', time: new Date(START_MS + 8), want: at(START_MS + 8) },
    { name: 'seconds and nanoseconds', time: [1_700_000_000, 5] as [number, number], want: at(START_MS, 5) },
    {
      name: 'more nanoseconds than a second has',
      time: [1_700_000_000, 2_000_000_007] as [number, number],
      want: at(START_MS + 2000, 7),
    },
    { name: 'no time at all', time: Number.NaN, want: at(START_MS) },
    { name: 'one that OTLP cannot say', time: [1e15, 0] as [number, number], want: at(START_MS) },
  ])('[BU54] its times may be given as $name', ({ time, want }) => {
    const { tracer, ended } = setup()
    tracer.startSpan('a', { startTime: time }).end(time)
    expect([ended[0]?.startUnixNano, ended[0]?.endUnixNano]).toEqual([want, want])
  })

  test('[BU54] a small number is a reading of performance.now()', () => {
    const { tracer, ended } = setup()
    tracer.startSpan('a', { startTime: 12 }).end()
    expect(ended[0]?.startUnixNano).toEqual(toNanoTime(performance.timeOrigin + 12))
  })

  test('[BU54] durations are exact to the nanosecond, and carry into the next millisecond', () => {
    expect(laterBy(at(START_MS, 999_999), 0.000_001)).toEqual(at(START_MS + 1))
    expect(laterBy(at(START_MS, 1), 1234.567_891)).toEqual(at(START_MS + 1234, 567_892))
  })

  test('[BU54] an end before the start is the start', () => {
    const { tracer, ended } = setup()
    tracer.startSpan('a').end(START_MS - 1)
    expect(ended[0]?.endUnixNano).toEqual(ended[0]?.startUnixNano)
  })

  test('[BU54] after its end nothing changes it, and it ends once', () => {
    const { tracer, ended } = setup()
    const span = tracer.startSpan('a')
    span.end()
    span
      .setAttribute('late', 1)
      .addEvent('late')
      .addLink({ context: remote })
      .updateName('late')
      .setStatus({ code: SpanStatusCode.ERROR })
    span.recordException('late')
    span.end()
    expect(ended).toHaveLength(1)
    expect(ended[0]).toMatchObject({ name: 'a', events: [], links: [], status: { code: SpanStatusCode.UNSET } })
    expect([value(ended[0], 'late'), span.isRecording()]).toEqual([undefined, false])
  })

  test('[BU54] ok is final, an error may become ok, unset changes nothing', () => {
    const { tracer, ended } = setup()
    const span = tracer.startSpan('a')
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' }).setStatus({ code: SpanStatusCode.UNSET })
    span.setStatus({ code: SpanStatusCode.OK }).setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    expect(ended[0]?.status).toEqual({ code: SpanStatusCode.OK })
  })

  test('[BU51] attributes, events, links and names are bounded, and what is over is counted', () => {
    const { tracer, ended } = setup()
    const span = tracer.startSpan('n'.repeat(MAX_NAME_CHARS + 1))
    const link: Link = { context: remote }
    for (let i = 0; i < MAX_ATTRIBUTES + 5; i++) span.setAttribute(`k${i}`, i)
    for (let i = 0; i < MAX_EVENTS + 2; i++) span.addEvent('e')
    for (let i = 0; i < MAX_LINKS + 3; i++) span.addLink(link)
    span.setAttribute('k0', 'again')
    span.end()
    const [got] = ended
    expect(got?.name).toHaveLength(MAX_NAME_CHARS)
    expect([got?.attributes.length, got?.droppedAttributesCount]).toEqual([MAX_ATTRIBUTES, 5])
    expect([got?.events.length, got?.droppedEventsCount]).toEqual([MAX_EVENTS, 2])
    expect([got?.links.length, got?.droppedLinksCount]).toEqual([MAX_LINKS, 3])
    expect(value(got, 'k0')).toBe('again')
  })

  test('[BU51] the fattest span a module can make fits a segment', () => {
    const { tracer, ended } = setup()
    const span = tracer.startSpan('a')
    const fat = Array.from({ length: 128 }, () => '€'.repeat(20_000))
    for (let i = 0; i < 300; i++) {
      span.setAttribute(`k${i}`, [fat, fat]).addEvent('e', { fat, n: Array.from({ length: 128 }, () => [1, 2, 3]) })
    }
    span.end()
    const [batch] = batchesOf(ended)
    expect(batch?.length).toBeGreaterThan(MAX_RECORD_BYTES / 2)
    expect(batch?.length).toBeLessThan(MAX_RECORD_BYTES)
  })

  test('[BU51] many fat spans travel in as many frames as they need', () => {
    const { tracer, ended } = setup()
    for (let i = 0; i < 60; i++) {
      const span = tracer.startSpan(`s${i}`)
      for (let k = 0; k < 16; k++) span.setAttribute(`k${k}`, '€'.repeat(16_000))
      span.end()
    }
    const batches = batchesOf(ended)
    expect(batches.length).toBeGreaterThan(1)
    expect(batches.every((batch) => batch.length <= MAX_BODY_BYTES)).toBe(true)
    expect(batches.flatMap(decodeSpans).map((span) => span.name)).toEqual(ended.map((span) => span.name))
  })

  test('[BU54] everything it recorded is there after encoding', () => {
    const { tracer, ended } = setup()
    const parent = trace.setSpanContext(ROOT_CONTEXT, remote)
    const options = {
      kind: SpanKind.SERVER,
      attributes: { n: 1, f: 1.5, list: ['a'], skip: undefined, 'session.id': 'not the module’s to say' },
      links: [{ context: remote }],
    }
    const span = tracer.startSpan('op', options, parent)
    span.recordException(new TypeError('bad'))
    span.addEvent('tick', { at: 2 }, START_MS + 1)
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' }).end()
    const [decoded] = batchesOf(ended).flatMap(decodeSpans)
    expect(decoded).toMatchObject({
      name: 'op',
      kind: 2,
      traceId: remote.traceId,
      parentSpanId: remote.spanId,
      status: { code: 2, message: 'failed' },
      links: [{ traceId: remote.traceId, spanId: remote.spanId }],
      flags: 0x301,
    })
    expect(decoded?.attributes).toEqual([
      { key: 'n', value: 1n },
      { key: 'f', value: 1.5 },
      { key: 'list', value: ['a'] },
      { key: 'session.id', value: 's' },
    ])
    expect(decoded?.events.map((event) => event.name)).toEqual(['exception', 'tick'])
    expect(decoded?.events[0]?.attributes).toContainEqual({ key: 'exception.type', value: 'TypeError' })
    expect(decoded?.events[1]?.timeUnixNano).toBe(nanos(START_MS + 1))
  })
})

describe('sampling', () => {
  const NOTHING = [{ topic: '', sample: 0 }]
  const contextOf = (parent: typeof remote) => trace.setSpanContext(ROOT_CONTEXT, parent)

  test.each([
    { name: 'a remote parent that was sampled', isRemote: true, traceFlags: 3, recorded: true },
    { name: 'a remote parent that was not', isRemote: true, traceFlags: 2, recorded: false },
    { name: 'a parent here that was sampled', isRemote: false, traceFlags: 1, recorded: true },
    { name: 'a parent here that was not', isRemote: false, traceFlags: 0, recorded: false },
  ])('[RD12] [TC2] $name decides, whatever the ratio', ({ isRemote, traceFlags, recorded }) => {
    for (const rules of [[], NOTHING]) {
      const { tracer, ended, recording, unsampled } = setup()
      recording.set(rules)
      const span = tracer.startSpan('a', {}, contextOf({ ...remote, isRemote, traceFlags }))
      expect(span.isRecording()).toBe(recorded)
      expect(span.spanContext()).toMatchObject({ traceId: remote.traceId, traceFlags })
      span.end()
      expect([ended.length, unsampled()]).toEqual(recorded ? [1, 0] : [0, 1])
    }
  })

  test('[RD15] a trace that is not kept goes on without a record, across its spans', () => {
    const { tracer, ended, recording, unsampled } = setup()
    recording.set(NOTHING)
    tracer.startActiveSpan('outer', (outer) => {
      const inner = tracer.startSpan('inner')
      expect([outer.isRecording(), inner.isRecording()]).toEqual([false, false])
      expect(inner.spanContext()).toMatchObject({ traceId: outer.spanContext().traceId, traceFlags: 2 })
      expect(inner.spanContext().spanId).not.toBe(outer.spanContext().spanId)
      recording.set([])
      tracer.startSpan('late').end()
      inner.end()
      outer.end()
    })
    expect([ended, unsampled()]).toEqual([[], 3])
  })

  test('[RD13] of many traces the part that is asked for is kept', () => {
    const { tracer, ended, recording, unsampled } = setup()
    recording.set([{ topic: '', sample: 0.25 }])
    for (let i = 0; i < 4_000; i++) tracer.startSpan('a').end()
    expect(ended.length + unsampled()).toBe(4_000)
    // Six standard deviations: a correct sampler fails once in a billion runs.
    expect(Math.abs(ended.length - 1_000)).toBeLessThan(6 * Math.sqrt(4_000 * 0.25 * 0.75))
  })

  test.each([
    { name: 'none', attributes: {}, handled: undefined, recorded: false },
    { name: 'of the message that it sends', attributes: { 'messaging.destination.name': 'talk/a' }, recorded: true },
    { name: 'of the message that is handled', attributes: {}, handled: 'talk/a', recorded: true },
    { name: 'of its own', attributes: { 'aico.topic': 'talk/a' }, handled: 'b', recorded: true },
    { name: 'that is no text', attributes: { 'aico.topic': 7 }, handled: 'talk/a', recorded: false },
  ])('[RD14] the topic that a rule is of: $name', ({ attributes, handled, recorded }) => {
    const { tracer, recording } = setup()
    recording.set([...NOTHING, { topic: 'talk/', sample: 1 }])
    const given = handled === undefined ? ROOT_CONTEXT : withTopic(ROOT_CONTEXT, handled)
    expect(tracer.startSpan('a', { attributes }, given).isRecording()).toBe(recorded)
  })

  test('[RD1] [RD2] spans carry the topic of the message being handled, unless they name one', () => {
    const { tracer, ended } = setup()
    const handling = withTopic(ROOT_CONTEXT, 'talk/a')
    tracer.startSpan('a', {}, handling).end()
    tracer.startSpan('b', { attributes: { 'aico.topic': 'b' } }, handling).end()
    tracer.startSpan('c', {}, ROOT_CONTEXT).end()
    expect(ended.map((span) => value(span, 'aico.topic'))).toEqual(['talk/a', 'b', undefined])
  })
})

// A function is one to run in a span; what it throws is its caller's.
test.each(hostileValues.filter(({ hostile }) => typeof hostile !== 'function'))(
  '[BU50] $name in every place of a tracer throws nothing, and the span is there',
  ({ hostile }) => {
    const { tracer, ended } = setup()
    const any = hostile as never
    const spans = [
      tracer.startSpan(any),
      tracer.startSpan('b', any),
      tracer.startSpan('c', {}, any),
      tracer.startSpan('d', { kind: any, startTime: any, attributes: any, links: any, root: any }),
      tracer.startActiveSpan('e', any, any, (span) => span),
    ]
    tracer.startActiveSpan('f', any)
    for (const span of spans) {
      span.setAttribute(any, any).setAttributes(any).addEvent(any, any, any).addLink(any).addLinks(any)
      span
        .addLink({ context: any, attributes: any })
        .setStatus(any)
        .setStatus({ code: any, message: any })
        .updateName(any)
      span.recordException(any, any)
      span.end(any)
    }
    expect(ended).toHaveLength(spans.length)
  },
)
