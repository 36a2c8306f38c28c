/** Batches of modules that were committed (docs/spec/bus.md BU36), so that one that is sent again is not kept twice. */
export const DELIVERY_SCHEMA = `
  CREATE TABLE delivery (
    module TEXT NOT NULL, stream TEXT NOT NULL, n INTEGER NOT NULL, oldest INTEGER NOT NULL, stored_ms INTEGER NOT NULL,
    PRIMARY KEY (module, stream, n)
  ) WITHOUT ROWID;
  CREATE INDEX delivery_age ON delivery (module, stored_ms);
`
