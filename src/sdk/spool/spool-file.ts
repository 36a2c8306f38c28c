/**
 * The bytes of a batch in the spool.
 *
 *   'A' 'S' | version 1 | 0 | records: u32 big-endian | nonce: 12 | ChaCha20-Poly1305 of the batch, its tag included
 *
 * Key: HKDF-SHA256(secret key of the module's credential, salt: stream, info "aico-mesh/spool/v1"), so that a nonce at random
 * repeats under one key only after far more batches than a run makes. Associated data: the first 8 bytes, and the file's name.
 * At most 5 MiB. A version that is not known is left alone.
 */
import { concat, utf8 } from '../../base/bytes.ts'
import { AEAD_TAG_BYTES, type Crypto } from '../../base/crypto.ts'
import { MAX_BODY_BYTES } from '../../wire/bus-frames.ts'

const MAGIC = [0x41, 0x53, 1, 0] as const
const RECORDS_OFFSET = MAGIC.length
export const HEAD_BYTES = RECORDS_OFFSET + 4
const NONCE_BYTES = 12
const KEY_BYTES = 32
const INFO = utf8('aico-mesh/spool/v1')
/** What a file has besides its batch. */
export const EXTRA_BYTES = HEAD_BYTES + NONCE_BYTES + AEAD_TAG_BYTES
export const MAX_FILE_BYTES = MAX_BODY_BYTES + EXTRA_BYTES

type FileCrypto = Pick<Crypto, 'randomBytes' | 'hkdfSha256' | 'aeadSeal' | 'aeadOpen'>

export class SpoolFiles {
  readonly #crypto: FileCrypto
  readonly #secretKey: Uint8Array

  /** @param secretKey the credential's, as it is written there */
  constructor(crypto: FileCrypto, secretKey: string) {
    this.#crypto = crypto
    this.#secretKey = utf8(secretKey)
  }

  seal(stream: string, name: string, records: number, batch: Uint8Array): Uint8Array {
    const head = new Uint8Array(HEAD_BYTES)
    head.set(MAGIC)
    new DataView(head.buffer).setUint32(RECORDS_OFFSET, records)
    const nonce = this.#crypto.randomBytes(NONCE_BYTES)
    return concat(head, nonce, this.#crypto.aeadSeal(this.#keyOf(stream), nonce, aadOf(head, name), batch))
  }

  /** Undefined if it was not sealed in this way, by this module, under this stream and name. */
  open(stream: string, name: string, file: Uint8Array): Uint8Array | undefined {
    if (file.length > MAX_FILE_BYTES || recordsOf(file) === undefined) return undefined
    const head = file.subarray(0, HEAD_BYTES)
    const nonce = file.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
    const sealed = file.subarray(HEAD_BYTES + NONCE_BYTES)
    return this.#crypto.aeadOpen(this.#keyOf(stream), nonce, aadOf(head, name), sealed)
  }

  #keyOf(stream: string): Uint8Array {
    return this.#crypto.hkdfSha256(this.#secretKey, utf8(stream), INFO, KEY_BYTES)
  }
}

/** How many records a file says it has: what is told if it must be given up unread. Undefined for what is no such file. */
export function recordsOf(file: Uint8Array): number | undefined {
  const isOurs = file.length >= EXTRA_BYTES && MAGIC.every((byte, i) => file[i] === byte)
  return isOurs ? new DataView(file.buffer, file.byteOffset).getUint32(RECORDS_OFFSET) : undefined
}

function aadOf(head: Uint8Array, name: string): Uint8Array {
  return concat(head, utf8(name))
}
