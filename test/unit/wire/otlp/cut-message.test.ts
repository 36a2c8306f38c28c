import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex } from '../../../../src/base/bytes.ts'
import { cutMessage, type CutLimits, type KeepRecord } from '../../../../src/wire/otlp/cut-message.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { MAX_HEAD_BYTES } from '../../../../src/wire/otlp/limits.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { dataOf, field, GOOD_SPAN, GOOD_SPAN_ID, GOOD_TRACE_ID, SERVICE, varint } from './raw.ts'

const WIDE: CutLimits = { maxRecords: 1000, maxBytes: 1 << 20 }

const span = (name: string): Uint8Array => field(2, field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID), field(5, name))
const scope = (name: string, ...spans: readonly Uint8Array[]): Uint8Array =>
  field(2, field(1, field(1, name)), ...spans, field(3, `url of ${name}`))

const message = concat(
  field(1, SERVICE, scope('a', span('1'), span('2')), scope('b', span('3')), varint(50, 7)),
  field(1, scope('c', span('4'))),
)

/** What is in each piece, as `scope/span`. */
function cut(bytes: Uint8Array, limits: CutLimits, keep?: KeepRecord): readonly (readonly string[])[] {
  return [...cutMessage(bytes, limits, keep)].map((piece) => {
    const spans = decodeSpans(piece.bytes)
    expect(piece.records).toBe(spans.length)
    expect(scanOtlp('traces', piece.bytes)).toMatchObject({ accepted: spans.length, rejected: undefined })
    return spans.map(({ scope: { name: scopeName }, name }) => `${scopeName}/${name}`)
  })
}
const named =
  (...names: readonly string[]): KeepRecord =>
  (record) => {
    const text = new TextDecoder().decode(record)
    return names.some((name) => text.endsWith(name))
  }

describe('messages cut into pieces', () => {
  test('[IM2] a resource that fits is copied as it is, and as a copy', () => {
    const pieces = [...cutMessage(message, WIDE)]
    expect(concat(...pieces.map(({ bytes }) => bytes))).toEqual(message)
    expect(pieces[0]?.bytes.buffer).not.toBe(message.buffer)
  })

  test.each([
    { name: 'one record', maxRecords: 1, pieces: [['a/1'], ['a/2'], ['b/3'], ['c/4']] },
    { name: 'two records', maxRecords: 2, pieces: [['a/1', 'a/2'], ['b/3'], ['c/4']] },
    { name: 'three records', maxRecords: 3, pieces: [['a/1', 'a/2', 'b/3'], ['c/4']] },
  ])('[IM2] pieces of $name keep order, resource and scope', ({ maxRecords, pieces }) => {
    expect(cut(message, { ...WIDE, maxRecords })).toEqual(pieces)
  })

  test('[IM2] heads, schema URLs and unknown fields go with every piece', () => {
    const [first, second] = [...cutMessage(message, { ...WIDE, maxRecords: 2 })].map(({ bytes }) => toHex(bytes))
    for (const piece of [first, second]) {
      expect(piece).toContain(toHex(SERVICE))
      expect(piece).toContain(toHex(varint(50, 7)))
    }
    expect(first).toContain(toHex(field(3, 'url of a')))
    expect(second).toContain(toHex(field(3, 'url of b')))
  })

  test('[IM2] a record larger than a piece has one of its own', () => {
    expect(cut(message, { maxRecords: 10, maxBytes: 1 })).toEqual([['a/1'], ['a/2'], ['b/3'], ['c/4']])
  })

  test.each([
    { name: 'nothing', keep: named('no such'), pieces: [] },
    { name: 'one of each scope', keep: named('2', '3'), pieces: [['a/2', 'b/3']] },
    { name: 'the last resource', keep: named('4'), pieces: [['c/4']] },
  ])('[EX3] keeping $name keeps just that', ({ keep, pieces }) => {
    expect(cut(message, WIDE, keep)).toEqual(pieces)
  })

  test('[EX3] whatever is kept and however it is cut, records keep their bytes and their order', () => {
    const records = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 })
    const limits = fc.record({ maxRecords: fc.integer({ min: 1, max: 5 }), maxBytes: fc.integer({ min: 1, max: 80 }) })
    fc.assert(
      fc.property(
        fc.array(fc.array(records, { maxLength: 3 }), { maxLength: 3 }),
        limits,
        fc.nat(),
        (data, cuts, odd) => {
          const isKept = (record: Uint8Array): boolean => (record.length + odd) % 3 !== 0
          const bytes = concat(
            ...data.map((scopes) =>
              field(1, SERVICE, ...scopes.map((each) => field(2, ...each.map((one) => field(2, one))))),
            ),
          )
          const kept: string[] = []
          for (const piece of cutMessage(bytes, cuts, isKept)) {
            expect(piece.records).toBeLessThanOrEqual(cuts.maxRecords)
            const spy = (record: Uint8Array): boolean => {
              kept.push(toHex(record))
              return false
            }
            expect([...cutMessage(piece.bytes, cuts, spy)]).toEqual([])
          }
          expect(kept).toEqual(data.flat(2).filter(isKept).map(toHex))
        },
      ),
    )
  })

  test('[IM2] a resource without records, and what is no resource, is left out', () => {
    expect(cut(concat(field(1, SERVICE, field(2)), varint(9, 1), field(1, scope('a', span('1')))), WIDE)).toEqual([
      ['a/1'],
    ])
  })

  test.each([
    { name: 'a resource of the wrong wire type', bytes: varint(1, 3) },
    { name: 'a scope of the wrong wire type', bytes: field(1, varint(2, 3), scope('a', span('1'), span('2'))) },
    { name: 'a length past the end', bytes: message.subarray(0, -1) },
    {
      name: 'a head too large to be repeated',
      bytes: field(1, field(1, new Uint8Array(MAX_HEAD_BYTES)), scope('a', span('1'), span('2'))),
    },
  ])('[IM5] $name cannot be cut', ({ bytes }) => {
    expect(() => [...cutMessage(bytes, { ...WIDE, maxRecords: 1 })]).toThrow(OtlpError)
  })

  test('[IM5] hostile bytes give pieces or an OtlpError', () => {
    const good = dataOf(GOOD_SPAN, GOOD_SPAN)
    const altered = fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const bytes = good.slice()
      bytes[at] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), altered), (bytes) => {
        try {
          for (const piece of cutMessage(bytes, { maxRecords: 1, maxBytes: 10 })) expect(piece.records).toBe(1)
        } catch (err) {
          expect(err).toBeInstanceOf(OtlpError)
        }
      }),
    )
  })
})
