import * as fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import {
  otlpAnswer,
  otlpBusy,
  otlpFailure,
  readOtlpRequest,
  type OtlpRequest,
} from '../../../src/ingest/otlp-request.ts'
import { addRejected } from '../../../src/wire/otlp/rejected-tally.ts'
import { scanOtlp } from '../../../src/wire/otlp/scan.ts'
import { OtlpError } from '../../../src/wire/otlp/otlp-error.ts'

const NONE = new Uint8Array()

function request(parts: Partial<OtlpRequest>): OtlpRequest {
  return { signal: 'traces', encoding: 'protobuf', gzip: false, body: NONE, ...parts }
}
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('reading', () => {
  test('[OH6] protobuf is taken as it is', () => {
    const body = Uint8Array.of(1, 2, 3)
    const message = readOtlpRequest(request({ body }))
    expect(message).toEqual({ ok: true, encoding: 'protobuf', bytes: body, rejected: undefined })
  })
  test('[OH6] gzip is decompressed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const message = readOtlpRequest(request({ gzip: true, body: new Uint8Array(gzipSync(bytes)) }))
        expect(message).toEqual({ ok: true, encoding: 'protobuf', bytes, rejected: undefined })
      }),
      { numRuns: 20 },
    )
  })
  test('[OH9] JSON becomes protobuf, without the record that is not one', () => {
    const good = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'good' }
    const spans = [good, { ...good, kind: 'SPAN_KIND_SERVER' }]
    const body = utf8(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))
    const message = readOtlpRequest(request({ encoding: 'json', body }))
    expect(message).toMatchObject({ ok: true, encoding: 'json', rejected: { count: 1 } })
    expect(message.ok && scanOtlp('traces', message.bytes)).toMatchObject({ accepted: 1, rejected: undefined })
  })
  test.each([
    ['gzip that is not', { gzip: true, body: utf8('plain') }, 'protobuf'],
    ['an empty gzip', { gzip: true }, 'protobuf'],
    ['JSON that is empty', { encoding: 'json' }, 'json'],
    ['JSON that is not', { encoding: 'json', body: utf8('{') }, 'json'],
    ['JSON that is not UTF-8', { encoding: 'json', body: Uint8Array.of(0x22, 0xff, 0x22) }, 'json'],
    ['JSON of another shape', { encoding: 'json', body: utf8('[]') }, 'json'],
  ] as const)('[OH10] %s is refused for good', (_, parts, encoding) => {
    expect(readOtlpRequest(request(parts))).toMatchObject({ ok: false, status: 400, rpcCode: 3, encoding })
  })
  test('[OH7] the limit holds again after decompression, to the byte', () => {
    const gzipped = (length: number) => request({ gzip: true, body: new Uint8Array(gzipSync(new Uint8Array(length))) })
    expect(readOtlpRequest(gzipped(1000), 1000)).toMatchObject({ ok: true })
    expect(readOtlpRequest(gzipped(1001), 1000)).toMatchObject({ ok: false, status: 413, rpcCode: 8 })
  })
  test('[OH10] every strict prefix of a gzip body is refused, and none throws', () => {
    const whole = new Uint8Array(gzipSync(utf8('some telemetry')))
    for (let length = 0; length < whole.length; length++) {
      const message = readOtlpRequest(request({ gzip: true, body: whole.subarray(0, length) }))
      expect(message).toMatchObject({ ok: false, status: 400 })
    }
  })
  test('[OH10] a gzip body that is cut off is told apart from one that is damaged, and from none', () => {
    const whole = new Uint8Array(gzipSync(utf8('some telemetry')))
    const damaged = whole.map((byte, i) => (i === 12 ? byte ^ 0xff : byte))
    const messageOf = (body: Uint8Array): unknown => {
      const answer = readOtlpRequest(request({ gzip: true, body }))
      return answer.ok ? undefined : answer.message
    }
    expect(messageOf(whole.subarray(0, whole.length - 1))).toBe('the gzip body is cut off: its end is missing')
    expect(messageOf(damaged)).toBe('the gzip body is damaged')
    expect(messageOf(utf8('plain text'))).toBe('body is not gzip')
  })
  test('[OH10] hostile bytes under any label are an answer, never an error', () => {
    const requests = fc.record({
      signal: fc.constantFrom('traces' as const, 'logs' as const, 'metrics' as const),
      encoding: fc.constantFrom('protobuf' as const, 'json' as const),
      gzip: fc.boolean(),
      body: fc.oneof(
        fc.uint8Array(),
        fc.json().map(utf8),
        fc.uint8Array().map((bytes) => new Uint8Array(gzipSync(bytes))),
      ),
    })
    fc.assert(
      fc.property(requests, (hostile) => {
        expect(readOtlpRequest(hostile)).toHaveProperty('ok')
      }),
    )
  })
})

describe('answering', () => {
  const success = { ok: true, signal: 'logs', rejected: undefined } as const
  test('[OH8] full success leaves partial_success unset', () => {
    const whole = { status: 200, encoding: 'protobuf', retryAfterS: 0, body: NONE }
    expect(otlpAnswer({ ...success, encoding: 'protobuf' })).toEqual(whole)
    const asJson = otlpAnswer({ ...success, encoding: 'json' })
    expect(asJson).toMatchObject({ status: 200, encoding: 'json', retryAfterS: 0 })
    expect(textOf(asJson.body)).toBe('{}')
  })
  test('[OH9] partial success counts what was rejected, by the name of the signal', () => {
    const reason = { count: 2, code: 'OTLP_BAD_ID', message: 'no' }
    const rejected = { ...reason, reasons: [reason] }
    const name = (signal: 'traces' | 'logs' | 'metrics') =>
      JSON.parse(textOf(otlpAnswer({ ok: true, signal, encoding: 'json', rejected }).body)) as unknown
    const errorMessage = 'OTLP_BAD_ID: no'
    expect(name('traces')).toEqual({ partialSuccess: { rejectedSpans: '2', errorMessage } })
    expect(name('logs')).toEqual({ partialSuccess: { rejectedLogRecords: '2', errorMessage } })
    expect(name('metrics')).toEqual({ partialSuccess: { rejectedDataPoints: '2', errorMessage } })
    const protobuf = otlpAnswer({ ...success, encoding: 'protobuf', rejected })
    expect(hexOf(protobuf.body)).toBe(`0a130802120f${hexOf(utf8(errorMessage))}`)
  })
  test('[OH11] a failure is a google.rpc.Status in the encoding of the request', () => {
    const failure = { ok: false, status: 400, rpcCode: 3, message: 'no' } as const
    const protobuf = otlpAnswer({ ...failure, encoding: 'protobuf' })
    expect(protobuf).toMatchObject({ status: 400, encoding: 'protobuf', retryAfterS: 0 })
    expect(hexOf(protobuf.body)).toBe('080312026e6f')
    const asJson = otlpAnswer({ ...failure, encoding: 'json' })
    expect(asJson).toMatchObject({ status: 400, encoding: 'json' })
    expect(JSON.parse(textOf(asJson.body))).toEqual({ code: 3, message: 'no' })
  })
  test.each([
    [undefined, 1],
    [0, 1],
    [1.2, 2],
    [3, 3],
    [600, 3],
  ])('[OH12] busy for %s s is 503 with a pause of %s s, which exporters can wait', (seconds, pause) => {
    const answer = otlpAnswer(otlpBusy('json', seconds))
    expect(answer).toMatchObject({ status: 503, retryAfterS: pause })
    expect(JSON.parse(textOf(answer.body))).toMatchObject({ code: 14 })
  })
  test('[OH10] what the scan refuses as a whole is 400, or 413 if it is too much; a fault of ours is not an answer', () => {
    expect(otlpFailure(new OtlpError('OTLP_MALFORMED', 'x'), 'json')).toMatchObject({ status: 400, rpcCode: 3 })
    expect(otlpFailure(new OtlpError('OTLP_TOO_LARGE', 'x'), 'json')).toMatchObject({ status: 413, rpcCode: 8 })
    expect(() => otlpFailure(new TypeError('ours'), 'json')).toThrow('ours')
  })
  test('[OH9] rejections of two steps add up, each reason with its count', () => {
    const [first, second] = ['A', 'B'].map((code, i) => {
      const reason = { count: i + 1, code, message: code }
      return { ...reason, reasons: [reason] }
    })
    expect(addRejected(first, second)).toEqual({
      count: 3,
      code: 'A',
      message: 'A',
      reasons: [
        { count: 1, code: 'A', message: 'A' },
        { count: 2, code: 'B', message: 'B' },
      ],
    })
    expect(addRejected(first, first)).toMatchObject({ count: 2, reasons: [{ count: 2, code: 'A' }] })
    expect(addRejected(first, undefined)).toBe(first)
    expect(addRejected(undefined, second)).toBe(second)
    expect(addRejected(undefined, undefined)).toBeUndefined()
  })
})
