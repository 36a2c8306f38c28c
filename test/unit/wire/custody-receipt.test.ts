import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import {
  decodeReceipt,
  MAX_RECEIPT_BYTES,
  signReceipt,
  type CustodyReceipt,
} from '../../../src/wire/custody-receipt.ts'
import * as fx from './fixtures.ts'

const receipt: CustodyReceipt = {
  carrier: fx.phone.card.deviceId,
  ...fx.logKey,
  from: 4,
  to: 9,
  id: fx.bytes(1, 32),
  atUnixMs: 1_795_000_000_000,
  dropAfterDay: 20_805,
}
const signed = signReceipt(fx.crypto, fx.phone.seed, receipt)
const decode = (bytes: Uint8Array) => decodeReceipt(bytes, fx.crypto)

function changed(key: number, value: CborValue, seed = fx.phone.seed): Uint8Array {
  const [payload] = decodeCbor(signed) as [Uint8Array, Uint8Array]
  const bytes = encodeCbor(new Map([...(decodeCbor(payload) as CborMap), [key, value]]))
  return encodeCbor([bytes, fx.crypto.ed25519Sign(seed, concat(utf8('aico-mesh/custody-receipt/v1\0'), bytes))])
}

describe('custody receipt', () => {
  test.each(fx.vectors('custody-receipt'))('[CA17] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(signReceipt(fx.crypto, fx.phone.seed, value as CustodyReceipt))).toBe(hex)
    expect(decode(fx.hexBytes(hex))).toEqual(value)
  })

  test('[CA17] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(signed, decode)).toEqual([])
    expect(fx.surprises([signed], decode)).toEqual([])
  })

  test.each([
    { name: 'another version', bytes: changed(1, 2), code: 'WIRE_VERSION' },
    { name: 'a run that ends before it starts', bytes: changed(6, 10), code: 'WIRE_FIELD_RANGE' },
    { name: 'a day that no date has', bytes: changed(10, 100_000_001), code: 'WIRE_FIELD_RANGE' },
    { name: "the author's signature", bytes: changed(6, 4, fx.laptop.seed), code: 'CONTROL_BAD_SIGNATURE' },
    { name: 'one over the limit', bytes: new Uint8Array(MAX_RECEIPT_BYTES + 1), code: 'WIRE_TOO_LARGE' },
  ])('[CA17] refused: $name', ({ bytes, code }) => {
    expect(fx.refusal(() => decode(bytes))).toBe(code)
  })
})
