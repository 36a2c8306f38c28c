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

/** Scan, cut, decode: what passes the scan must pass the rest. */
function push(signal: Signal, bytes: Uint8Array): void {
  unlessRefused(() => DECODE[signal](bytes))
  unlessRefused(() => TO_JSON[signal](bytes))
  const scan = unlessRefused(() => scanOtlp(signal, bytes))
  if (scan === undefined) return
  const limits = { maxRecords: 2, maxBytes: 1000 }
  const chunks = scan.resources.flatMap((resource) => splitResource(signal, bytes, resource, () => true, limits))
  const kept = concat(...chunks.map((chunk) => chunk.bytes))
  expect(scanOtlp(signal, kept)).toMatchObject({ accepted: scan.accepted, rejected: undefined })
  DECODE[signal](kept)
  const back = otlpJsonToProtobuf(signal, JSON.stringify(TO_JSON[signal](kept)))
  expect(back.rejected).toBeUndefined()
  expect(scanOtlp(signal, back.bytes).accepted).toBe(scan.accepted)
}

describe.each(signals)('hostile %s', (signal) => {
  const good = otelJs(signal)

  test('[OT9] every strict prefix is refused or taken without harm', () => {
    for (let length = 0; length < good.length; length++) push(signal, good.slice(0, length))
  })

  test('[OT9] every flipped bit is refused, rejected or taken without harm', () => {
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bytes = good.slice()
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
      push(signal, bytes)
    }
  })

  test('[OT9] every byte replaced by the start of a huge number does no harm', () => {
    for (let at = 0; at < good.length; at++) {
      push(signal, concat(good.slice(0, at), new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x07]), good.slice(at + 1)))
    }
  })

  test('[OT9] random bytes do no harm', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => push(signal, bytes)))
  })

  test('[OT9] random records in an intact message do no harm', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (records) => {
        push(signal, field(1, field(2, ...records.map((record) => field(2, record)))))
      }),
    )
  })

  test('[OT9] messages nested a hundred thousand times do no harm', () => {
    let bytes: Uint8Array = new Uint8Array([0x0a, 0x00])
    for (let i = 0; i < 2000; i++) bytes = field(i % 2 === 0 ? 1 : 2, bytes)
    push(signal, bytes)
    for (const number of [5, 9, 1, 2]) push(signal, field(1, field(2, field(2, deep(number, 5000)))))
  })

  test('[OT9] any JSON value does no harm', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        unlessRefused(() => otlpJsonToProtobuf(signal, text))
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
        if (back !== undefined) push(signal, back.bytes)
      }),
      { numRuns: 500 },
    )
  })
})

function deep(number: number, depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array()
  for (let i = 0; i < depth; i++) bytes = field(number, bytes)
  return bytes
}
