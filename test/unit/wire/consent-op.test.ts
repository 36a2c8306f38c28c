import { describe, expect, test } from 'vitest'
import { MAX_GRANT_MODULES, MAX_PURPOSE_BYTES } from '../../../src/model/grant.ts'
import { LANES, MAX_MODULE_NAME_BYTES } from '../../../src/model/lane.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import {
  decodeConsentOp,
  encodeConsentOp,
  MAX_CONSENT_OP_BYTES,
  MAX_LEASE_S,
  type ConsentDraft,
  type ConsentParties,
} from '../../../src/wire/consent-op.ts'
import * as fx from './fixtures.ts'

const parties: ConsentParties = { owner: fx.laptop.card.deviceId, recipient: fx.phone.card.deviceId }
const grant: Extract<ConsentDraft, { kind: 'grant' }> = {
  kind: 'grant',
  grantId: fx.grantId,
  prev: fx.opId(1),
  may: 'carry',
  lanes: ['traces', 'audit'],
  modules: ['core', 'otlp/shop'],
  parts: ['base'],
  sinceUnixMs: 5,
  untilUnixMs: 10,
  purpose: 'why',
  noticeHash: fx.bytes(7, 32),
  leaseS: 60,
  ownerSince: fx.opId(3),
  recipientSince: fx.opId(4),
  atUnixMs: 6,
}
const revoke: ConsentDraft = { kind: 'revoke', grantId: fx.grantId, prev: fx.opId(2), atUnixMs: 7 }
const encoded = encodeConsentOp(grant)

const decode = (bytes: Uint8Array) => decodeConsentOp(bytes, parties, fx.sha256)
function changed(source: Uint8Array, changes: Readonly<Record<number, CborValue | undefined>>): Uint8Array {
  const map = new Map(decodeCbor(source) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  return encodeCbor(map)
}

const refused: { name: string; changes: Readonly<Record<number, CborValue | undefined>>; code: string }[] = [
  { name: 'another version', changes: { 1: 2 }, code: 'WIRE_VERSION' },
  { name: 'an unknown kind', changes: { 2: 3 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'an unknown permission', changes: { 5: 3 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'no lane', changes: { 6: [] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'lanes out of order', changes: { 6: [3, 0] }, code: 'WIRE_FIELD_ORDER' },
  { name: 'a lane number nobody will reach', changes: { 6: [32] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'an empty list of modules', changes: { 7: [] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a module twice', changes: { 7: ['core', 'core'] }, code: 'WIRE_FIELD_ORDER' },
  { name: 'a module name over the limit', changes: { 7: ['x'.repeat(129)] }, code: 'WIRE_FIELD_RANGE' },
  { name: 'no start', changes: { 9: undefined }, code: 'WIRE_FIELD_MISSING' },
  { name: 'an end of null', changes: { 10: null }, code: 'WIRE_FIELD_TYPE' },
  { name: 'no purpose', changes: { 11: '' }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a purpose over the limit', changes: { 11: 'x'.repeat(MAX_PURPOSE_BYTES + 1) }, code: 'WIRE_FIELD_RANGE' },
  { name: 'no lease', changes: { 13: 0 }, code: 'WIRE_FIELD_RANGE' },
  { name: 'no word of what made the owner a member', changes: { 16: undefined }, code: 'WIRE_FIELD_MISSING' },
  { name: 'no word of what made the recipient one', changes: { 17: undefined }, code: 'WIRE_FIELD_MISSING' },
  { name: 'a short id of what did', changes: { 17: fx.bytes(1, 31) }, code: 'WIRE_FIELD_RANGE' },
  { name: 'a lease over the limit', changes: { 13: MAX_LEASE_S + 1 }, code: 'WIRE_FIELD_RANGE' },
]

describe('consent operation', () => {
  test.each(fx.vectors('consent-op'))('[CT4] golden: $name', ({ value, hex, derived }) => {
    const { draft, parties: theirs } = value as { draft: ConsentDraft; parties: ConsentParties }
    expect(fx.toHex(encodeConsentOp(draft))).toBe(hex)
    const op = decodeConsentOp(fx.hexBytes(hex), theirs, fx.sha256)
    expect(op).toEqual({
      ...draft,
      ...theirs,
      opId: derived?.['opId'],
      ...(draft.kind === 'grant' ? { unknownCritical: false } : {}),
    })
  })

  test('[CT4] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(encoded, decode)).toEqual([])
    expect(fx.surprises([encoded, encodeConsentOp(revoke)], decode)).toEqual([])
    expect(fx.refusal(() => decode(new Uint8Array(MAX_CONSENT_OP_BYTES + 1)))).toBe('WIRE_TOO_LARGE')
  })

  test.each(refused)('[CT4] refused: $name', ({ changes, code }) => {
    expect(fx.refusal(() => decode(changed(encoded, changes)))).toBe(code)
  })

  test('[CT4] lists are sets: sorted and without repetition, whatever order they were given in', () => {
    const shuffled = { ...grant, lanes: ['audit', 'traces', 'audit'] as const, modules: ['otlp/shop', 'core', 'core'] }
    expect(encodeConsentOp(shuffled)).toEqual(encoded)
  })

  test('[CT4] the largest grant fits, one module more does not', () => {
    const modules = Array.from({ length: MAX_GRANT_MODULES }, (_, i) => String(i).padStart(MAX_MODULE_NAME_BYTES, '0'))
    const largest = { ...grant, lanes: LANES, modules, purpose: 'x'.repeat(MAX_PURPOSE_BYTES), leaseS: MAX_LEASE_S }
    expect(decode(encodeConsentOp(largest))).toMatchObject(largest)
    expect(fx.refusal(() => encodeConsentOp({ ...grant, modules: [...modules, 'one more'] }))).toBe('WIRE_FIELD_RANGE')
  })

  test('[CT5] a critical extension makes a grant void, not unreadable', () => {
    expect(decode(changed(encoded, { 14: [2] }))).toMatchObject({ kind: 'grant', unknownCritical: true })
    expect(decode(changed(encoded, { 40: 'later' }))).toMatchObject({ kind: 'grant', unknownCritical: false })
  })

  test('[CT5] a lane of a later version makes a grant void, not unreadable', () => {
    const later = decode(changed(encoded, { 6: [0, LANES.length] }))
    expect(later).toMatchObject({ lanes: ['traces'], unknownCritical: true })
  })

  test('[CT5] a revoke needs its grant and nothing else: what it carries beyond cannot keep it from being read', () => {
    const bytes = encodeConsentOp(revoke)
    expect(decode(changed(bytes, { 14: [2], 40: 'later', 6: 'odd' }))).toMatchObject(revoke)
    expect(fx.refusal(() => decode(changed(bytes, { 4: undefined })))).toBe('WIRE_FIELD_MISSING')
  })

  test('[CT6] the id binds owner, recipient and bytes', () => {
    const swapped = { owner: parties.recipient, recipient: parties.owner }
    const ids = [
      decode(encoded),
      decodeConsentOp(encoded, swapped, fx.sha256),
      decode(changed(encoded, { 13: 61 })),
      decode(changed(encoded, { 40: 1 })),
    ].map((op) => op.opId)
    expect(new Set(ids).size).toBe(4)
  })
})
