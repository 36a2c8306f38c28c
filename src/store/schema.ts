/**
 * The main database, one step a version (see migrate.ts); never edit a released step, append one.
 * Text and layout in words: docs/spec/storage.md.
 */
import { CARRY_SCHEMA } from './carry-schema.ts'
import { DELIVERY_SCHEMA } from './delivery-schema.ts'
import { ERROR_STATE_SCHEMA } from './error-state-schema.ts'
import { LOST_BODY_SCHEMA } from './lost-body-schema.ts'
import { METRIC_SCHEMA } from './metric-schema.ts'
import { NOTIFICATION_SCHEMA } from './notification-schema.ts'
import { PLUGIN_SCHEMA } from './plugin-schema.ts'
import { POSTING_SCHEMA } from './postings/posting-schema.ts'
import { QUOTA_SCHEMA } from './quota-schema.ts'
import { RETENTION_SCHEMA } from './retention-schema.ts'

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

  -- Logs of this device (own = 1) and of others that handed us a key.
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    author BLOB NOT NULL, log BLOB NOT NULL, incarnation BLOB NOT NULL,
    lane INTEGER NOT NULL, module TEXT NOT NULL, part TEXT NOT NULL, own INTEGER NOT NULL,
    UNIQUE (author, log, incarnation)
  );

  -- Content keys: our own epochs, and those others handed to us (for a whole lane, or for one module).
  CREATE TABLE epoch (
    lane INTEGER NOT NULL, n INTEGER NOT NULL, started_ms INTEGER NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (lane, n)
  ) WITHOUT ROWID;
  CREATE TABLE received_key (
    owner BLOB NOT NULL, lane INTEGER NOT NULL, n INTEGER NOT NULL, module TEXT NOT NULL DEFAULT '',
    started_ms INTEGER NOT NULL, key BLOB NOT NULL, grant_id BLOB NOT NULL,
    PRIMARY KEY (owner, lane, n, module)
  ) WITHOUT ROWID;

  CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log (id), seq INTEGER NOT NULL, segment_id BLOB NOT NULL,
    epoch INTEGER NOT NULL, header BLOB NOT NULL,
    codec INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, records INTEGER NOT NULL, payload BLOB NOT NULL,
    min_nano INTEGER NOT NULL, max_nano INTEGER NOT NULL,
    UNIQUE (log, seq)
  );
  CREATE INDEX segment_epoch ON segment (log, epoch, seq);
  -- All that a query asks before it opens a segment: the row itself has its payload before its times.
  CREATE INDEX segment_time ON segment (log, max_nano, id, min_nano, records, raw_bytes);
  CREATE TABLE head (
    log INTEGER NOT NULL REFERENCES log (id), seq INTEGER NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (log, seq)
  ) WITHOUT ROWID;
  -- Batches acknowledged and not yet cut into a segment.
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log (id), epoch INTEGER NOT NULL,
    admitted_ms INTEGER NOT NULL, payload BLOB NOT NULL
  );
  -- Derived from segments.
  CREATE TABLE trace_ref (
    trace_id BLOB NOT NULL, segment INTEGER NOT NULL,
    start_nano INTEGER NOT NULL, end_nano INTEGER NOT NULL,
    spans INTEGER NOT NULL, errors INTEGER NOT NULL, root_name TEXT,
    PRIMARY KEY (trace_id, start_nano, segment)
  ) WITHOUT ROWID;
  CREATE INDEX trace_ref_start ON trace_ref (start_nano);

  CREATE TABLE membership_op (op_id BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
  -- One hash-linked log of sealed entries per (owner, recipient); opened is the plaintext this device may read.
  CREATE TABLE control_entry (
    owner BLOB NOT NULL, recipient BLOB NOT NULL, seq INTEGER NOT NULL,
    entry_id BLOB NOT NULL, kind INTEGER NOT NULL, bytes BLOB NOT NULL, opened BLOB,
    PRIMARY KEY (owner, recipient, seq)
  ) WITHOUT ROWID;
  -- What each recipient was handed, so that it is handed once.
  CREATE TABLE handed (
    recipient BLOB NOT NULL, grant_id BLOB NOT NULL, lane INTEGER NOT NULL, n INTEGER NOT NULL, what TEXT NOT NULL,
    PRIMARY KEY (recipient, grant_id, lane, n, what)
  ) WITHOUT ROWID;

  CREATE TABLE module (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE invitation (
    token_id BLOB PRIMARY KEY, token BLOB NOT NULL, expires_ms INTEGER NOT NULL, used_by BLOB
  ) WITHOUT ROWID;
  CREATE TABLE peer (
    device BLOB PRIMARY KEY, addresses TEXT NOT NULL DEFAULT '[]',
    last_seen_ms INTEGER, synced_ms INTEGER, pending INTEGER NOT NULL DEFAULT 0, clock TEXT
  ) WITHOUT ROWID;
  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // Where a device said last that it is, for other members, and what they said of it.
  `
  ALTER TABLE peer ADD COLUMN said TEXT;
  ALTER TABLE peer ADD COLUMN hints TEXT NOT NULL DEFAULT '[]';
  `,
  // Sealed bodies leave the database for pack files (docs/adr/0005-sealed-packs.md). What was in rows is moved there, with
  // keys that SQL does not have, when the keeper starts (move-segments.ts).
  `
  ALTER TABLE segment RENAME TO segment_in_rows;
  DROP INDEX segment_epoch;
  DROP INDEX segment_time;
  -- Files of sealed bodies, each of one author.
  CREATE TABLE pack (id INTEGER PRIMARY KEY AUTOINCREMENT, author BLOB NOT NULL);
  CREATE INDEX pack_author ON pack (author, id);
  CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES log (id), seq INTEGER NOT NULL, segment_id BLOB NOT NULL,
    epoch INTEGER NOT NULL, header BLOB NOT NULL,
    pack INTEGER NOT NULL, at INTEGER NOT NULL, bytes INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL, records INTEGER NOT NULL,
    min_nano INTEGER NOT NULL, max_nano INTEGER NOT NULL, max_duration_nano INTEGER NOT NULL,
    UNIQUE (log, seq)
  );
  CREATE INDEX segment_epoch ON segment (log, epoch, seq);

  -- Derived from segments: the traces of each, and what they are found by. Rows at random places cost more than all else.
  DROP TABLE trace_ref;
  CREATE TABLE trace_summary (segment INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  ${POSTING_SCHEMA}
  INSERT INTO setting VALUES ('index.version', '2');
  ${METRIC_SCHEMA}
  ${RETENTION_SCHEMA}
  ${LOST_BODY_SCHEMA}
  ${QUOTA_SCHEMA}
  `,
  `${DELIVERY_SCHEMA}${NOTIFICATION_SCHEMA}${ERROR_STATE_SCHEMA}${PLUGIN_SCHEMA}`,
  CARRY_SCHEMA,
]
