/**
 * A payload with the signature of the one device that it names: CBOR list `[payload, signature]`, Ed25519 over a domain and the
 * payload as it came (docs/spec/control.md CT7, carry.md CA15 and CA17).
 */
import { concat } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { idBytes, type DeviceId } from '../model/ids.ts'
import { asArray, asBytes } from './cbor-fields.ts'
import type { CborValue } from './cbor-value.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { ControlError } from './control-error.ts'
import { SIGNATURE_BYTES } from './shared-fields.ts'
import { limitBytes } from './wire-error.ts'

/** One kind of them. */
export interface EnvelopeKind<T> {
  /** What it is called where it is refused. */
  readonly name: string
  readonly domain: Uint8Array
  readonly maxBytes: number
  /** What the signer is to it: `owner`. */
  readonly role: string
  /** @throws {WireError} */
  readonly read: (payload: Uint8Array) => T
  readonly signerOf: (value: T) => DeviceId
}

export interface OpenedEnvelope<T> {
  readonly value: T
  readonly payload: Uint8Array
}

/** @throws {WireError} for a payload that a reader would refuse */
export function signEnvelope<T>(
  { domain, read }: EnvelopeKind<T>,
  crypto: Pick<Crypto, 'ed25519Sign'>,
  seed: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  read(payload)
  return encodeCbor([payload, crypto.ed25519Sign(seed, concat(domain, payload))])
}

/** @throws {ControlError} `CONTROL_BAD_SIGNATURE`, {WireError} */
export function openEnvelope<T>(
  { name, domain, maxBytes, role, read, signerOf }: EnvelopeKind<T>,
  crypto: Pick<Crypto, 'ed25519Verify'>,
  bytes: Uint8Array,
): OpenedEnvelope<T> {
  limitBytes(bytes, maxBytes, name)
  const [payloadValue, signatureValue] = asArray(decodeCbor(bytes), `envelope of a ${name}`, 2, 2)
  const payload = asBytes(payloadValue as CborValue, 'payload', 1, maxBytes)
  const signature = asBytes(signatureValue as CborValue, `${role}Signature`, SIGNATURE_BYTES, SIGNATURE_BYTES)
  const value = read(payload)
  if (!crypto.ed25519Verify(idBytes(signerOf(value)), concat(domain, payload), signature)) {
    throw new ControlError('CONTROL_BAD_SIGNATURE', `not signed by the ${role} it names`, { details: { role } })
  }
  return { value, payload }
}
