import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_SEALED_BYTES, MAX_SEGMENT_RAW_BYTES, MAX_SEGMENT_RECORDS } from '../../../src/model/segment.ts'
import {
  CODEC_NONE,
  CODEC_ZSTD,
  decodeBody,
  encodeBody,
  MAX_BODY_BYTES,
  padme,
  type SegmentBody,
} from '../../../src/wire/segment-body.ts'
import * as fx from './fixtures.ts'

const encode = (body: SegmentBody) => encodeBody(body, body.payload)
const zstd = (payload: Uint8Array): SegmentBody => ({ codec: CODEC_ZSTD, rawBytes: 1000, records: 3, payload })
// 4 bytes of lengths, 2 of payload length, 8 of meta {1: 1, 2: 1000, 3: 3}
const OVERHEAD_BYTES = encode(zstd(new Uint8Array(0))).length

describe('segment body', () => {
  test.each(fx.vectors('segment-body'))('[SG6] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encode(value as SegmentBody))).toBe(hex)
    expect(decodeBody(fx.hexBytes(hex))).toEqual(value)
  })

  test('[SG6] every body comes back, at a length that Padme allows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (payload) => {
        const encoded = encode(zstd(payload))
        expect(decodeBody(encoded)).toEqual(zstd(payload))
        expect(encoded.length).toBe(padme(encoded.length))
      }),
    )
  })

  test('[SG6] every prefix is refused, and noise is refused or read', () => {
    const encoded = encode(zstd(fx.bytes(1, 300)))
    expect(fx.acceptedPrefixes(encoded, decodeBody)).toEqual([])
    expect(fx.surprises([encoded], decodeBody)).toEqual([])
  })

  test('[SG6] padding is exactly what it must be: as many zeros, and zeros only', () => {
    const encoded = encode(zstd(fx.bytes(1, 300)))
    expect(encoded.length).toBeGreaterThan(OVERHEAD_BYTES + 300)
    const marked = encoded.slice()
    marked[marked.length - 1] = 1
    expect(fx.refusal(() => decodeBody(marked))).toBe('BODY_PADDING')
    expect(fx.refusal(() => decodeBody(Uint8Array.of(...encoded, 0)))).toBe('BODY_PADDING')
  })

  test.each([
    { size: 0, padded: 0 },
    { size: 1, padded: 1 },
    { size: 8, padded: 8 },
    { size: 9, padded: 10 },
    { size: 100, padded: 104 },
    { size: 1000, padded: 1024 },
    { size: 65_537, padded: 67_584 },
    { size: 1_048_577, padded: 1_081_344 },
  ])('[SG7] Padme pads $size to $padded', ({ size, padded }) => {
    expect(padme(size)).toBe(padded)
  })

  test('[SG7] Padme never shortens, never goes down, is stable, and adds less than 12 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1 << 24 }), (size) => {
        const padded = padme(size)
        expect(padded).toBeGreaterThanOrEqual(size)
        expect(padded).toBeLessThan(size * 1.12 + 1)
        expect(padme(padded)).toBe(padded)
        expect(padme(size + 1)).toBeGreaterThanOrEqual(padded)
      }),
    )
  })

  test.each([
    { name: 'more records than a segment holds', body: { ...zstd(fx.bytes(0, 1)), records: MAX_SEGMENT_RECORDS + 1 } },
    {
      name: 'more raw bytes than a segment holds',
      body: { ...zstd(fx.bytes(0, 1)), rawBytes: MAX_SEGMENT_RAW_BYTES + 1 },
    },
    { name: 'another codec', body: { ...zstd(fx.bytes(0, 1)), codec: 2 as typeof CODEC_ZSTD } },
  ])('[SG8] $name is not written', ({ body }) => {
    expect(fx.refusal(() => encode(body))).toBe('WIRE_FIELD_RANGE')
  })

  test('[SG8] an uncompressed payload must be as long as it says', () => {
    const payload = fx.bytes(0, 9)
    expect(encode({ codec: CODEC_NONE, rawBytes: 9, records: 1, payload })).toBeDefined()
    expect(fx.refusal(() => encode({ codec: CODEC_NONE, rawBytes: 8, records: 1, payload }))).toBe('BODY_RAW_BYTES')
  })

  test('[SG8] the largest segment fits even if it does not compress, and a larger body is refused', () => {
    const largest = encode(zstd(new Uint8Array(MAX_SEGMENT_RAW_BYTES)))
    expect(largest.length).toBeLessThan(MAX_SEALED_BYTES)
    expect(decodeBody(largest).payload).toHaveLength(MAX_SEGMENT_RAW_BYTES)
    expect(fx.refusal(() => encode(zstd(new Uint8Array(MAX_BODY_BYTES))))).toBe('WIRE_TOO_LARGE')
    expect(fx.refusal(() => decodeBody(new Uint8Array(MAX_BODY_BYTES + 1)))).toBe('WIRE_TOO_LARGE')
  })
})
