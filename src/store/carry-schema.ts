/**
 * What is carried for others (docs/spec/carry.md): sealed segments this device cannot read, in packs of their own, and
 * what owners, carriers and readers have said about them.
 */
export const CARRY_SCHEMA = `
  -- Logs of others that are carried; dropped: runs that are done with and not fetched again, as JSON [[from, to]...].
  CREATE TABLE carry_log (
    id INTEGER PRIMARY KEY,
    author BLOB NOT NULL, log BLOB NOT NULL, incarnation BLOB NOT NULL, dropped TEXT NOT NULL DEFAULT '[]',
    UNIQUE (author, log, incarnation)
  );
  CREATE TABLE carry_pack (id INTEGER PRIMARY KEY AUTOINCREMENT, author BLOB NOT NULL);
  CREATE INDEX carry_pack_author ON carry_pack (author, id);
  CREATE TABLE carry_segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES carry_log (id), seq INTEGER NOT NULL, segment_id BLOB NOT NULL, header BLOB NOT NULL,
    pack INTEGER NOT NULL, at INTEGER NOT NULL, bytes INTEGER NOT NULL, drop_day INTEGER NOT NULL,
    UNIQUE (log, seq)
  );
  CREATE INDEX carry_segment_day ON carry_segment (drop_day);
  CREATE INDEX carry_segment_pack ON carry_segment (pack, at);
  CREATE TABLE carry_head (
    log INTEGER NOT NULL REFERENCES carry_log (id), seq INTEGER NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (log, seq)
  ) WITHOUT ROWID;
  -- What a reader says it has of a carried log, as JSON [[from, to]...].
  CREATE TABLE carry_ack (
    log INTEGER NOT NULL REFERENCES carry_log (id), reader BLOB NOT NULL, runs TEXT NOT NULL,
    PRIMARY KEY (log, reader)
  ) WITHOUT ROWID;
  -- The latest manifest of each owner for each device; opened: of our own, and of those sealed to us.
  CREATE TABLE manifest (
    owner BLOB NOT NULL, recipient BLOB NOT NULL, n INTEGER NOT NULL, at_ms INTEGER NOT NULL, entries INTEGER NOT NULL,
    bytes BLOB NOT NULL, opened BLOB,
    PRIMARY KEY (owner, recipient)
  ) WITHOUT ROWID;
  -- The latest receipt of each carrier for each log of ours.
  CREATE TABLE carry_receipt (
    carrier BLOB NOT NULL, log BLOB NOT NULL, incarnation BLOB NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (carrier, log, incarnation)
  ) WITHOUT ROWID;
  -- Of a device: the digest of what it offered as carried, once all of it was taken; why it takes nothing more of ours.
  CREATE TABLE carry_peer (
    device BLOB PRIMARY KEY, seen BLOB, refused TEXT, refused_ms INTEGER, behind INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
`
