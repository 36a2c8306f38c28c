/**
 * The device's audit log in its own encrypted file: leaves as a Merkle tree, payloads sealed and erasable.
 *
 * Guarantees: what `append` returned is on disk (synchronous=FULL); leaf, payload and tree state are one transaction, so
 * a crash leaves all of an entry or none. Callers append an operation's leaf first, then store the operation, and
 * reconcile at start with `hasObject` and `leavesSince`. Must not: change or delete a leaf. Rules: docs/spec/audit.md.
 */
import type { Database } from 'better-sqlite3'
import { concat, toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Crypto, Sha256 } from '../base/crypto.ts'
import { AuditError } from '../audit/audit-error.ts'
import { toBase64 } from '../audit/base64.ts'
import {
  BOOT_ID_BYTES,
  decodeLeaf,
  encodeLeaf,
  type ActorKind,
  type AuditLeaf,
  type ObjectKind,
} from '../audit/leaf.ts'
import { appendLeafHash, leafHash, rootOf, toCompactRange, type CompactRange } from '../audit/merkle-tree.ts'
import { entryToLeaf, payloadToBytes, type AuditEntry } from './audit-entry.ts'
import { AuditPayloads, type PayloadState } from './audit-payload.ts'
import { inAuditFile } from './audit-damage.ts'
import { AUDIT_MIGRATIONS, prepareAudit, type AuditStatements, type LeafRow } from './audit-schema.ts'
import { verifyAudit, type AuditVerdict } from './audit-verify.ts'
import { migrate } from './migrate.ts'
import { openEncrypted, type OpenOptions } from './open-encrypted.ts'

export interface AppendedLeaf {
  readonly seq: number
  readonly leafHash: Uint8Array
}

export interface AuditRecord extends AppendedLeaf {
  readonly leaf: AuditLeaf
  readonly payload: PayloadState
}

export interface AuditQuery {
  /** First leaf wanted. Default 0. */
  readonly fromSeq?: number
  /** Default and most: {@link MAX_AUDIT_PAGE}. */
  readonly limit?: number
  readonly types?: readonly string[]
}

export interface AuditLogDeps {
  readonly crypto: Crypto
  readonly clock: Clock
  /** 8 random bytes, new in every run of the agent. */
  readonly bootId: Uint8Array
}

export interface AuditLogOptions extends OpenOptions {
  readonly path: string
  /** Key of the file. */
  readonly key: Uint8Array
  /** Key that wraps the keys of the payloads. */
  readonly payloadKey: Uint8Array
}

/** Leaves in one answer: under 10 MB even if every payload had the largest size. */
export const MAX_AUDIT_PAGE = 1_000

/** @throws StoreError as `openEncrypted`, and STORE_BAD_KEY for a payload key that is not 32 bytes. */
export function openAuditLog(deps: AuditLogDeps, options: AuditLogOptions): AuditLog {
  return inAuditFile(() => {
    const db = openEncrypted(options.path, options.key, options)
    try {
      migrate(db, AUDIT_MIGRATIONS)
      const payloads = new AuditPayloads(db, deps.crypto, options.payloadKey)
      payloads.assertMaster()
      return new AuditLog(db, payloads, deps)
    } catch (err) {
      db.close()
      throw err
    }
  })
}

export class AuditLog {
  readonly #db: Database
  readonly #payloads: AuditPayloads
  readonly #deps: AuditLogDeps
  readonly #boot: string
  readonly #sha256: Sha256
  readonly #statements: AuditStatements
  #lastMonoMs = 0

  constructor(db: Database, payloads: AuditPayloads, deps: AuditLogDeps) {
    if (deps.bootId.length !== BOOT_ID_BYTES) throw new RangeError(`a boot id has ${BOOT_ID_BYTES} bytes`)
    this.#db = db
    this.#payloads = payloads
    this.#deps = deps
    this.#boot = toBase64(deps.bootId)
    this.#sha256 = (bytes) => deps.crypto.sha256(bytes)
    this.#statements = prepareAudit(db)
  }

  append(entry: AuditEntry): AppendedLeaf {
    return this.appendAll([entry])[0] as AppendedLeaf
  }

  /**
   * All entries, or none.
   * @throws AuditError for an entry that makes no valid leaf, and AUDIT_TREE_MISMATCH for a log that was tampered with.
   */
  appendAll(entries: readonly AuditEntry[]): AppendedLeaf[] {
    const work = this.#db.transaction(() => {
      let range = this.#readTree()
      const appended = entries.map((entry) => {
        const added = this.#insert(entry, range.size)
        range = appendLeafHash(this.#sha256, range, added.leafHash)
        return added
      })
      this.#statements.writeTree.run(range.size, concat(...range.hashes))
      return appended
    })
    return inAuditFile(() => work.immediate())
  }

  /** Leaves in order, each with its payload as far as it can still be opened. */
  list(query: AuditQuery = {}): AuditRecord[] {
    const limit = Math.max(0, Math.min(query.limit ?? MAX_AUDIT_PAGE, MAX_AUDIT_PAGE))
    const types = query.types === undefined ? null : JSON.stringify(query.types)
    const rows = inAuditFile(() => this.#statements.page.all({ from: query.fromSeq ?? 0, limit, types }))
    return rows.map((row) => this.#toRecord(row))
  }

  /** Every leaf from `seq` on, read a page at a time, so the log may grow meanwhile. */
  *leavesSince(seq: number): Generator<AuditRecord> {
    for (let from = seq; ;) {
      const page = this.list({ fromSeq: from })
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      from = last.seq + 1
    }
  }

  /** Whether some leaf is about this object. */
  hasObject(kind: ObjectKind, ref: string): boolean {
    return inAuditFile(() => this.#statements.object.get(ref, kind)) !== undefined
  }

  /** When the first leaf about this object was written, RFC 3339; undefined if there is none, or it cannot be read. */
  timeOfObject(kind: ObjectKind, ref: string): string | undefined {
    return inAuditFile(() => this.#statements.objectTime.get(ref, kind))?.ts ?? undefined
  }

  /** The reference that stands for a name in leaves of this device: hex, and meaningless without the payload key. */
  refOf(kind: ObjectKind | ActorKind, name: string): string {
    return toHex(this.#payloads.refOf(kind, name))
  }

  /** Reads and hashes everything again: O(n), seconds for a large log, so for a command or a worker, not the main loop. */
  verify(): AuditVerdict {
    const snapshot = this.#db.transaction(() => verifyAudit(this.#db, this.#payloads, this.#sha256))
    return inAuditFile(() => snapshot.deferred())
  }

  size(): number {
    return inAuditFile(() => this.#readTree()).size
  }

  root(): Uint8Array {
    const range = inAuditFile(() => this.#readTree())
    return rootOf(this.#sha256, range)
  }

  /** The root that the first leaves have; `undefined` if there are fewer. */
  rootAt(size: number): Uint8Array | undefined {
    return inAuditFile(() => {
      const now = this.#readTree()
      if (size > now.size) return undefined
      return rootOf(this.#sha256, size === now.size ? now : this.#treeOf(size))
    })
  }

  /** How far the main database had come when it was last noted here (docs/spec/audit.md AU21). */
  storeGeneration(): number {
    return inAuditFile(() => this.#statements.storeSeen.get())?.generation ?? 0
  }

  noteStoreGeneration(generation: number): void {
    inAuditFile(() => this.#statements.writeStoreSeen.run(generation))
  }

  /** Gives back the memory of pages that are not in use. */
  shrink(): void {
    this.#db.pragma('shrink_memory')
  }

  close(): void {
    this.#db.close()
  }

  /** The tree, only if the last leaf is the one it ends with: a log cut short is never continued. */
  #readTree(): CompactRange {
    const tree = this.#statements.tree.get()
    if (tree === undefined || tree.size !== tree.leaves) {
      throw new AuditError('AUDIT_TREE_MISMATCH', 'the audit log was cut or extended')
    }
    return toCompactRange(tree.size, tree.hashes)
  }

  #treeOf(size: number): CompactRange {
    let range = toCompactRange(0, concat())
    for (const row of this.#statements.hashes.iterate(size)) {
      range = appendLeafHash(this.#sha256, range, new Uint8Array(row.leaf_hash))
    }
    return range
  }

  #insert(entry: AuditEntry, seq: number): AppendedLeaf {
    const payload = entry.payload === undefined ? undefined : this.#payloads.commit(payloadToBytes(entry.payload))
    const leaf = entryToLeaf(entry, {
      seq,
      nowMs: this.#deps.clock.now(),
      monoMs: this.#nextMonoMs(),
      boot: this.#boot,
      commitment: payload?.commitment,
    })
    const bytes = encodeLeaf(leaf)
    const hash = leafHash(this.#sha256, bytes)
    this.#statements.insert.run(seq, bytes, hash)
    if (payload !== undefined) this.#payloads.insert(leaf, payload)
    return { seq, leafHash: hash }
  }

  #nextMonoMs(): number {
    this.#lastMonoMs = Math.max(this.#lastMonoMs, Math.floor(this.#deps.clock.monotonic()))
    return this.#lastMonoMs
  }

  #toRecord(row: LeafRow): AuditRecord {
    const leaf = decodeLeaf(row.bytes)
    return { seq: row.seq, leafHash: new Uint8Array(row.leaf_hash), leaf, payload: this.#payloads.stateOf(leaf) }
  }
}
