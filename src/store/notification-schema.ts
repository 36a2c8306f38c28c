/** What the person was told, or would have been (docs/spec/notifications.md): an id of the catalogue and its arguments as JSON. */
export const NOTIFICATION_SCHEMA = `
  CREATE TABLE notification (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, args TEXT NOT NULL, told TEXT NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, count INTEGER NOT NULL, is_read INTEGER NOT NULL
  );
`
