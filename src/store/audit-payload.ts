/**
 * The erasable half of audit: payloads sealed under one random key per retention class and month, each key wrapped under
 * the payload master key. Deleting a month's key and rows ends its payloads for good; the leaves stay and still verify.
 *
 * Must not: reuse a nonce. Nonces are random (96 bits): a restored database could repeat any counter.
 */
import type { Database } from 'better-sqlite3'
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import type { Crypto, Sha256 } from '../base/crypto.ts'
import { toBase64 } from '../audit/base64.ts'
import type { AuditLeaf } from '../audit/leaf.ts'
import { parseCanonical, type JsonObject } from '../audit/jcs.ts'
import { payloadCommitment, PAYLOAD_SALT_BYTES } from '../audit/payload-commitment.ts'
import { StoreError } from './store-error.ts'

const PAYLOAD_MASTER_BYTES = 32
const KEY_BYTES = 32
const NONCE_BYTES = 12
const WRAP_LABEL = utf8('aico-mesh/audit/month-key/v1')
const REF_LABEL = utf8('aico-mesh/audit/ref/v1')
const REF_BYTES = 16

export const AUDIT_PAYLOAD_SCHEMA = `
  CREATE TABLE audit_key(
    key_epoch TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE audit_payload(
    seq INTEGER PRIMARY KEY REFERENCES leaf(seq),
    salt BLOB NOT NULL,
    ct BLOB NOT NULL,
    key_epoch TEXT NOT NULL
  ) STRICT;
`

/** A payload whose commitment the leaf can carry before the row is written. */
export interface CommittedPayload {
  readonly salt: Uint8Array
  readonly bytes: Uint8Array
  readonly commitment: string
}

/** `erased`: its key is gone, and with it the payload. `missing` and `altered` are never the work of this program. */
export type PayloadState =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly payload: JsonObject }
  | { readonly kind: 'erased' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'altered' }

interface PayloadRow {
  readonly salt: Uint8Array
  readonly ct: Uint8Array
  readonly key_epoch: string
}

interface KeyRow {
  readonly key_epoch: string
  readonly wrapped: Uint8Array
}

export class AuditPayloads {
  readonly #crypto: Crypto
  readonly #sha256: Sha256
  readonly #wrapKey: Uint8Array
  readonly #refKey: Uint8Array
  /** The month in use. It counts only together with its row, so a destroyed key is not used again. */
  #lastOpened: (KeyRow & { readonly key: Uint8Array }) | undefined
  readonly #statements

  constructor(db: Database, crypto: Crypto, master: Uint8Array) {
    if (master.length !== PAYLOAD_MASTER_BYTES) throw new StoreError('STORE_BAD_KEY', 'the payload key is not 32 bytes')
    this.#crypto = crypto
    this.#sha256 = (bytes) => crypto.sha256(bytes)
    this.#wrapKey = crypto.hkdfSha256(master, new Uint8Array(0), WRAP_LABEL, KEY_BYTES)
    this.#refKey = crypto.hkdfSha256(master, new Uint8Array(0), REF_LABEL, KEY_BYTES)
    this.#statements = {
      insert: db.prepare('INSERT INTO audit_payload(seq, salt, ct, key_epoch) VALUES (?, ?, ?, ?)'),
      row: db.prepare<[number], PayloadRow>('SELECT salt, ct, key_epoch FROM audit_payload WHERE seq = ?'),
      insertKey: db.prepare('INSERT INTO audit_key(key_epoch, wrapped) VALUES (?, ?)'),
      keys: db.prepare<[], KeyRow>('SELECT key_epoch, wrapped FROM audit_key ORDER BY key_epoch'),
      key: db.prepare<[string], KeyRow>('SELECT key_epoch, wrapped FROM audit_key WHERE key_epoch = ?'),
    }
  }

  /** @throws StoreError STORE_WRONG_KEY if there are wrapped keys and none opens. */
  assertMaster(): void {
    const rows = this.#statements.keys.all()
    if (rows.length > 0 && rows.every((row) => this.#unwrap(row.key_epoch, row.wrapped) === undefined)) {
      throw new StoreError('STORE_WRONG_KEY', 'wrong payload key')
    }
  }

  /** A name as a reference that means nothing without the master key: 32 hex digits are in the leaf, the name is not. */
  refOf(kind: string, name: string): Uint8Array {
    return this.#crypto.hmacSha256(this.#refKey, utf8(`${kind}\0${name}`)).slice(0, REF_BYTES)
  }

  commit(bytes: Uint8Array): CommittedPayload {
    const salt = this.#crypto.randomBytes(PAYLOAD_SALT_BYTES)
    return { salt, bytes, commitment: toBase64(payloadCommitment(this.#sha256, salt, bytes)) }
  }

  insert(leaf: AuditLeaf, payload: CommittedPayload): void {
    const epoch = keyEpochOf(leaf)
    const row = this.#statements.key.get(epoch)
    const key = row === undefined ? this.#newMonthKey(epoch) : this.#unwrap(epoch, row.wrapped)
    if (key === undefined) throw new StoreError('STORE_CORRUPT', 'a payload key does not open')
    const nonce = this.#crypto.randomBytes(NONCE_BYTES)
    const sealed = this.#crypto.aeadSeal(key, nonce, payloadContext(leaf.seq, epoch), payload.bytes)
    this.#statements.insert.run(leaf.seq, payload.salt, concat(nonce, sealed), epoch)
  }

  stateOf(leaf: AuditLeaf): PayloadState {
    const row = this.#statements.row.get(leaf.seq)
    if (leaf.pc === undefined) return { kind: row === undefined ? 'none' : 'altered' }
    const epoch = keyEpochOf(leaf)
    const wrapped = this.#statements.key.get(epoch)?.wrapped
    if (wrapped === undefined) return { kind: 'erased' }
    if (row === undefined) return { kind: 'missing' }
    const key = this.#unwrap(epoch, wrapped)
    const intact = key !== undefined && row.key_epoch === epoch && row.ct.length >= NONCE_BYTES
    const payload = intact ? this.#open(leaf, row, key) : undefined
    return payload === undefined ? { kind: 'altered' } : { kind: 'open', payload }
  }

  #open(leaf: AuditLeaf, row: PayloadRow, key: Uint8Array): JsonObject | undefined {
    const context = payloadContext(leaf.seq, row.key_epoch)
    const bytes = this.#crypto.aeadOpen(key, row.ct.subarray(0, NONCE_BYTES), context, row.ct.subarray(NONCE_BYTES))
    if (bytes === undefined) return undefined
    const commitment = payloadCommitment(this.#sha256, row.salt, bytes)
    return toBase64(commitment) === leaf.pc ? (parseCanonical(bytes) as JsonObject | undefined) : undefined
  }

  #unwrap(epoch: string, wrapped: Uint8Array): Uint8Array | undefined {
    if (wrapped.length < NONCE_BYTES) return undefined
    const last = this.#lastOpened
    if (last?.key_epoch === epoch && equalBytes(last.wrapped, wrapped)) return last.key
    const nonce = wrapped.subarray(0, NONCE_BYTES)
    const key = this.#crypto.aeadOpen(this.#wrapKey, nonce, utf8(epoch), wrapped.subarray(NONCE_BYTES))
    this.#lastOpened = key && { key_epoch: epoch, wrapped, key }
    return key
  }

  #newMonthKey(epoch: string): Uint8Array {
    const key = this.#crypto.randomBytes(KEY_BYTES)
    const nonce = this.#crypto.randomBytes(NONCE_BYTES)
    this.#statements.insertKey.run(epoch, concat(nonce, this.#crypto.aeadSeal(this.#wrapKey, nonce, utf8(epoch), key)))
    return key
  }
}

/** Class and month of a leaf, such as `security-1y/2026-11`: what is destroyed together. */
function keyEpochOf(leaf: AuditLeaf): string {
  return `${leaf.ret}/${leaf.ts.slice(0, 'yyyy-mm'.length)}`
}

/** Bound into the seal, so that a payload cannot be moved to another leaf. */
function payloadContext(seq: number, epoch: string): Uint8Array {
  return utf8(`aico-mesh/audit/payload/v1\0${seq}\0${epoch}`)
}
