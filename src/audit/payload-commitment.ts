/**
 * The salted commitment that binds an erasable payload to its leaf: SHA-256(0x02 || salt || payload).
 * Once salt and payload are gone, the leaf says nothing about them: 32 random bytes cannot be guessed.
 */
import { concat } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'

export const PAYLOAD_SALT_BYTES = 32
/** Largest payload, as canonical JSON: names, reasons and lists of ids, never records. */
export const MAX_PAYLOAD_BYTES = 8_192

/** Next after RFC 6962's 0x00 (leaf) and 0x01 (node), so that no hash of one kind can pass for another. */
const COMMITMENT_PREFIX = Uint8Array.of(2)

export function payloadCommitment(sha256: Sha256, salt: Uint8Array, payload: Uint8Array): Uint8Array {
  return sha256(concat(COMMITMENT_PREFIX, salt, payload))
}
