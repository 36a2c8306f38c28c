import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, utf8 } from '../../../../src/base/bytes.ts'
import type { Sha256 } from '../../../../src/base/crypto.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { decodeBeacon, makeBeacon, recognise } from '../../../../src/sync/discovery/beacon.ts'

const GOLDEN_TAG = '0b510e365e145af7'
const sha256: Sha256 = (bytes) => nodeCrypto.sha256(bytes)
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const fixed = { sha256, randomBytes: (length: number) => Uint8Array.from({ length }, (_, n) => n) }

describe('beacon', () => {
  test('[DI9] has this form, for ever', () => {
    expect(makeBeacon(fixed, key(7))).toEqual({ v: '1', n: '0001020304050607', t: GOLDEN_TAG })
    expect(makeBeacon(fixed, key(7), { pairing: true })).toMatchObject({ p: '1' })
    const tag = sha256(Uint8Array.of(...utf8('aico-mesh/beacon/v1\0'), ...key(7), 0, 1, 2, 3, 4, 5, 6, 7)).slice(0, 8)
    expect(fromHex(GOLDEN_TAG)).toEqual(tag)
  })

  test('[DI9] members recognise one another', () => {
    const txt = makeBeacon(nodeCrypto, key(2))
    expect(recognise(sha256, txt, [key(1), key(2), key(3)])).toEqual(key(2))
    expect(recognise(sha256, txt, new Set([key(2)]))).toEqual(key(2))
  })

  test('[DI9] a stranger is nobody', () => {
    expect(recognise(sha256, makeBeacon(nodeCrypto, key(9)), [key(1), key(2)])).toBeUndefined()
    expect(recognise(sha256, makeBeacon(nodeCrypto, key(9)), [])).toBeUndefined()
  })

  test('[DI9] two beacons of one device have nothing in common that a stranger could follow', () => {
    const [a, b] = [makeBeacon(nodeCrypto, key(1)), makeBeacon(nodeCrypto, key(1))]
    expect(a.n).not.toBe(b.n)
    expect(a.t).not.toBe(b.t)
  })

  test('[DI10] says whether a pairing is open', () => {
    expect(decodeBeacon(makeBeacon(nodeCrypto, key(1), { pairing: true }))?.pairing).toBe(true)
    expect(decodeBeacon(makeBeacon(nodeCrypto, key(1), { pairing: false }))?.pairing).toBe(false)
    expect(makeBeacon(nodeCrypto, key(1))).not.toHaveProperty('p')
  })

  test('[DI10] [PN2] says its key only while any device nearby is waited for', () => {
    expect(makeBeacon(nodeCrypto, key(7), { pairing: true })).not.toHaveProperty('k')
    const open = makeBeacon(nodeCrypto, key(7), { pairing: true, door: true })
    expect(open['k']).toBe('07'.repeat(32))
    expect(decodeBeacon(open)?.doorKey).toEqual(key(7))
    for (const k of ['07'.repeat(31), '07'.repeat(33), 'xx'.repeat(32), '']) {
      expect(decodeBeacon({ ...open, k })).toMatchObject({ doorKey: undefined, pairing: true })
    }
  })

  const good = { v: '1', n: '0001020304050607', t: '0001020304050607' }
  test.each([
    { name: 'another version', txt: { ...good, v: '2' } },
    { name: 'no version', txt: { n: good.n, t: good.t } },
    { name: 'no nonce', txt: { v: '1', t: good.t } },
    { name: 'no tag', txt: { v: '1', n: good.n } },
    { name: 'a nonce one byte short', txt: { ...good, n: good.n.slice(2) } },
    { name: 'a nonce one byte long', txt: { ...good, n: `${good.n}00` } },
    { name: 'a tag that is not hex', txt: { ...good, t: 'x'.repeat(16) } },
    { name: 'a huge nonce', txt: { ...good, n: '00'.repeat(100_000) } },
    { name: 'nothing', txt: {} },
    { name: 'inherited entries', txt: Object.create(good) as Record<string, string> },
  ])('[DI10] $name is no beacon', ({ txt }) => {
    expect(decodeBeacon(txt)).toBeUndefined()
    expect(recognise(sha256, txt, [key(1)])).toBeUndefined()
  })

  test('[DI10] unknown entries are left alone, for a later version', () => {
    expect(decodeBeacon({ ...good, x: 'new', p: 'yes' })).toMatchObject({ pairing: false })
  })

  test('[DI10] whatever comes is a beacon or nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('v', 'n', 't', 'p', '__proto__'), fc.string()), (txt) => {
        const beacon = decodeBeacon(txt)
        expect(beacon === undefined || (beacon.nonce.length === 8 && beacon.tag.length === 8)).toBe(true)
      }),
    )
  })
})
