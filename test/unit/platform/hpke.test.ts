import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { hpkeKeyPair, hpkeOpen, hpkePublicKey, hpkeSeal } from '../../../src/platform/hpke.ts'

const hex = (text: string): Uint8Array => fromHex(text) as Uint8Array
const context = { info: utf8('info'), aad: utf8('aad') }

// RFC 9180, A.2.1: base mode of DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305; first encryption.
const RFC9180_A2 = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  secretKey: hex('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  publicKey: '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a',
  enc: hex('1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a'),
  aad: hex('436f756e742d30'),
  plaintext: '4265617574792069732074727574682c20747275746820626561757479',
  ct: hex('1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28'),
}

describe('HPKE', () => {
  test('[ID14] opens the vector of RFC 9180, A.2.1', async () => {
    const { secretKey, info, aad, enc, ct, plaintext, publicKey } = RFC9180_A2
    expect(toHex(hpkePublicKey(secretKey))).toBe(publicKey)
    expect(toHex((await hpkeOpen(secretKey, { info, aad }, { enc, ct })) ?? new Uint8Array())).toBe(plaintext)
  })

  test('[ID14] what is sealed to a key opens under it, and two seals of one text differ', async () => {
    const { publicKey, secretKey } = await hpkeKeyPair()
    expect(hpkePublicKey(secretKey)).toEqual(publicKey)
    const first = await hpkeSeal(publicKey, context, utf8('hello'))
    const second = await hpkeSeal(publicKey, context, utf8('hello'))
    expect(await hpkeOpen(secretKey, context, first)).toEqual(utf8('hello'))
    expect(toHex(first.enc)).not.toBe(toHex(second.enc))
    expect(toHex(first.ct)).not.toBe(toHex(second.ct))
  })

  test('[ID14] a view seals its own bytes, not its neighbours', async () => {
    const { publicKey, secretKey } = await hpkeKeyPair()
    const around = utf8('XXhelloYY')
    const sealed = await hpkeSeal(publicKey, context, around.subarray(2, 7))
    const padded = new Uint8Array(sealed.ct.length + 6)
    padded.set(sealed.ct, 3)
    const ct = padded.subarray(3, 3 + sealed.ct.length)
    expect(await hpkeOpen(secretKey, context, { enc: sealed.enc, ct })).toEqual(utf8('hello'))
  })

  const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  type Pieces = { info: Uint8Array; aad: Uint8Array; enc: Uint8Array; ct: Uint8Array }
  const changes: readonly { name: string; change: (pieces: Pieces) => Partial<Pieces> }[] = [
    { name: 'another info', change: () => ({ info: utf8('other') }) },
    { name: 'another aad', change: () => ({ aad: utf8('other') }) },
    { name: 'an altered key share', change: ({ enc }) => ({ enc: flipped(enc) }) },
    { name: 'an altered ciphertext', change: ({ ct }) => ({ ct: flipped(ct) }) },
    { name: 'a ciphertext cut short', change: ({ ct }) => ({ ct: ct.subarray(0, -1) }) },
    { name: 'no ciphertext', change: () => ({ ct: new Uint8Array() }) },
    { name: 'a key share of another length', change: () => ({ enc: new Uint8Array(31) }) },
    { name: 'a key share of small order', change: () => ({ enc: new Uint8Array(32) }) },
  ]
  test.each(changes)('[ID14] $name opens nothing, and is no error', async ({ change }) => {
    const { publicKey, secretKey } = await hpkeKeyPair()
    const pieces = { ...context, ...(await hpkeSeal(publicKey, context, utf8('hello'))) }
    const { info, aad, enc, ct } = { ...pieces, ...change(pieces) }
    expect(await hpkeOpen(secretKey, { info, aad }, { enc, ct })).toBeUndefined()
    expect(await hpkeOpen((await hpkeKeyPair()).secretKey, context, pieces)).toBeUndefined()
  })

  test.each([31, 33, 0])('[ID14] a recipient key of %i bytes is refused', async (length) => {
    await expect(hpkeSeal(new Uint8Array(length), context, utf8('x'))).rejects.toMatchObject({ code: 'HPKE_BAD_KEY' })
  })

  test('[ID14] a recipient key of small order is refused: everybody would know the shared secret', async () => {
    await expect(hpkeSeal(new Uint8Array(32), context, utf8('x'))).rejects.toMatchObject({ code: 'HPKE_BAD_KEY' })
  })
})
