/**
 * HPKE (RFC 9180) base mode, one shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
 * Every seal makes a fresh context, so a nonce is never used twice under one key.
 */
import type { CipherSuite } from '@hpke/core'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Hpke, HpkeContext, HpkeSealed } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'

export type HpkeErrorCode = 'HPKE_BAD_KEY'
export class HpkeError extends MeshError<HpkeErrorCode> {}

const KEY_BYTES = 32
/** Fixed DER prefix of RFC 8410 that turns a raw X25519 key into PKCS#8. */
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

let loading: Promise<CipherSuite> | undefined

/** Loaded when something is first sealed or opened: every start would wait for fifty files else. */
function cipherSuite(): Promise<CipherSuite> {
  return (loading ??= loadSuite())
}

async function loadSuite(): Promise<CipherSuite> {
  const [{ CipherSuite: Suite, DhkemX25519HkdfSha256, HkdfSha256 }, { Chacha20Poly1305 }] = await Promise.all([
    import('@hpke/core'),
    import('@hpke/chacha20poly1305'),
  ])
  return new Suite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() })
}

/** @throws {HpkeError} `HPKE_BAD_KEY` if the recipient's key is not a usable X25519 public key. */
export async function hpkeSeal(
  recipientPublicKey: Uint8Array,
  context: HpkeContext,
  plaintext: Uint8Array,
): Promise<HpkeSealed> {
  const suite = await cipherSuite()
  try {
    const key = await suite.kem.deserializePublicKey(exact(recipientPublicKey))
    const params = { recipientPublicKey: key, info: exact(context.info) }
    const { enc, ct } = await suite.seal(params, exact(plaintext), exact(context.aad))
    return { enc: new Uint8Array(enc), ct: new Uint8Array(ct) }
  } catch (cause) {
    throw new HpkeError('HPKE_BAD_KEY', 'the recipient key cannot be sealed to', { cause })
  }
}

/** @returns the plaintext, or `undefined` if it was not sealed to this key under this context. */
export async function hpkeOpen(
  recipientSecretKey: Uint8Array,
  context: HpkeContext,
  sealed: HpkeSealed,
): Promise<Uint8Array | undefined> {
  const suite = await cipherSuite()
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(exact(recipientSecretKey))
    const params = { recipientKey, enc: exact(sealed.enc), info: exact(context.info) }
    return new Uint8Array(await suite.open(params, exact(sealed.ct), exact(context.aad)))
  } catch {
    return undefined // any failure means the same: not for us, or altered
  }
}

export const nodeHpke: Hpke = { hpkeSeal, hpkeOpen }

/** A new X25519 key pair, raw. */
export async function hpkeKeyPair(): Promise<{ readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }> {
  const suite = await cipherSuite()
  const pair = await suite.kem.generateKeyPair()
  return {
    publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)),
    secretKey: new Uint8Array(await suite.kem.serializePrivateKey(pair.privateKey)),
  }
}

/** The public key that belongs to a raw X25519 secret key (RFC 7748). */
export function hpkePublicKey(secretKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secretKey]), format: 'der', type: 'pkcs8' })
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' })).slice(-KEY_BYTES)
}

/** The bytes alone, as the library takes ArrayBuffers: a view must not drag its neighbours along. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
