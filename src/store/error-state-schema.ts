/** What a person decided about groups of errors, and which came back since (docs/spec/errors.md). */
export const ERROR_STATE_SCHEMA = `
  CREATE TABLE error_state (
    fingerprint TEXT PRIMARY KEY, module TEXT NOT NULL, state TEXT NOT NULL, since_ms INTEGER NOT NULL, after_nano TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX error_state_age ON error_state (since_ms);
`
