/**
 * Tables and statements of the audit database (docs/spec/audit.md, AU14-AU22). The columns to search by are computed from
 * the leaf's bytes, so they cannot say anything else than the leaf does.
 */
import type { Database } from 'better-sqlite3'
import { AUDIT_PAYLOAD_SCHEMA } from './audit-payload.ts'

/** A member of the leaf; null in bytes that are not JSON, so that a damaged leaf does not hide the others. */
const member = (path: string) =>
  `CASE WHEN json_valid(CAST(bytes AS TEXT)) THEN json_extract(CAST(bytes AS TEXT), '${path}') END`

export const AUDIT_MIGRATIONS: readonly string[] = [
  `CREATE TABLE leaf(
     seq INTEGER PRIMARY KEY,
     bytes BLOB NOT NULL,
     leaf_hash BLOB NOT NULL,
     type TEXT AS (${member('$.type')}) VIRTUAL,
     object_kind TEXT AS (${member('$.object.kind')}) VIRTUAL,
     object_ref TEXT AS (${member('$.object.ref')}) VIRTUAL
   ) STRICT;
   CREATE INDEX leaf_by_object ON leaf(object_ref, object_kind) WHERE object_ref IS NOT NULL;
   CREATE TABLE tree(
     id INTEGER PRIMARY KEY CHECK (id = 1),
     size INTEGER NOT NULL,
     hashes BLOB NOT NULL
   ) STRICT;
   INSERT INTO tree VALUES (1, 0, x'');
   ${AUDIT_PAYLOAD_SCHEMA}`,
  // How far the main database has come, as far as this one was told.
  `CREATE TABLE store_seen(
     id INTEGER PRIMARY KEY CHECK (id = 1),
     generation INTEGER NOT NULL
   ) STRICT;
   INSERT INTO store_seen VALUES (1, 0);`,
]

export interface LeafRow {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly leaf_hash: Uint8Array
}

export interface TreeRow {
  readonly size: number
  readonly hashes: Uint8Array
  /** One more than the last leaf's index. */
  readonly leaves: number
}

export type AuditStatements = ReturnType<typeof prepareAudit>

export function prepareAudit(db: Database) {
  return {
    insert: db.prepare('INSERT INTO leaf(seq, bytes, leaf_hash) VALUES (?, ?, ?)'),
    tree: db.prepare<[], TreeRow>(
      'SELECT size, hashes, (SELECT coalesce(max(seq) + 1, 0) FROM leaf) AS leaves FROM tree',
    ),
    writeTree: db.prepare('UPDATE tree SET size = ?, hashes = ?'),
    page: db.prepare<{ from: number; limit: number; types: string | null }, LeafRow>(
      `SELECT seq, bytes, leaf_hash FROM leaf
        WHERE seq >= @from AND (@types IS NULL OR type IN (SELECT value FROM json_each(@types)))
        ORDER BY seq LIMIT @limit`,
    ),
    hashes: db.prepare<[number], { leaf_hash: Uint8Array }>('SELECT leaf_hash FROM leaf WHERE seq < ? ORDER BY seq'),
    storeSeen: db.prepare<[], { generation: number }>('SELECT generation FROM store_seen'),
    writeStoreSeen: db.prepare('UPDATE store_seen SET generation = ?'),
    objectTime: db.prepare<[string, string], { ts: string | null }>(
      `SELECT ${member('$.ts')} AS ts FROM leaf WHERE object_ref = ? AND object_kind = ? ORDER BY seq LIMIT 1`,
    ),
    object: db.prepare<[string, string]>('SELECT 1 FROM leaf WHERE object_ref = ? AND object_kind = ? LIMIT 1'),
  }
}
