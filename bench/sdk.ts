/** What instrumentation costs the thread of a module: a log call, a span, a measured value, beside the libraries they stand for. */
import type { Tracer } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { BatchSpanProcessor, TracerProvider, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import pino from 'pino'
import { Counter as PromCounter, Registry } from 'prom-client'
import { utf8 } from '../src/base/bytes.ts'
import { nodeClock } from '../src/platform/node-clock.ts'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import type { Link } from '../src/sdk/link.ts'
import { Module } from '../src/sdk/module.ts'
import { decodeModuleFrames, encodeFrames } from '../src/wire/bus-frames.ts'
import { spreadOf, type Measure } from './support/measure.ts'
import { threadCpuMs } from './support/proc.ts'

export const name = 'sdk'
export const what =
  'A module that calls 200,000 times in blocks of 1,000, a round of the event loop between two, everything included that follows on its thread: encoding, ' +
  'queueing, handing over to a link that acknowledges at once. The limits are pino to a stream that does nothing, the OpenTelemetry SDK with a batch ' +
  'processor and an exporter that does nothing, and prom-client, called in the same way; both sides look for the active span with the same context manager. ' +
  'Ours is encoded, which that exporter spares its peer: a second row has one that makes the bytes of OTLP too, and sends them nowhere. The first row is a ' +
  'module that logs and traces 10,000 times a second: the longest time that its thread was held up, by a call or by what followed of it.'

const BLOCKS = 200
const CALLS = 1_000
const ROUNDS = 5
/** Rounds that are not counted: code is compiled again while its callers become known. */
const WARM_UPS = 3
/** Of the steady module: how long, how much, and how much at once if it fell behind. */
const STEADY_RECORDS = 30_000
const RECORDS_PER_MS = 10
const MOST_AT_ONCE = 10

const LOG_SHARE = 1 / 1.2
const SPAN_SHARE = 1 / 0.8
const COUNTER_SHARE = 1
const LONGEST_MS = 1

export async function run(): Promise<readonly Measure[]> {
  const mesh = newModule()
  const log = pino({ base: null }, { write() {} })
  let exported = 0
  const otelTo = (take: (spans: ReadableSpan[]) => void) => {
    const exporter: SpanExporter = {
      export: (spans, done) => {
        exported += spans.length
        take(spans)
        done({ code: 0 })
      },
      shutdown: () => Promise.resolve(),
    }
    return new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
  }
  const silent = otelTo(() => {})
  const encoding = otelTo((spans) => void ProtobufTraceSerializer.serializeRequest(spans))
  const counter = mesh.meter.createCounter('bench.calls')
  const registers = [new Registry()]
  const prom = new PromCounter({ name: 'bench_calls', help: 'x', registers })
  const promBy = new PromCounter({ name: 'bench_calls_by', help: 'x', labelNames: ['method', 'status'], registers })
  const attributes = { 'a.text': 'value', 'a.number': 4, 'a.flag': true, 'a.other': 'another value' }
  const spanOf = (tracer: Pick<Tracer, 'startSpan'>) => () => tracer.startSpan('work', { attributes }).end()
  const pairs = [
    {
      label: 'log call with two fields',
      share: LOG_SHARE,
      peer: 'pino',
      ours: () => mesh.logger.info({ words: 4, part: 'ear' }, 'heard something'),
      raw: () => log.info({ words: 4, part: 'ear' }, 'heard something'),
    },
    {
      label: 'span with four attributes',
      share: SPAN_SHARE,
      peer: 'OpenTelemetry SDK',
      ours: spanOf(mesh.tracer),
      raw: spanOf(silent.getTracer('bench')),
    },
    {
      label: 'the same, beside one that is encoded too',
      peer: 'OpenTelemetry SDK, its protobuf serializer',
      ours: spanOf(mesh.tracer),
      raw: spanOf(encoding.getTracer('bench')),
    },
    {
      label: 'counter',
      share: COUNTER_SHARE,
      peer: 'prom-client',
      ours: () => counter.add(1),
      raw: () => prom.inc(1),
    },
    {
      label: 'counter with two attributes',
      share: COUNTER_SHARE,
      peer: 'prom-client',
      ours: () => counter.add(1, { method: 'GET', status: 200 }),
      raw: () => promBy.inc({ method: 'GET', status: 200 }, 1),
    },
  ]
  const [logs, spans] = pairs.map(({ ours }) => ours) as [() => void, () => void]
  const measures: Measure[] = [await steadyModule((i) => (i % 2 === 0 ? logs() : spans()))]
  for (const { label, share, peer, ours, raw } of pairs) {
    for (let i = 0; i < WARM_UPS; i++) for (const call of [raw, ours]) await nanosPerCall(call)
    const [rawTimes, oursTimes]: [number[], number[]] = [[], []]
    for (let i = 0; i < ROUNDS; i++) {
      rawTimes.push(await nanosPerCall(raw))
      oursTimes.push(await nanosPerCall(ours))
    }
    measures.push({
      label,
      unit: 'ns',
      better: 'lower',
      ours: spreadOf(oursTimes).median,
      raw: { label: peer, value: spreadOf(rawTimes).median },
      ...(share !== undefined && { shareGoal: share }),
    })
  }
  await Promise.all([silent.forceFlush(), encoding.forceFlush()])
  await mesh.close()
  // Dropping costs nothing: a side that dropped would win.
  const spansOfPeers = 2 * (WARM_UPS + ROUNDS) * BLOCKS * CALLS
  if (exported !== spansOfPeers) throw new Error(`the OpenTelemetry SDK exported ${exported} of ${spansOfPeers} spans`)
  const { droppedRecords, unencodableRecords } = mesh.stats
  if (droppedRecords + unencodableRecords > 0)
    throw new Error(`the module lost ${droppedRecords + unencodableRecords} records`)
  return measures
}

/** Time on the thread, of the calls and of what they cause until the event loop has nothing to do. */
async function nanosPerCall(call: () => void): Promise<number> {
  const before = threadCpuMs()
  for (let block = 0; block < BLOCKS; block++) {
    for (let i = 0; i < CALLS; i++) call()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return ((threadCpuMs() - before) * 1e6) / (BLOCKS * CALLS)
}

/** The second of two runs, beside that of a loop that records nothing: what collecting garbage takes is in both. */
async function steadyModule(record: (i: number) => void): Promise<Measure> {
  const nothing = (): void => {}
  for (const warmUp of [nothing, record]) await longestTurnMs(warmUp)
  return {
    label: 'thread held up at 10,000 records/s, at most',
    unit: 'ms',
    better: 'lower',
    raw: { label: 'loop without a record', value: await longestTurnMs(nothing) },
    ours: await longestTurnMs(record),
    goal: LONGEST_MS,
  }
}

/** The longest turn of the event loop while `record` is called at a steady pace. */
function longestTurnMs(record: (i: number) => void): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const startMs = performance.now()
  let longestMs = 0
  let done = 0
  let before = threadCpuMs()
  const turn = (): void => {
    const now = threadCpuMs()
    longestMs = Math.max(longestMs, now - before)
    before = now
    const due = Math.min((performance.now() - startMs) * RECORDS_PER_MS, done + MOST_AT_ONCE, STEADY_RECORDS)
    while (done < due) record(done++)
    if (done < STEADY_RECORDS) setImmediate(turn)
    else resolve(longestMs)
  }
  turn()
  return promise
}

/** Against an agent that is there at once and commits at once. */
function newModule(): Module {
  const openLink = (onFrames: (frames: readonly Uint8Array[]) => void): Link => ({
    send: async ([header, body]) => {
      const decoded = decodeModuleFrames([utf8(header), body])
      if (!('message' in decoded)) throw new Error(decoded.refused.code)
      const { message } = decoded
      const answer =
        message.kind === 'hello'
          ? ({ kind: 'welcome', v: 1, module: 'bench', stage: 'developer', session: 's' } as const)
          : ({ kind: 'ack', seq: message.seq ?? 0 } as const)
      setImmediate(() => onFrames(encodeFrames(answer)))
    },
    close: () => {},
  })
  const mesh = new Module('bench', { clock: nodeClock, crypto: nodeCrypto, openLink })
  mesh.start()
  return mesh
}
