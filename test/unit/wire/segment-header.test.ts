import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { MAX_SEALED_BYTES, type SegmentHeader } from '../../../src/model/segment.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  headerAad,
  MAX_DROP_DAY,
  MAX_SEGMENT_HEADER_BYTES,
  segmentId,
} from '../../../src/wire/segment-header.ts'
import * as fx from './fixtures.ts'
import { readHeaderPlainly } from './second-header-reader.ts'

const header: SegmentHeader = {
  ...fx.logKey,
  version: 1,
  suite: 1,
  seq: 3,
  prev: fx.bytes(4, 32),
  salt: fx.bytes(1, 16),
  keyCommitment: fx.bytes(2, 16),
  sealedBytes: 1000,
  sealedHash: fx.bytes(3, 32),
  dropAfterDay: 20_800,
}
const encoded = encodeSegmentHeader(header)

/** The header's bytes with some keys set, or with `undefined` left out. */
function changed(changes: Readonly<Record<number, CborValue | undefined>>): Uint8Array {
  const map = new Map(decodeCbor(encoded) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  return encodeCbor(map)
}

const refused: { name: string; changes: Readonly<Record<number, CborValue | undefined>>; code: string }[] = [
  { name: 'another version', changes: { 1: 2 }, code: 'WIRE_VERSION' },
  { name: 'another suite', changes: { 2: 2 }, code: 'WIRE_VERSION' },
  { name: 'no author', changes: { 3: undefined }, code: 'WIRE_FIELD_MISSING' },
  { name: 'a short log id', changes: { 4: fx.bytes(0, 15) }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a negative sequence number', changes: { 6: -1 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a null prev', changes: { 7: null }, code: 'WIRE_FIELD_TYPE' },
  { name: 'a sealed body too short to be one', changes: { 10: 16 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a sealed body over the limit', changes: { 10: MAX_SEALED_BYTES + 1 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a drop day no date can show', changes: { 12: MAX_DROP_DAY + 1 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a long extension', changes: { 99: fx.bytes(0, MAX_SEGMENT_HEADER_BYTES) }, code: 'WIRE_TOO_LARGE' },
]

describe('segment header', () => {
  test.each(fx.vectors('segment-header'))('[SG1] golden: $name', ({ value, hex, derived }) => {
    const bytes = encodeSegmentHeader(value as SegmentHeader)
    expect(fx.toHex(bytes)).toBe(hex)
    expect(decodeSegmentHeader(bytes)).toEqual(value)
    expect(fx.toHex(segmentId(bytes, fx.sha256))).toBe(derived?.['id'])
    expect(fx.toHex(headerAad(bytes))).toBe(derived?.['aad'])
  })

  test.each(fx.vectors('segment-header'))('[SG1] a reader written from the page agrees: $name', ({ value, hex }) => {
    const expected = value as SegmentHeader
    const plain = readHeaderPlainly(hex)
    expect([plain[3], plain[4], plain[5]]).toEqual([expected.author, expected.log, expected.incarnation])
    expect([plain[6], plain[10], plain[12]]).toEqual([expected.seq, expected.sealedBytes, expected.dropAfterDay])
    expect(plain[7]).toBe(expected.prev && fx.toHex(expected.prev))
    expect([plain[8], plain[9], plain[11]]).toEqual(
      [expected.salt, expected.keyCommitment, expected.sealedHash].map((bytes) => fx.toHex(bytes)),
    )
  })

  test('[SG1] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(encoded, decodeSegmentHeader)).toEqual([])
    expect(fx.surprises([encoded], decodeSegmentHeader)).toEqual([])
  })

  test.each(refused)('[SG1] refused: $name', ({ changes, code }) => {
    expect(fx.refusal(() => decodeSegmentHeader(changed(changes)))).toBe(code)
  })

  test('[SG1] the borders themselves are read', () => {
    const borders = changed({ 6: Number.MAX_SAFE_INTEGER, 10: MAX_SEALED_BYTES, 12: MAX_DROP_DAY })
    expect(decodeSegmentHeader(borders)).toMatchObject({ sealedBytes: MAX_SEALED_BYTES, dropAfterDay: MAX_DROP_DAY })
  })

  test('[SG2] the id is a hash of the bytes under its own domain', () => {
    expect(segmentId(encoded, fx.sha256)).toEqual(fx.sha256(concat(utf8('aico-mesh/segment/v1\0'), encoded)))
  })

  test('[SG3] an unknown critical extension is refused by name, an unknown field is not', () => {
    const critical = fx.refusalError(() => decodeSegmentHeader(changed({ 13: [7, 9], 40: 1 })))
    expect(critical).toMatchObject({ code: 'SEGMENT_UNKNOWN_CRITICAL', details: { extension: 7 } })
    expect(decodeSegmentHeader(changed({ 40: 'later' }))).toEqual(header)
  })

  test('[SG4] the first segment has none before it', () => {
    expect(fx.refusal(() => decodeSegmentHeader(changed({ 6: 0 })))).toBe('WIRE_FIELD_RANGE')
    expect(decodeSegmentHeader(changed({ 6: 0, 7: undefined })).prev).toBeUndefined()
  })

  test('[SG5] what is authenticated leaves out length and hash of the ciphertext, and nothing else', () => {
    const aad = headerAad(encoded)
    expect(headerAad(changed({ 10: 17, 11: fx.bytes(99, 32) }))).toEqual(aad)
    for (const key of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 40]) expect(headerAad(changed({ [key]: 1000 }))).not.toEqual(aad)
  })
})
