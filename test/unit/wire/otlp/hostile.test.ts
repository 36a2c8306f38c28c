/** Bytes and text nobody should send: they may be refused or rejected, and nothing else may happen. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import type { Signal } from '../../../../src/model/lane.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { otlpJsonToProtobuf } from '../../../../src/wire/otlp/from-json.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import type { Scan } from '../../../../src/wire/otlp/rows.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { splitResource } from '../../../../src/wire/otlp/split.ts'
import { logsToJson, metricsToJson, tracesToJson } from '../../../../src/wire/otlp/to-json.ts'
import { field } from './raw.ts'
import { otelJs } from './fixtures.ts'

const DECODE: Readonly<Record<Signal, (payload: Uint8Array) => unknown>> = {
  traces: decodeSpans,
  logs: decodeLogRecords,
  metrics: decodeMetrics,
}
const TO_JSON: Readonly<Record<Signal, (payload: Uint8Array) => object>> = {
  traces: tracesToJson,
  logs: logsToJson,
  metrics: metricsToJson,
}
const signals = ['traces', 'logs', 'metrics'] as const

/** What `work` gives, or undefined for an OtlpError; anything else thrown fails the test. */
function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (err) {
    if (err instanceof OtlpError) return undefined
    throw err
  }
}

type Outcome = 'refused' | 'rejected' | 'taken'

/** Scan, cut, decode: what passes the scan must pass the rest. */
function push(signal: Signal, bytes: Uint8Array): Outcome {
  unlessRefused(() => DECODE[signal](bytes))
  unlessRefused(() => TO_JSON[signal](bytes))
  const scan = unlessRefused(() => scanOtlp(signal, bytes))
  if (scan === undefined) return 'refused'
  const limits = { maxRecords: 2, maxBytes: 1000 }
  const chunks = scan.resources.flatMap((resource) => splitResource(scan.columns, resource, () => true, limits))
  const kept = concat(...chunks.map((chunk) => chunk.bytes))
  assertWhole(scanOtlp(signal, kept), scan.accepted)
  DECODE[signal](kept)
  const back = otlpJsonToProtobuf(signal, JSON.stringify(TO_JSON[signal](kept)))
  assertWhole({ accepted: scanOtlp(signal, back.bytes).accepted, rejected: back.rejected }, scan.accepted)
  return scan.rejected ? 'rejected' : 'taken'
}

/** Plain code: called ten thousand times, where `expect` is slow. */
function assertWhole({ accepted, rejected }: Pick<Scan, 'accepted' | 'rejected'>, wanted: number): void {
  if (accepted !== wanted || rejected !== undefined) {
    throw new Error(`${accepted} of ${wanted} records, rejected: ${rejected?.message ?? 'none'}`)
  }
}

function outcomes(signal: Signal, messages: readonly Uint8Array[]): ReadonlySet<Outcome> {
  return new Set(messages.map((bytes) => push(signal, bytes)))
}

describe.each(signals)('hostile %s', (signal) => {
  const good = otelJs(signal)

  test('[OT9] every strict prefix is refused, but for the empty one', () => {
    const prefixes = Array.from({ length: good.length - 1 }, (_, i) => good.slice(0, i + 1))
    expect(outcomes(signal, prefixes)).toEqual(new Set(['refused']))
  })

  test('[OT9] every flipped bit is refused, rejected or taken without harm', () => {
    const flipped = Array.from({ length: good.length * 8 }, (_, bit) => {
      const bytes = good.slice()
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
      return bytes
    })
    expect(outcomes(signal, flipped)).toEqual(new Set(['refused', 'rejected', 'taken']))
  })

  test('[OT9] every byte replaced by a number near 2^31 does no harm', () => {
    const huge = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x07])
    const replaced = Array.from(good, (_, at) => concat(good.slice(0, at), huge, good.slice(at + 1)))
    expect(outcomes(signal, replaced)).toContain('refused')
  })

  test('[OT9] random bytes do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(push(signal, bytes)).toBeDefined()
      }),
    )
  })

  test('[OT9] random records in an intact message are rejected at most', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (records) => {
        const bytes = field(1, field(2, ...records.map((record) => field(2, record))))
        expect(push(signal, bytes)).not.toBe('refused')
      }),
    )
  })

  test('[OT9] messages nested in each other thousands of times do no harm', () => {
    for (const number of [1, 2]) expect(push(signal, nestedFields(number, 3000))).toBeDefined()
    for (const number of [5, 7, 9]) {
      const record = nestedFields(number, 3000)
      expect(push(signal, field(1, field(2, field(2, record))))).not.toBe('refused')
    }
  })

  test('[OT9] any JSON value is refused or converted', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const back = unlessRefused(() => otlpJsonToProtobuf(signal, text))
        expect(back === undefined || scanOtlp(signal, back.bytes).accepted === 0).toBe(true)
      }),
    )
  })

  test('[OT9] any JSON value in the place of any other does no harm', () => {
    const text = JSON.stringify(TO_JSON[signal](good))
    const places = [...text.matchAll(/(?<=:)(?:"[^"]*"|[\d.-]+|true)/g)]
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.json(), ({ index, 0: old }, json) => {
        const changed = text.slice(0, index) + json + text.slice(index + old.length)
        const back = unlessRefused(() => otlpJsonToProtobuf(signal, changed))
        expect(back && push(signal, back.bytes)).not.toBe('refused')
      }),
      { numRuns: 500 },
    )
  })
})

function nestedFields(number: number, depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array()
  for (let i = 0; i < depth; i++) bytes = field(number, bytes)
  return bytes
}
