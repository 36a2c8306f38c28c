/** The crypto port on node:crypto (OpenSSL). */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto'
import { AEAD_TAG_BYTES, type Crypto } from '../base/crypto.ts'
import { concat, fromHex, toHex } from '../base/bytes.ts'

// Fixed DER prefixes of RFC 8410 that turn a raw Ed25519 key into PKCS#8 and SPKI.
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420') as Uint8Array
const SPKI_PREFIX = fromHex('302a300506032b6570032100') as Uint8Array
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const CIPHER = 'chacha20-poly1305'
/** Public keys parsed so far; a mesh has few signers, so this stays small and saves most of a verification's set-up. */
const MAX_CACHED_KEYS = 256
const publicKeys = new Map<string, KeyObject>()

export const nodeCrypto: Crypto = {
  randomBytes: (length) => plain(randomBytes(length)),
  sha256: (bytes) => plain(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => plain(createHmac('sha256', key).update(bytes).digest()),
  hkdfSha256: (key, salt, info, length) => new Uint8Array(hkdfSync('sha256', key, salt, info, length)),
  timingSafeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  ed25519PublicKey: (seed) =>
    plain(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })).slice(SPKI_PREFIX.length),
  ed25519Sign: (seed, message) => plain(sign(null, message, privateKey(seed))),
  ed25519Verify(key, message, signature) {
    if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
    const parsed = publicKey(key)
    return parsed !== undefined && verify(null, message, parsed, signature)
  },
  aeadSeal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: AEAD_TAG_BYTES })
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  },
  aeadOpen(key, nonce, aad, sealed) {
    if (sealed.length < AEAD_TAG_BYTES) return undefined
    const end = sealed.length - AEAD_TAG_BYTES
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: AEAD_TAG_BYTES })
    decipher.setAAD(aad, { plaintextLength: end })
    decipher.setAuthTag(sealed.subarray(end))
    try {
      const { buffer, byteOffset, byteLength } = decipher.update(sealed.subarray(0, end))
      decipher.final() // a stream cipher has nothing left to give: it only checks the tag
      return new Uint8Array(buffer, byteOffset, byteLength)
    } catch {
      return undefined // the tag does not match: the expected answer to a wrong key or altered bytes
    }
  },
}

/** A Buffer as a plain Uint8Array of its own, so that equality and structured clone treat all bytes alike. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer)
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concat(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
}

function publicKey(key: Uint8Array): KeyObject | undefined {
  const id = toHex(key)
  const cached = publicKeys.get(id)
  if (cached) return cached
  try {
    const parsed = createPublicKey({ key: Buffer.from(concat(SPKI_PREFIX, key)), format: 'der', type: 'spki' })
    if (publicKeys.size >= MAX_CACHED_KEYS) publicKeys.clear()
    publicKeys.set(id, parsed)
    return parsed
  } catch {
    return undefined // not a point OpenSSL accepts: nothing verifies under it
  }
}
