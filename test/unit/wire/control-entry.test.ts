import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { idBytes } from '../../../src/model/ids.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import {
  controlAad,
  controlEntryId,
  controlInfo,
  controlSigningBytes,
  decodeControlEntry,
  encodeControlEnvelope,
  encodeControlPayload,
  MAX_CONTROL_CIPHERTEXT_BYTES,
  MAX_CONTROL_ENTRY_BYTES,
  type ControlEntry,
} from '../../../src/wire/control-entry.ts'
import * as fx from './fixtures.ts'

const entry: ControlEntry = {
  kind: 'keys',
  mesh: fx.mesh,
  owner: fx.laptop.card.deviceId,
  recipient: fx.phone.card.deviceId,
  seq: 3,
  prev: fx.bytes(1, 32),
  opId: fx.opId(2),
  enc: fx.bytes(3, 32),
  ciphertext: fx.bytes(4, 60),
}
const payload = encodeControlPayload(entry)
const decode = (bytes: Uint8Array) => decodeControlEntry(bytes, fx.crypto)
const signed = (bytes: Uint8Array, seed = fx.laptop.seed) =>
  encodeControlEnvelope(bytes, fx.crypto.ed25519Sign(seed, controlSigningBytes(bytes)))

function changed(changes: Readonly<Record<number, CborValue | undefined>>): Uint8Array {
  const map = new Map(decodeCbor(payload) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  return signed(encodeCbor(map))
}

const refused: { name: string; bytes: Uint8Array; code: string }[] = [
  { name: 'another version', bytes: changed({ 1: 2 }), code: 'WIRE_VERSION' },
  { name: 'an unknown kind', bytes: changed({ 7: 3 }), code: 'WIRE_FIELD_RANGE' },
  { name: 'keys without a grant', bytes: changed({ 8: undefined }), code: 'WIRE_FIELD_MISSING' },
  { name: 'a short encapsulated key', bytes: changed({ 9: fx.bytes(0, 31) }), code: 'WIRE_FIELD_RANGE' },
  { name: 'a ciphertext without content', bytes: changed({ 10: fx.bytes(0, 16) }), code: 'WIRE_FIELD_RANGE' },
  { name: 'a critical extension', bytes: changed({ 11: [1] }), code: 'CONTROL_UNKNOWN_CRITICAL' },
  { name: 'a first entry with one before it', bytes: changed({ 5: 0 }), code: 'CONTROL_CONTRADICTION' },
  { name: 'a later entry with none before it', bytes: changed({ 6: undefined }), code: 'CONTROL_CONTRADICTION' },
  { name: 'an owner writing to itself', bytes: changed({ 4: idBytes(entry.owner) }), code: 'CONTROL_CONTRADICTION' },
  { name: 'an entry over the limit', bytes: new Uint8Array(MAX_CONTROL_ENTRY_BYTES + 1), code: 'WIRE_TOO_LARGE' },
  { name: 'an envelope of three', bytes: encodeCbor([payload, fx.bytes(0, 64), null]), code: 'WIRE_FIELD_RANGE' },
  { name: 'a short signature', bytes: encodeControlEnvelope(payload, fx.bytes(0, 63)), code: 'WIRE_FIELD_RANGE' },
  { name: "the recipient's signature", bytes: signed(payload, fx.phone.seed), code: 'CONTROL_BAD_SIGNATURE' },
  {
    name: 'a signature without the domain',
    bytes: encodeControlEnvelope(payload, fx.crypto.ed25519Sign(fx.laptop.seed, payload)),
    code: 'CONTROL_BAD_SIGNATURE',
  },
]

describe('control entry', () => {
  test.each(fx.vectors('control-entry'))('[CT7] golden: $name', ({ value, hex, derived }) => {
    const expected = value as ControlEntry
    expect(fx.toHex(signed(encodeControlPayload(expected)))).toBe(hex)
    const { entry: read, entryId, bytes } = decode(fx.hexBytes(hex))
    expect(read).toEqual(expected)
    expect(fx.toHex(entryId)).toBe(derived?.['entryId'])
    expect(fx.toHex(bytes)).toBe(hex)
    expect(fx.toHex(controlInfo(read))).toBe(derived?.['info'])
    expect(fx.toHex(controlAad(read))).toBe(derived?.['aad'])
  })

  test('[CT7] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(signed(payload), decode)).toEqual([])
    expect(fx.surprises([signed(payload)], decode)).toEqual([])
  })

  test.each(refused)('[CT7] refused: $name', ({ bytes, code }) => {
    expect(fx.refusal(() => decode(bytes))).toBe(code)
  })

  test('[CT7] the largest entry fits, and one byte more is not written', () => {
    const largest = { ...entry, ciphertext: new Uint8Array(MAX_CONTROL_CIPHERTEXT_BYTES) }
    expect(decode(signed(encodeControlPayload(largest))).entry).toEqual(largest)
    const larger = { ...entry, ciphertext: new Uint8Array(MAX_CONTROL_CIPHERTEXT_BYTES + 1) }
    expect(fx.refusal(() => encodeControlPayload(larger))).toBe('WIRE_FIELD_RANGE')
  })

  test('[CT8] the id is a hash of the payload under its own domain, whatever the signature', () => {
    const expected = fx.sha256(concat(utf8('aico-mesh/control-entry/v1\0'), payload))
    expect(controlEntryId(payload, fx.sha256)).toEqual(expected)
    expect(decode(signed(payload)).entryId).toEqual(expected)
  })

  test('[CT9] HPKE info differs for every mesh, owner, recipient and kind', () => {
    const other = { ...entry, owner: entry.recipient, recipient: entry.owner }
    const infos = [entry, other, { ...entry, kind: 'consent' as const }].map((each) => fx.toHex(controlInfo(each)))
    expect(new Set(infos).size).toBe(3)
  })

  test('[CT9] HPKE aad is the grant for keys, and the place in the log for consent', () => {
    expect(controlAad(entry)).toEqual(idBytes(fx.opId(2)))
    expect(controlAad({ kind: 'consent', seq: 0, prev: undefined })).toEqual(encodeCbor([0, null]))
    expect(controlAad({ kind: 'consent', seq: 1, prev: fx.bytes(1, 32) })).toEqual(encodeCbor([1, fx.bytes(1, 32)]))
  })
})
