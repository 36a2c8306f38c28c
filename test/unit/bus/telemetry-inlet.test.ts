import { expect, test } from 'vitest'
import { MeshError } from '../../../src/base/errors.ts'
import type { ModuleCounters } from '../../../src/bus/bus-ports.ts'
import { DEFAULT_RETRY_AFTER_MS, TelemetryInlet } from '../../../src/bus/telemetry-inlet.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const BATCH = { kind: 'telemetry', seq: 7, signal: 'traces', encoding: 'protobuf', body: new Uint8Array(3) } as const

function answerTo(failure: Error) {
  const counters: ModuleCounters = {
    refusedKeys: 0,
    badFrames: 0,
    telemetryAccepted: 0,
    telemetryBusy: 0,
    telemetryRefused: 0,
    published: 0,
    delivered: 0,
    droppedMessages: 0,
    slowReaders: 0,
  }
  return new TelemetryInlet('core', { accept: () => Promise.reject(failure) }, counters, silent).accept(BATCH)
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
