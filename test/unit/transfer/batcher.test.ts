import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { Batcher, BATCH_BYTES, BATCH_RECORDS, findRejected, type Batch } from '../../../src/transfer/batcher.ts'
import type { Found, Place } from '../../../src/transfer/found.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'
import { encodeTracesData } from '../../../src/wire/otlp/encode.ts'
import { scanOtlp } from '../../../src/wire/otlp/scan.ts'
import { logs, manySpans, traces } from '../../support/otlp-records.ts'
import { batch, span } from '../wire/otlp/arbitraries.ts'
import { field, varint } from '../wire/otlp/raw.ts'

type Message = Extract<Found, { kind: 'message' }>
const at = (line: number): Place => ({ unit: 'line', at: line })
const message = (line: number, bytes: Uint8Array, signal: Message['signal'] = 'traces'): Message => ({
  kind: 'message',
  place: at(line),
  signal,
  bytes,
})

function gather(...messages: readonly Message[]) {
  const batcher = new Batcher()
  const items = messages.flatMap((each) => [...batcher.add(each)])
  const all = [...items, ...batcher.finish()]
  return {
    batches: all.filter((item): item is Batch => 'parts' in item),
    rejected: all.filter((item): item is Extract<typeof item, { kind: 'rejected' }> => !('parts' in item)),
  }
}

describe('batches', () => {
  test('[IM2] small messages go together, each with its place', () => {
    const { batches } = gather(...[1, 2, 3].map((line) => message(line, manySpans('app', line, 1, 100))))
    expect(batches.map(({ records, parts }) => [records, parts.map(({ place }) => place.at)])).toEqual([
      [300, [1, 2, 3]],
    ])
  })

  test('[IM2] a large message is cut', () => {
    const { batches } = gather(message(1, manySpans('app', 1, 1, 1200)))
    expect(batches.map(({ records }) => records)).toEqual([BATCH_RECORDS, BATCH_RECORDS, 176])
  })

  test('[IM2] signals do not mix', () => {
    const { batches } = gather(
      message(1, manySpans('app', 1, 1, 3)),
      message(2, logs('app', 9), 'logs'),
      message(3, manySpans('app', 1, 4, 3)),
    )
    expect(batches.map(({ signal, records }) => [signal, records])).toEqual([
      ['traces', 6],
      ['logs', 1],
    ])
  })

  test('[IM2] bytes are bounded, but for a record that is larger', () => {
    const [large, huge] = [BATCH_BYTES / 2, BATCH_BYTES + 1].map((size, i) =>
      traces('app', { trace: 1, span: i + 1, text: 'x'.repeat(size) }),
    )
    const { batches } = gather(
      message(1, large as Uint8Array),
      message(2, huge as Uint8Array),
      message(3, large as Uint8Array),
    )
    expect(batches.map(({ records }) => records)).toEqual([1, 1, 1])
  })

  test('[EX6] every record is in one batch, with the bytes and the surroundings it had', () => {
    const sizes = fc.array(fc.array(span, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 60 })
    const recordsIn = (bytes: Uint8Array): string[] =>
      decodeSpans(bytes).map(
        ({ recordBytes, resource, scope }) => `${toHex(recordBytes)} ${JSON.stringify([resource, scope])}`,
      )
    fc.assert(
      fc.property(sizes, (lines) => {
        const messages = lines.map((spans, i) => message(i + 1, encodeTracesData({ ...batch, spans })))
        const { batches, rejected } = gather(...messages)
        expect(rejected).toEqual([])
        expect(batches.every(({ records }) => records <= BATCH_RECORDS)).toBe(true)
        expect(batches.flatMap(({ bytes }) => recordsIn(bytes))).toEqual(
          messages.flatMap(({ bytes }) => recordsIn(bytes)),
        )
        for (const { bytes, records } of batches) expect(scanOtlp('traces', bytes).accepted).toBe(records)
      }),
      { numRuns: 30 },
    )
  })

  test('[IM5] a message that cannot be taken apart is left out alone', () => {
    const { batches, rejected } = gather(
      message(1, varint(1, 5)),
      message(2, manySpans('app', 1, 1, 1)),
      message(3, field(1, varint(2, 1), field(2, field(2, 'x')), field(2, field(2, 'y')))),
    )
    expect(rejected.map(({ place, problem }) => [place.at, problem.code])).toEqual([[1, 'OTLP_MALFORMED']])
    // The last is whole as far as framing goes: the door says what is wrong with it.
    expect(batches.map(({ records }) => records)).toEqual([3])
  })

  test('[IM5] of a batch that the door refused in part, the parts are named', () => {
    const bad = (line: number): Message =>
      message(line, traces('app', { trace: 1, span: 1, isBad: true }, { trace: 1, span: 2 }))
    const { batches } = gather(message(1, manySpans('app', 1, 1, 2)), bad(2), bad(7))
    expect(
      [...findRejected(batches[0] as Batch)].map(({ place, records, problem }) => [place.at, records, problem.code]),
    ).toEqual([
      [2, 1, 'OTLP_BAD_TIME'],
      [7, 1, 'OTLP_BAD_TIME'],
    ])
  })
})
