/**
 * What retention needs (docs/spec/retention.md). A segment that was dropped keeps its row, with `pack = 0`: the chain goes on,
 * and nobody asks for it again. Nothing that answers a query looks at such rows: its indexes leave them out, and have `pack`
 * in them because SQLite would otherwise fetch each row to look at it.
 */
export const RETENTION_SCHEMA = `
  CREATE INDEX segment_pack ON segment (pack, at, bytes) WHERE pack > 0;
  CREATE INDEX segment_time
    ON segment (log, max_nano, id, min_nano, records, raw_bytes, max_duration_nano, pack) WHERE pack > 0;
  CREATE INDEX segment_kept ON segment (log, epoch, seq, bytes, records, pack) WHERE pack > 0;
  CREATE INDEX segment_there ON segment (id, bytes, records, pack) WHERE pack > 0;
  -- Segments up to this row id were stored by this time, by the clock of this device.
  CREATE TABLE arrival (segment INTEGER PRIMARY KEY, by_ms INTEGER NOT NULL);
  -- What is gone of a log, by why; the last of it was recorded by until_nano.
  CREATE TABLE dropped (
    log INTEGER NOT NULL REFERENCES log (id), reason TEXT NOT NULL,
    segments INTEGER NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, until_nano INTEGER NOT NULL,
    PRIMARY KEY (log, reason)
  ) WITHOUT ROWID;
  -- What must not be dropped, and why: scope is JSON.
  CREATE TABLE hold (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created_ms INTEGER NOT NULL, reason TEXT NOT NULL, scope TEXT NOT NULL
  );
`
