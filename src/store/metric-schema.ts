/**
 * Tables of the metrics tiers (docs/spec/metrics.md ME30): derived from segments, but for the roll-ups, which outlive them.
 */
export const METRIC_SCHEMA = `
  CREATE TABLE metric_source (
    id INTEGER PRIMARY KEY, author BLOB NOT NULL, module TEXT NOT NULL, UNIQUE (author, module)
  );
  -- Few beside points; key is the start of a hash of source and identity.
  CREATE TABLE metric_series (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, source INTEGER NOT NULL REFERENCES metric_source (id),
    name TEXT NOT NULL, identity TEXT NOT NULL
  );
  CREATE INDEX metric_series_name ON metric_series (name, source);
  CREATE INDEX metric_series_source ON metric_series (source);
  CREATE TABLE metric_last (series INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, value REAL);
  -- id says tier, hour and series: see model/metrics/tiers.ts.
  CREATE TABLE metric_block (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  -- Points of one hour that were added together, until they are joined to their blocks: id = seq * 2^24 + series.
  CREATE TABLE metric_batch (seq INTEGER PRIMARY KEY AUTOINCREMENT, hour INTEGER NOT NULL);
  CREATE TABLE metric_part (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  -- Hours that any series has points of. raw, minute: 1 kept, 2 being deleted, 0 gone. dirty: there are batches of it.
  CREATE TABLE metric_hour (
    hour INTEGER PRIMARY KEY, changed_ms INTEGER NOT NULL, dirty INTEGER NOT NULL, raw INTEGER NOT NULL, minute INTEGER NOT NULL
  );
  -- Row id of the last segment whose points are in the tables.
  CREATE TABLE metric_feed (id INTEGER PRIMARY KEY CHECK (id = 1), fed INTEGER NOT NULL);
  INSERT INTO metric_feed VALUES (1, 0);
`
