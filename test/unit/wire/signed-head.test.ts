import { describe, expect, test } from 'vitest'
import type { SignedHead } from '../../../src/model/segment.ts'
import {
  decodeSignedHead,
  encodeSignedHead,
  headSigningBytes,
  MAX_SIGNED_HEAD_BYTES,
  signHead,
  verifyHead,
} from '../../../src/wire/signed-head.ts'
import * as fx from './fixtures.ts'

const head = signHead(fx.crypto, fx.laptop.seed, { ...fx.logKey, seq: 41, id: fx.bytes(9, 32) })

describe('signed head', () => {
  test.each(fx.vectors('signed-head'))('[SG13] golden: $name', ({ value, hex, derived }) => {
    expect(fx.toHex(encodeSignedHead(value as SignedHead))).toBe(hex)
    expect(decodeSignedHead(fx.hexBytes(hex))).toEqual(value)
    expect(fx.toHex(headSigningBytes(value as SignedHead))).toBe(derived?.['signed'])
    expect(signHead(fx.crypto, fx.laptop.seed, value as SignedHead)).toEqual(value)
    expect(verifyHead(fx.crypto, value as SignedHead)).toBe(true)
  })

  test('[SG13] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(encodeSignedHead(head), decodeSignedHead)).toEqual([])
    expect(fx.surprises([encodeSignedHead(head)], decodeSignedHead)).toEqual([])
    expect(fx.refusal(() => decodeSignedHead(new Uint8Array(MAX_SIGNED_HEAD_BYTES + 1)))).toBe('WIRE_TOO_LARGE')
  })

  test.each([
    { name: 'another sequence number', other: { ...head, seq: 42 } },
    { name: 'another id', other: { ...head, id: fx.bytes(10, 32) } },
    { name: 'another author', other: { ...head, author: fx.phone.card.deviceId } },
    { name: 'another signature', other: { ...head, signature: fx.bytes(0, 64) } },
    { name: 'a signature of another length', other: { ...head, signature: fx.bytes(0, 63) } },
  ])('[SG13] the signature does not hold for $name', ({ other }) => {
    expect(verifyHead(fx.crypto, other)).toBe(false)
  })
})
