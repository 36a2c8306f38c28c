/** What instrumentation costs the thread of a module: a log call, a span, a measured value, beside the libraries they stand for. */
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import pino from 'pino'
import { Counter as PromCounter, Registry } from 'prom-client'
import { utf8 } from '../src/base/bytes.ts'
import { nodeClock } from '../src/platform/node-clock.ts'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import type { Link } from '../src/sdk/link.ts'
import { Module } from '../src/sdk/module.ts'
import { decodeModuleFrames, encodeFrames } from '../src/wire/bus-frames.ts'
import { spreadOf, type Measure } from './support/measure.ts'

export const name = 'sdk'
export const what =
  'A module that calls 200,000 times in blocks of 1,000, a round of the event loop between two, everything included that follows on its thread: encoding, ' +
  'queueing, handing over to a link that acknowledges at once. The limits are pino to a stream that does nothing, the OpenTelemetry SDK with a batch ' +
  'processor and an exporter that does nothing, and prom-client, called in the same way.'

const BLOCKS = 200
const CALLS = 1_000
const ROUNDS = 5

const LOG_SHARE = 1 / 1.2
const SPAN_SHARE = 1 / 0.8
const COUNTER_SHARE = 1

export async function run(): Promise<readonly Measure[]> {
  const mesh = newModule()
  const log = pino({ base: null }, { write() {} })
  const otel = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: silentExporter })] }).getTracer(
    'bench',
  )
  const counter = mesh.meter.createCounter('bench.calls')
  const prom = new PromCounter({
    name: 'bench_calls',
    help: 'x',
    labelNames: ['method', 'status'],
    registers: [new Registry()],
  })
  const attributes = { 'a.text': 'value', 'a.number': 4, 'a.flag': true, 'a.other': 'another value' }
  const spanOf = (tracer: typeof otel) => () => tracer.startSpan('work', { attributes }).end()
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
      raw: spanOf(otel),
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
      raw: () => prom.inc({ method: 'GET', status: 200 }, 1),
    },
  ]
  const measures: Measure[] = []
  for (const { label, share, peer, ours, raw } of pairs) {
    await nanosPerCall(raw)
    await nanosPerCall(ours)
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
      shareGoal: share,
    })
  }
  await mesh.close()
  return measures
}

/** Time on the thread, of the calls and of what they cause until the event loop has nothing to do. */
async function nanosPerCall(call: () => void): Promise<number> {
  const before = process.threadCpuUsage()
  for (let block = 0; block < BLOCKS; block++) {
    for (let i = 0; i < CALLS; i++) call()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { user, system } = process.threadCpuUsage(before)
  return ((user + system) * 1_000) / (BLOCKS * CALLS)
}

const silentExporter: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
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
