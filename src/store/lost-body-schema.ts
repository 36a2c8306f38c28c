/**
 * Segments whose sealed body was found damaged and is not back yet (lost-bodies.ts). The segment's own row stays as it is:
 * a disk that gives the bytes again, such as one that was not there, makes nothing necessary.
 */
export const LOST_BODY_SCHEMA = `
  CREATE TABLE lost_body (
    segment INTEGER PRIMARY KEY REFERENCES segment (id) ON DELETE CASCADE,
    log INTEGER NOT NULL, seq INTEGER NOT NULL
  );
  CREATE INDEX lost_body_log ON lost_body (log, seq);
`
