/**
 * Reads a whole audit log and says whether it is still what was written: every leaf hashed again, in place and in order,
 * every payload against its commitment, the stored tree against the leaves. Names the first leaf that is wrong.
 *
 * Cannot see: a consistent older copy of the file, or leaves cut from the end by someone who holds its key and rewrites
 * the tree as well. The main database and other devices saw `size` and `root`; the keeper asks the first.
 */
import type { Database } from 'better-sqlite3'
import { equalBytes } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import { LeafSequence, type LeafProblem } from '../audit/leaf-sequence.ts'
import { rootOf, toCompactRange } from '../audit/merkle-tree.ts'
import type { AuditPayloads } from './audit-payload.ts'

type AuditProblem =
  | LeafProblem
  /** A leaf is missing before this one. */
  | 'AUDIT_SEQ_GAP'
  /** The stored hash is not that of the stored bytes. */
  | 'AUDIT_HASH_WRONG'
  /** The payload is not the one the leaf commits to, or the leaf commits to none. */
  | 'AUDIT_PAYLOAD_ALTERED'
  /** The payload is gone although its key was not destroyed. */
  | 'AUDIT_PAYLOAD_MISSING'
  /** A payload without a leaf. */
  | 'AUDIT_PAYLOAD_STRAY'
  /** The tree state counts other leaves than there are: some were cut from the end, or added. */
  | 'AUDIT_SIZE_WRONG'
  /** The tree state is not that of these leaves. */
  | 'AUDIT_ROOT_WRONG'
  /** Whole in itself, and not the log that the main database has seen. */
  | 'AUDIT_ROLLED_BACK'
  /** Whole in itself, and begun in place of one that was damaged. */
  | 'AUDIT_SET_ASIDE'

export type AuditVerdict =
  | { readonly ok: true; readonly size: number; readonly root: Uint8Array; readonly erasedPayloads: number }
  | { readonly ok: false; readonly code: AuditProblem; readonly seq: number }

interface StoredLeaf {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly leaf_hash: Uint8Array
}

/** Leaves read at once: bounds memory, and leaves the connection free for the payloads between pages. */
const PAGE_LEAVES = 1_000

/** The caller holds a read transaction, so that all pages are of one moment. */
export function verifyAudit(db: Database, payloads: AuditPayloads, sha256: Sha256): AuditVerdict {
  const sequence = new LeafSequence(sha256)
  let erasedPayloads = 0
  for (const row of storedLeaves(db)) {
    const problem = checkLeaf(row, sequence, payloads)
    if (problem === 'erased') erasedPayloads++
    else if (problem !== undefined) return { ok: false, code: problem, seq: row.seq }
  }
  const problem = checkTree(db, sequence, sha256)
  if (problem !== undefined) return { ok: false, code: problem, seq: sequence.size }
  const stray = db.prepare('SELECT min(seq) FROM audit_payload WHERE seq NOT IN (SELECT seq FROM leaf)').pluck().get()
  if (stray !== null) return { ok: false, code: 'AUDIT_PAYLOAD_STRAY', seq: stray as number }
  return { ok: true, size: sequence.size, root: sequence.root(), erasedPayloads }
}

function* storedLeaves(db: Database): Generator<StoredLeaf> {
  const page = db.prepare<[number, number], StoredLeaf>(
    'SELECT seq, bytes, leaf_hash FROM leaf WHERE seq > ? ORDER BY seq LIMIT ?',
  )
  let last = Number.MIN_SAFE_INTEGER
  for (;;) {
    const rows = page.all(last, PAGE_LEAVES)
    yield* rows
    const end = rows.at(-1)
    if (end === undefined) return
    last = end.seq
  }
}

function checkLeaf(
  row: StoredLeaf,
  sequence: LeafSequence,
  payloads: AuditPayloads,
): AuditProblem | 'erased' | undefined {
  if (row.seq !== sequence.size) return 'AUDIT_SEQ_GAP'
  const verdict = sequence.add(row.bytes)
  if (!verdict.ok) return verdict.code
  if (!equalBytes(verdict.hash, row.leaf_hash)) return 'AUDIT_HASH_WRONG'
  const { kind } = payloads.stateOf(verdict.leaf)
  switch (kind) {
    case 'altered':
      return 'AUDIT_PAYLOAD_ALTERED'
    case 'missing':
      return 'AUDIT_PAYLOAD_MISSING'
    case 'erased':
      return 'erased'
    case 'open':
    case 'none':
      return undefined
  }
}

function checkTree(db: Database, sequence: LeafSequence, sha256: Sha256): AuditProblem | undefined {
  const tree = db.prepare<[], { size: number; hashes: Uint8Array }>('SELECT size, hashes FROM tree').get()
  if (tree === undefined || tree.size !== sequence.size) return 'AUDIT_SIZE_WRONG'
  try {
    const stored = rootOf(sha256, toCompactRange(tree.size, tree.hashes))
    return equalBytes(stored, sequence.root()) ? undefined : 'AUDIT_ROOT_WRONG'
  } catch {
    return 'AUDIT_ROOT_WRONG' // hashes that are not those of any tree of this size
  }
}
