import { describe, expect, test } from 'vitest'
import { MAX_DEVICE_NAME_BYTES } from '../../../src/model/device-name.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import { cardMap } from '../../../src/wire/device-card.ts'
import {
  decodeMembershipOp,
  decodeMembershipPayload,
  encodeMembershipEnvelope,
  encodeMembershipPayload,
  MAX_MEMBERSHIP_HEADS,
  MAX_MEMBERSHIP_OP_BYTES,
  membershipSigningBytes,
  type MembershipDraft,
} from '../../../src/wire/membership-op.ts'
import * as fx from './fixtures.ts'

const { laptop, phone } = fx
const add: MembershipDraft = {
  kind: 'add',
  mesh: fx.mesh,
  author: laptop.card.deviceId,
  heads: [fx.opId(1)],
  atUnixMs: 1_795_000_000_000,
  card: phone.card,
}
const found: MembershipDraft = { ...add, kind: 'found', heads: [], card: laptop.card }
const { card: _card, ...rest } = add
const remove: MembershipDraft = { ...rest, kind: 'remove', subject: phone.card.deviceId }

const sign = (seed: Uint8Array, payload: Uint8Array) => fx.crypto.ed25519Sign(seed, membershipSigningBytes(payload))
const decode = (bytes: Uint8Array) => decodeMembershipOp(bytes, fx.crypto)

/** Signed by the laptop and, if it takes another device in, by the phone. */
function envelopeOf(payload: Uint8Array, isAdd: boolean): Uint8Array {
  return encodeMembershipEnvelope(payload, sign(laptop.seed, payload), isAdd ? sign(phone.seed, payload) : undefined)
}
const addPayload = encodeMembershipPayload(add)
const foundPayload = encodeMembershipPayload(found)
const addEnvelope = envelopeOf(addPayload, true)

/** A payload with some keys set, signed rightly: what a member could send who does not follow the page. */
function changed(draft: MembershipDraft, changes: Readonly<Record<number, CborValue>>): Uint8Array {
  const map = new Map(decodeCbor(encodeMembershipPayload(draft)) as CborMap)
  for (const [key, value] of Object.entries(changes)) map.set(Number(key), value)
  return envelopeOf(encodeCbor(map), draft.kind === 'add')
}
const cardWith = (name: CborValue): CborMap => {
  const card = new Map((decodeCbor(addPayload) as CborMap).get(7) as CborMap)
  return card.set(2, name)
}

const signatures: { name: string; envelope: CborValue }[] = [
  { name: 'no signature of the new device', envelope: [addPayload, sign(laptop.seed, addPayload), null] },
  {
    name: 'the author signing for the new device',
    envelope: [addPayload, sign(laptop.seed, addPayload), sign(laptop.seed, addPayload)],
  },
  {
    name: 'the new device signing for the author',
    envelope: [addPayload, sign(phone.seed, addPayload), sign(phone.seed, addPayload)],
  },
  {
    name: 'signatures of another domain',
    envelope: [addPayload, ...[laptop, phone].map(({ seed }) => fx.crypto.ed25519Sign(seed, addPayload))],
  },
  {
    name: 'a second signature where there is nothing to agree to',
    envelope: [foundPayload, sign(laptop.seed, foundPayload), sign(laptop.seed, foundPayload)],
  },
]

const refused: { name: string; envelope: Uint8Array; code: string }[] = [
  { name: 'another version', envelope: changed(add, { 1: 2 }), code: 'WIRE_VERSION' },
  { name: 'an unknown kind', envelope: changed(add, { 2: 4 }), code: 'WIRE_FIELD_RANGE' },
  {
    name: 'heads out of order',
    envelope: changed(add, { 5: [fx.bytes(2, 32), fx.bytes(1, 32)] }),
    code: 'WIRE_FIELD_ORDER',
  },
  { name: 'a head twice', envelope: changed(add, { 5: [fx.bytes(2, 32), fx.bytes(2, 32)] }), code: 'WIRE_FIELD_ORDER' },
  { name: 'a time beyond dates', envelope: changed(add, { 6: 8_640_000_000_000_001 }), code: 'WIRE_FIELD_RANGE' },
  { name: 'a device without a name', envelope: changed(add, { 7: cardWith('') }), code: 'WIRE_FIELD_RANGE' },
  { name: 'a name over the limit', envelope: changed(add, { 7: cardWith('x'.repeat(65)) }), code: 'WIRE_FIELD_RANGE' },
  {
    name: 'a name that moves the cursor',
    envelope: changed(add, { 7: cardWith('a\u001b[2J') }),
    code: 'CONTROL_DEVICE_NAME',
  },
  {
    name: 'a name that hides a character',
    envelope: changed(add, { 7: cardWith('laptop\u{E0100}') }),
    code: 'CONTROL_DEVICE_NAME',
  },
  {
    name: 'a name that is the id of another device',
    envelope: changed(add, { 7: cardWith(laptop.card.deviceId) }),
    code: 'CONTROL_DEVICE_NAME',
  },
  { name: 'a critical extension', envelope: changed(add, { 9: [3] }), code: 'CONTROL_UNKNOWN_CRITICAL' },
  { name: 'a mesh founded by another', envelope: changed(found, { 7: cardWith('x') }), code: 'CONTROL_CONTRADICTION' },
  {
    name: 'a mesh founded after something',
    envelope: changed(found, { 5: [fx.bytes(1, 32)] }),
    code: 'CONTROL_CONTRADICTION',
  },
  { name: 'a member added after nothing', envelope: changed(add, { 5: [] }), code: 'CONTROL_CONTRADICTION' },
  {
    name: 'a member adding itself',
    envelope: changed(add, { 7: cardMap(laptop.card) }),
    code: 'CONTROL_CONTRADICTION',
  },
  { name: 'an envelope that is no list', envelope: encodeCbor(addPayload), code: 'WIRE_FIELD_TYPE' },
  { name: 'an envelope of four', envelope: encodeCbor([addPayload, null, null, null]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an envelope over the limit', envelope: new Uint8Array(MAX_MEMBERSHIP_OP_BYTES + 1), code: 'WIRE_TOO_LARGE' },
]

describe('membership operation', () => {
  test.each(fx.vectors('membership-op'))('[CT1] golden: $name', ({ value, hex, derived }) => {
    expect(fx.toHex(encodeMembershipPayload(value as MembershipDraft))).toBe(derived?.['payload'])
    const { op, bytes } = decode(fx.hexBytes(hex))
    expect(op).toEqual({ ...(value as MembershipDraft), opId: derived?.['opId'] })
    expect(fx.toHex(bytes)).toBe(hex)
  })

  test('[CT1] found, add and remove come back as they were', () => {
    for (const draft of [found, add, remove]) {
      const { op } = decode(envelopeOf(encodeMembershipPayload(draft), draft.kind === 'add'))
      expect(op).toMatchObject(draft)
    }
  })

  test('[CT1] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(addEnvelope, decode)).toEqual([])
    expect(fx.surprises([addEnvelope], decode)).toEqual([])
    expect(fx.surprises([addPayload], (payload) => decodeMembershipPayload(payload, fx.sha256))).toEqual([])
  })

  test.each(refused)('[CT1] refused: $name', ({ envelope, code }) => {
    expect(fx.refusal(() => decode(envelope))).toBe(code)
  })

  test('[CT1] an operation of the most heads and the longest name fits, one head more does not', () => {
    const heads = Array.from({ length: MAX_MEMBERSHIP_HEADS }, (_, i) => fx.opId(i))
    const largest = {
      ...add,
      heads: heads.toReversed(),
      card: { ...phone.card, name: 'x'.repeat(MAX_DEVICE_NAME_BYTES) },
    }
    const envelope = envelopeOf(encodeMembershipPayload(largest), true)
    expect(decode(envelope).op.heads).toEqual(heads)
    const tooMany = { ...add, heads: [...heads, fx.opId(200)] }
    expect(fx.refusal(() => encodeMembershipPayload(tooMany))).toBe('WIRE_FIELD_RANGE')
  })

  test.each(signatures)('[CT2] refused: $name', ({ envelope }) => {
    expect(fx.refusal(() => decode(encodeCbor(envelope)))).toBe('CONTROL_BAD_SIGNATURE')
  })

  test('[CT3] the id is that of the payload: another signature of it is the same operation', () => {
    const unsigned = decodeMembershipPayload(addPayload, fx.sha256)
    expect(decode(addEnvelope).op).toEqual(unsigned)
    expect(decode(changed(add, { 6: 1 })).op.opId).not.toBe(unsigned.opId)
  })

  test('[CT1] a field of a later version is ignored, and changes the id', () => {
    const { op } = decode(changed(add, { 40: 'later' }))
    expect(op).toMatchObject(add)
    expect(op.opId).not.toBe(decode(addEnvelope).op.opId)
  })
})
