/**
 * Tables of the postings (docs/spec/index.md, IX10 to IX29). Ids only grow within a table, so that rows are written at its end:
 * a tail row's is 2^40 * generation + segment, a block's 2^20 * part + 2^19 * family + its number.
 */
export const POSTING_SCHEMA = `
  -- What the newest segments are found by, one row each. shared: the list that keys are given by, 0 for none.
  CREATE TABLE posting_tail (id INTEGER PRIMARY KEY, shared INTEGER NOT NULL, keys BLOB NOT NULL);
  -- Tokens that many segments have.
  CREATE TABLE posting_shared (id INTEGER PRIMARY KEY AUTOINCREMENT, generation INTEGER NOT NULL, keys BLOB NOT NULL);
  -- A part covers segments first..last. state: 0 being made, 1 complete, 2 dropped, to be deleted with its blocks.
  -- Sets of segments: members are those it covers, wild those that match every key. Fences: the first key of each block.
  CREATE TABLE posting_part (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL, level INTEGER NOT NULL, state INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, members BLOB NOT NULL,
    trace_fences BLOB NOT NULL, trace_wild BLOB NOT NULL,
    token_fences BLOB NOT NULL, token_wild BLOB NOT NULL
  );
  CREATE TABLE posting_block (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
`
