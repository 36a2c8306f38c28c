/** Quotas (docs/spec/retention.md): how much a source may keep. An empty device or module, and a lane of -1, are every one. */
export const QUOTA_SCHEMA = `
  CREATE TABLE quota (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device BLOB NOT NULL, module TEXT NOT NULL, lane INTEGER NOT NULL, max_bytes INTEGER NOT NULL,
    UNIQUE (device, module, lane)
  );
`
