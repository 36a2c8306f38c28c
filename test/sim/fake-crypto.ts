/**
 * The crypto port at a hundredth of its price: a hash that scatters well and withstands nobody. It fails where real crypto
 * fails (a wrong key does not open, another's signature does not verify, what was altered is noticed) and every answer is
 * decided by the seed. For the simulator alone.
 */
import { concat, equalBytes } from '../../src/base/bytes.ts'
import { AEAD_TAG_BYTES, type Crypto, type Hpke } from '../../src/base/crypto.ts'

const HASH_BYTES = 32
const SIGNATURE_BYTES = 64
const NO_NONCE = new Uint8Array(12)
/** What the first word of each use is, so that no hash of one is the hash of another. */
const USE = {
  hash: 1,
  hmac: 2,
  hkdf: 3,
  publicKey: 4,
  signature: 5,
  stream: 6,
  tag: 7,
  sealKey: 8,
  encapsulated: 9,
} as const

/** @param next numbers in [0, 1) that the seed decides */
export function fakeCrypto(next: () => number): Crypto & Hpke & { sealPublicKey(secret: Uint8Array): Uint8Array } {
  const randomBytes = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 4) {
      const word = (next() * 2 ** 32) >>> 0
      for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = word >>> (8 * i)
    }
    return bytes
  }
  const sealPublicKey = (secret: Uint8Array): Uint8Array => hash(USE.sealKey, HASH_BYTES, secret)
  return {
    randomBytes,
    sealPublicKey,
    sha256: (bytes) => hash(USE.hash, HASH_BYTES, bytes),
    hmacSha256: (key, bytes) => hash(USE.hmac, HASH_BYTES, key, bytes),
    hkdfSha256: (key, salt, info, length) => hash(USE.hkdf, length, key, salt, info),
    timingSafeEqual: equalBytes,
    ed25519PublicKey: publicKey,
    ed25519Sign: (seed, message) => hash(USE.signature, SIGNATURE_BYTES, publicKey(seed), message),
    ed25519Verify: (key, message, signature) =>
      key.length === HASH_BYTES && equalBytes(hash(USE.signature, SIGNATURE_BYTES, key, message), signature),
    aeadSeal,
    aeadOpen,
    async hpkeSeal(recipientKey, { info, aad }, plaintext) {
      if (recipientKey.length !== HASH_BYTES) throw new RangeError('not a key')
      const enc = randomBytes(HASH_BYTES)
      const key = hash(USE.encapsulated, HASH_BYTES, recipientKey, enc, info)
      return { enc, ct: aeadSeal(key, NO_NONCE, aad, plaintext) }
    },
    async hpkeOpen(secretKey, { info, aad }, { enc, ct }) {
      const key = hash(USE.encapsulated, HASH_BYTES, sealPublicKey(secretKey), enc, info)
      return aeadOpen(key, NO_NONCE, aad, ct)
    },
  }
}

const publicKeys = new WeakMap<Uint8Array, Uint8Array>()

function publicKey(seed: Uint8Array): Uint8Array {
  const known = publicKeys.get(seed)
  if (known !== undefined) return known
  const key = hash(USE.publicKey, HASH_BYTES, seed)
  publicKeys.set(seed, key)
  return key
}

function aeadSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const ciphertext = xored(key, nonce, plaintext)
  return concat(ciphertext, hash(USE.tag, AEAD_TAG_BYTES, key, nonce, aad, ciphertext))
}

function aeadOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const end = sealed.length - AEAD_TAG_BYTES
  if (end < 0) return undefined
  const ciphertext = sealed.subarray(0, end)
  const tag = hash(USE.tag, AEAD_TAG_BYTES, key, nonce, aad, ciphertext)
  return equalBytes(tag, sealed.subarray(end)) ? xored(key, nonce, ciphertext) : undefined
}

function xored(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const stream = hash(USE.stream, bytes.length, key, nonce)
  for (let i = 0; i < bytes.length; i++) (stream[i] as number) ^= bytes[i] as number
  return stream
}

/** Murmur's mixing on two words, then as many bytes as wanted from a counter. */
function hash(use: number, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let [a, b] = [use, 0x9e3779b9]
  for (const part of parts) {
    const whole = part.length & ~3
    for (let at = 0; at < whole; at += 4) {
      const word =
        (part[at] as number) |
        ((part[at + 1] as number) << 8) |
        ((part[at + 2] as number) << 16) |
        ((part[at + 3] as number) << 24)
      a = Math.imul(a ^ word, 0x85ebca6b)
      a = (a << 13) | (a >>> 19)
      b = Math.imul(b ^ a, 0xc2b2ae35) + word
      b ^= b >>> 15
    }
    let last = part.length << 8
    for (let at = whole; at < part.length; at++) last = Math.imul(last, 257) + (part[at] as number) + 1
    a = Math.imul(a ^ last, 0x27d4eb2f)
    b = Math.imul(b ^ (a >>> 11) ^ last, 0x165667b1)
  }
  const bytes = new Uint8Array(length)
  for (let at = 0, n = 1; at < length; at += 4, n++) {
    let word = Math.imul(a ^ Math.imul(n, 0x9e3779b1), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 15) ^ b, 0x2c1b3c6d)
    word = Math.imul(word ^ (word >>> 12), 0x297a2d39)
    word ^= word >>> 15
    for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = word >>> (8 * i)
  }
  return bytes
}
