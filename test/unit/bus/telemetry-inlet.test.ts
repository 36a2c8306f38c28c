import { expect, test } from 'vitest'
import { MeshError } from '../../../src/base/errors.ts'
import type { ModuleCounters, ReportSink, TelemetrySink } from '../../../src/bus/bus-ports.ts'
import { DEFAULT_RETRY_AFTER_MS, TelemetryInlet } from '../../../src/bus/telemetry-inlet.ts'
import { manualClock } from '../../support/manual-clock.ts'

const REPORT = { kind: 'audit', seq: 8, body: new Uint8Array(3) } as const
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const BATCH = { kind: 'telemetry', seq: 7, signal: 'traces', encoding: 'protobuf', body: new Uint8Array(3) } as const

function inletOf(sinks: { readonly telemetry: TelemetrySink; readonly reports: ReportSink }) {
  const counters: ModuleCounters = {
    refusedKeys: 0,
    badFrames: 0,
    notAllowed: 0,
    telemetryAccepted: 0,
    telemetryBusy: 0,
    telemetryRefused: 0,
    published: 0,
    delivered: 0,
    droppedMessages: 0,
    slowReaders: 0,
  }
  const clock = manualClock()
  return { inlet: new TelemetryInlet({ module: 'core', ...sinks, counters, clock, log: silent }), clock }
}

function answerTo(failure: Error, message: Parameters<TelemetryInlet['accept']>[0] = BATCH) {
  const sink = { accept: () => Promise.reject(failure) }
  return inletOf({ telemetry: sink, reports: sink }).inlet.accept(message)
}

const rows: readonly { readonly name: string; readonly failure: Error; readonly want: object }[] = [
  {
    name: 'a batch that is no OTLP is refused for good',
    failure: new MeshError('OTLP_MALFORMED', 'no'),
    want: { code: 'OTLP_MALFORMED' },
  },
  {
    name: 'a full queue is busy, for as long as it says',
    failure: new MeshError('INGEST_BUSY', 'no', { details: { retryAfterMs: 20 } }),
    want: { code: 'BUS_BUSY', retryAfterMs: 20 },
  },
  {
    name: 'a bug is tried again',
    failure: new TypeError('oops'),
    want: { code: 'BUS_INTERNAL', retryAfterMs: DEFAULT_RETRY_AFTER_MS },
  },
  {
    name: 'a bug that crossed a thread is tried again too',
    failure: new MeshError('INTERNAL', 'unexpected failure in the store thread'),
    want: { code: 'BUS_INTERNAL', retryAfterMs: DEFAULT_RETRY_AFTER_MS },
  },
]
test.each(rows)('[BU31] $name', async ({ failure, want }) => {
  expect(await answerTo(failure)).toEqual({ kind: 'nack', seq: 7, ...want })
})

test('[BU71] a report that can never be taken is refused for good', async () => {
  expect(await answerTo(new MeshError('REPORT_INVALID', 'no'), REPORT)).toEqual({
    kind: 'nack',
    seq: 8,
    code: 'REPORT_INVALID',
  })
})

test('[BU71] a module that reports without end is slowed down', async () => {
  const reports: string[] = []
  const { inlet, clock } = inletOf({
    telemetry: { accept: () => Promise.reject(new Error('not this one')) },
    reports: { accept: async ({ module }) => void reports.push(module) },
  })
  const answers = []
  for (let i = 0; i < 601; i++) answers.push(await inlet.accept(REPORT))
  expect(reports).toHaveLength(600)
  expect(answers.at(-1)).toEqual({ kind: 'nack', seq: 8, code: 'BUS_BUSY', retryAfterMs: 1_000 })
  clock.advance(1_000)
  expect(await inlet.accept(REPORT)).toEqual({ kind: 'ack', seq: 8 })
})
