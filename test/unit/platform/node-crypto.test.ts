import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { AEAD_TAG_BYTES } from '../../../src/base/crypto.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, '')) as Uint8Array

describe('published vectors', () => {
  test('[ID12] SHA-256: FIPS 180-4, "abc"', () => {
    expect(toHex(nodeCrypto.sha256(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  test('[ID12] HMAC-SHA-256: RFC 4231, test case 2', () => {
    expect(toHex(nodeCrypto.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  test('[ID12] HKDF-SHA-256: RFC 5869, A.1 and A.3 (no salt, no info)', () => {
    const key = hex('0b'.repeat(22))
    expect(toHex(nodeCrypto.hkdfSha256(key, hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
    expect(toHex(nodeCrypto.hkdfSha256(key, new Uint8Array(), new Uint8Array(), 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  const signatures = [
    {
      name: 'RFC 8032, 7.1, test 1',
      seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      message: '',
      signature: `e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555
                  fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b`,
    },
    {
      name: 'RFC 8032, 7.1, test 2',
      seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      message: '72',
      signature: `92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
                  085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`,
    },
  ]
  test.each(signatures)('[ID12] Ed25519: $name', ({ seed, publicKey, message, signature }) => {
    expect(toHex(nodeCrypto.ed25519PublicKey(hex(seed)))).toBe(publicKey)
    expect(nodeCrypto.ed25519Sign(hex(seed), hex(message))).toEqual(hex(signature))
    expect(nodeCrypto.ed25519Verify(hex(publicKey), hex(message), hex(signature))).toBe(true)
  })

  test('[ID12] ChaCha20-Poly1305: RFC 8439, 2.8.2', () => {
    const key = hex(Array.from({ length: 32 }, (_, i) => (0x80 + i).toString(16)).join(''))
    const nonce = hex('070000004041424344454647')
    const aad = hex('50515253c0c1c2c3c4c5c6c7')
    const plaintext = utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )
    const sealed = hex(`
      d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
      1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
      3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691`)
    expect(nodeCrypto.aeadSeal(key, nonce, aad, plaintext)).toEqual(sealed)
    expect(nodeCrypto.aeadOpen(key, nonce, aad, sealed)).toEqual(plaintext)
  })
})

describe('refusing', () => {
  const key = nodeCrypto.randomBytes(32)
  const nonce = nodeCrypto.randomBytes(12)
  const aad = utf8('aad')

  test('[ID13] whatever is altered, sealed bytes do not open', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (plain, where, bits) => {
          const sealed = nodeCrypto.aeadSeal(key, nonce, aad, plain)
          expect(sealed.length).toBe(plain.length + AEAD_TAG_BYTES)
          const altered = Uint8Array.from(sealed)
          const at = where % altered.length
          altered[at] = (altered[at] ?? 0) ^ bits
          expect(nodeCrypto.aeadOpen(key, nonce, aad, altered)).toBeUndefined()
          expect(nodeCrypto.aeadOpen(key, nonce, utf8('other'), sealed)).toBeUndefined()
          expect(nodeCrypto.aeadOpen(nodeCrypto.randomBytes(32), nonce, aad, sealed)).toBeUndefined()
        },
      ),
      { numRuns: 50 },
    )
  })

  test('[ID13] bytes shorter than a tag do not open', () => {
    for (let length = 0; length < AEAD_TAG_BYTES; length++) {
      expect(nodeCrypto.aeadOpen(key, nonce, aad, new Uint8Array(length))).toBeUndefined()
    }
  })

  test('[ID13] keys and signatures of any length or content are answered with false, never an error', () => {
    const seed = nodeCrypto.randomBytes(32)
    const publicKey = nodeCrypto.ed25519PublicKey(seed)
    const signature = nodeCrypto.ed25519Sign(seed, aad)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(nodeCrypto.ed25519Verify(bytes, aad, signature)).toBe(false)
        expect(nodeCrypto.ed25519Verify(publicKey, aad, bytes)).toBe(false)
        expect(nodeCrypto.ed25519Verify(bytes.length === 32 ? bytes : publicKey, bytes, signature)).toBe(false)
      }),
    )
    expect(nodeCrypto.ed25519Verify(publicKey, utf8('aae'), signature)).toBe(false)
  })

  test('[ID13] more signers than are cached change no answer', () => {
    const signers = Array.from({ length: 300 }, () => nodeCrypto.randomBytes(32)).map((seed) => ({
      publicKey: nodeCrypto.ed25519PublicKey(seed),
      signature: nodeCrypto.ed25519Sign(seed, aad),
    }))
    for (const { publicKey, signature } of [...signers, ...signers]) {
      expect(nodeCrypto.ed25519Verify(publicKey, aad, signature)).toBe(true)
    }
  })

  test('[ID13] comparing in constant time tells equal from unequal, of any length', () => {
    expect(nodeCrypto.timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(nodeCrypto.timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(nodeCrypto.timingSafeEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  })

  test('[ID13] no Buffer leaves the adapter', () => {
    const made = [
      nodeCrypto.randomBytes(4),
      nodeCrypto.sha256(aad),
      nodeCrypto.hmacSha256(key, aad),
      nodeCrypto.hkdfSha256(key, aad, aad, 8),
      nodeCrypto.ed25519PublicKey(key),
      nodeCrypto.ed25519Sign(key, aad),
      nodeCrypto.aeadSeal(key, nonce, aad, aad),
      concat(nodeCrypto.aeadOpen(key, nonce, aad, nodeCrypto.aeadSeal(key, nonce, aad, aad)) ?? new Uint8Array()),
    ]
    expect(made.map((bytes) => bytes.constructor.name)).toEqual(made.map(() => 'Uint8Array'))
  })
})
