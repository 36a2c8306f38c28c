/**
 * Cryptography as a dependency: the primitives the pure rooms need, all synchronous, and sealing to another device's key.
 *
 * Sources: SHA-256 FIPS 180-4, HMAC RFC 2104, HKDF RFC 5869, Ed25519 RFC 8032, ChaCha20-Poly1305 RFC 8439, HPKE RFC 9180.
 * Keys are raw bytes: 32 for every key and Ed25519 seed, 64 for a signature.
 */
export interface Crypto {
  readonly randomBytes: (length: number) => Uint8Array
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array
  readonly hkdfSha256: (key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) => Uint8Array
  /** Constant-time comparison. */
  readonly timingSafeEqual: (a: Uint8Array, b: Uint8Array) => boolean
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array
  readonly ed25519Sign: (seed: Uint8Array, message: Uint8Array) => Uint8Array
  /** False for a wrong signature and for keys or signatures of a wrong length; never throws. */
  readonly ed25519Verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
  /** Ciphertext with its 16-byte tag appended. `nonce` is 12 bytes and must never repeat under one key. */
  readonly aeadSeal: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) => Uint8Array
  /** The plaintext, or `undefined` if key, nonce, aad or ciphertext do not belong together. */
  readonly aeadOpen: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) => Uint8Array | undefined
}

/** HPKE in base mode, one shot. Apart, since only who shares needs it. */
export interface Hpke {
  /** Rejects if the recipient's key is not a usable X25519 public key. */
  readonly hpkeSeal: (recipientKey: Uint8Array, context: HpkeContext, plaintext: Uint8Array) => Promise<HpkeSealed>
  /** The plaintext, or `undefined` if it was not sealed to this key under this context. */
  readonly hpkeOpen: (
    secretKey: Uint8Array,
    context: HpkeContext,
    sealed: HpkeSealed,
  ) => Promise<Uint8Array | undefined>
}
export interface HpkeSealed {
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}
export interface HpkeContext {
  readonly info: Uint8Array
  readonly aad: Uint8Array
}

export type Sha256 = Crypto['sha256']
/** Bytes that {@link Crypto.aeadSeal} adds. */
export const AEAD_TAG_BYTES = 16
