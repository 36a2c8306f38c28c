import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import { segmentKey } from '../../../../src/sync/core/key-tree.ts'
import { openSegment, resealSegment, sealSegment, type SegmentPlan } from '../../../../src/sync/core/seal-segment.ts'
import { decodeCbor, encodeCbor } from '../../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../../src/wire/cbor-value.ts'
import { CODEC_ZSTD, type SegmentBody } from '../../../../src/wire/segment-body.ts'
import { headerAad } from '../../../../src/wire/segment-header.ts'
import { bytes, crypto, surprises, logKey, refusal, sha256, vectors } from '../../wire/fixtures.ts'

const partKey = bytes(0x70, 32)
const plan: SegmentPlan = { ...logKey, seq: 1, prev: bytes(4, 32), salt: bytes(1, 16), dropAfterDay: undefined }
const body: SegmentBody = { codec: CODEC_ZSTD, rawBytes: 500, records: 2, payload: bytes(0, 200) }
const segment = sealSegment(crypto, partKey, plan, body)

/** A header that names these sealed bytes, and otherwise has `changes`: what a dishonest author could sign. */
function headerFor(sealed: Uint8Array, changes: Readonly<Record<number, CborValue>> = {}): Uint8Array {
  const map = new Map(decodeCbor(segment.headerBytes) as CborMap)
  map.set(10, sealed.length).set(11, sha256(sealed))
  for (const [key, value] of Object.entries(changes)) map.set(Number(key), value)
  return encodeCbor(map)
}

function flipped(source: Uint8Array, at: number): Uint8Array {
  const copy = source.slice()
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

describe('sealing', () => {
  test.each(vectors('sealed-segment'))('[SG10] golden: $name', ({ value, hex, derived }) => {
    const given = value as { partKey: Uint8Array; plan: SegmentPlan; body: SegmentBody }
    const sealed = sealSegment(crypto, given.partKey, given.plan, given.body)
    expect(toHex(sealed.sealed)).toBe(hex)
    expect(toHex(sealed.headerBytes)).toBe(derived?.['header'])
    expect(toHex(sealed.id)).toBe(derived?.['id'])
    expect(openSegment(crypto, given.partKey, sealed.headerBytes, sealed.sealed)).toMatchObject({
      ok: true,
      body: given.body,
    })
  })

  test('[SG10] what was sealed opens, and seals again to the same bytes', () => {
    const payloads = fc.uint8Array({ maxLength: 2000 })
    fc.assert(
      fc.property(payloads, fc.nat(), fc.boolean(), (payload, seq, isFirst) => {
        const mine = { ...body, payload }
        const place = { ...plan, seq: isFirst ? 0 : seq + 1, prev: isFirst ? undefined : plan.prev, dropAfterDay: 9 }
        const sealed = sealSegment(crypto, partKey, place, mine)
        const opened = openSegment(crypto, partKey, sealed.headerBytes, sealed.sealed)
        expect(opened).toEqual({ ok: true, header: sealed.header, body: mine })
        expect(resealSegment(crypto, partKey, sealed.headerBytes, mine)).toEqual({ ok: true, sealed: sealed.sealed })
      }),
    )
  })

  test('[SG10] nothing is sealed that a reader would refuse', () => {
    expect(refusal(() => sealSegment(crypto, partKey, { ...plan, seq: 0 }, body))).toBe('WIRE_FIELD_RANGE')
    expect(refusal(() => sealSegment(crypto, partKey, { ...plan, salt: bytes(0, 15) }, body))).toBe('WIRE_FIELD_RANGE')
    expect(refusal(() => sealSegment(crypto, partKey, plan, { ...body, records: 5000 }))).toBe('WIRE_FIELD_RANGE')
  })

  test('[SG11] sealing again says what does not fit: the key, the payload, the header', () => {
    const reseal = (key: Uint8Array, header: Uint8Array, mine: SegmentBody) => resealSegment(crypto, key, header, mine)
    expect(reseal(bytes(0, 32), segment.headerBytes, body)).toEqual({ ok: false, reason: 'wrong-key' })
    const other = { ...body, payload: flipped(body.payload, 7) }
    expect(reseal(partKey, segment.headerBytes, other)).toEqual({ ok: false, reason: 'mismatch' })
    expect(reseal(partKey, bytes(0, 9), body)).toEqual({ ok: false, reason: 'malformed' })
    expect(reseal(partKey, segment.headerBytes, { ...body, records: -1 })).toEqual({ ok: false, reason: 'malformed' })
  })

  test('[SG11] a header with a field of a later version still opens and still seals to the same bytes', () => {
    const header = headerFor(segment.sealed, { 40: 'later' })
    const key = segmentKey(crypto, partKey, plan)
    const plaintext = crypto.aeadOpen(key, new Uint8Array(12), headerAad(segment.headerBytes), segment.sealed)
    const sealed = crypto.aeadSeal(key, new Uint8Array(12), headerAad(header), plaintext as Uint8Array)
    const final = headerFor(sealed, { 40: 'later' })
    expect(openSegment(crypto, partKey, final, sealed)).toMatchObject({ ok: true, body })
    expect(resealSegment(crypto, partKey, final, body)).toEqual({ ok: true, sealed })
  })

  test.each([
    { name: 'a header that is none', key: partKey, header: bytes(0, 40), sealed: segment.sealed, reason: 'malformed' },
    {
      name: 'another key',
      key: bytes(0, 32),
      header: segment.headerBytes,
      sealed: segment.sealed,
      reason: 'wrong-key',
    },
    {
      name: 'a bit flipped on the way',
      key: partKey,
      header: segment.headerBytes,
      sealed: flipped(segment.sealed, 10),
      reason: 'hash-mismatch',
    },
    {
      name: 'a body cut off',
      key: partKey,
      header: segment.headerBytes,
      sealed: segment.sealed.subarray(1),
      reason: 'hash-mismatch',
    },
    {
      name: 'a header that names another length',
      key: partKey,
      header: headerFor(segment.sealed, { 10: segment.sealed.length + 1 }),
      sealed: segment.sealed,
      reason: 'hash-mismatch',
    },
    {
      name: 'a ciphertext its author altered',
      key: partKey,
      header: headerFor(flipped(segment.sealed, 10)),
      sealed: flipped(segment.sealed, 10),
      reason: 'tampered',
    },
    {
      name: 'a body moved to another author',
      key: partKey,
      header: headerFor(segment.sealed, { 3: bytes(0, 32) }),
      sealed: segment.sealed,
      reason: 'tampered',
    },
    {
      name: 'a body moved to another place',
      key: partKey,
      header: headerFor(segment.sealed, { 6: 2 }),
      sealed: segment.sealed,
      reason: 'tampered',
    },
    {
      name: 'a body moved behind another segment',
      key: partKey,
      header: headerFor(segment.sealed, { 7: bytes(5, 32) }),
      sealed: segment.sealed,
      reason: 'tampered',
    },
  ])('[SG12] $name does not open: $reason', ({ key, header, sealed, reason }) => {
    expect(openSegment(crypto, key, header, sealed)).toEqual({ ok: false, reason })
  })

  test('[SG12] a sealed body that is no body is malformed', () => {
    const key = segmentKey(crypto, partKey, plan)
    const sealed = crypto.aeadSeal(key, new Uint8Array(12), headerAad(segment.headerBytes), bytes(0, 32))
    expect(openSegment(crypto, partKey, headerFor(sealed), sealed)).toEqual({ ok: false, reason: 'malformed' })
  })

  test('[SG12] opening noise never throws', () => {
    expect(
      surprises([segment.headerBytes], (header) => {
        expect(openSegment(crypto, partKey, header, segment.sealed)).toHaveProperty('ok')
      }),
    ).toEqual([])
    expect(
      surprises([segment.sealed], (sealed) => {
        expect(openSegment(crypto, partKey, segment.headerBytes, sealed)).toHaveProperty('ok')
      }),
    ).toEqual([])
  })
})
