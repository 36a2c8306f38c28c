/** What plugins were refused, by why (docs/spec/plugins.md): goes with the plugin. */
export const PLUGIN_SCHEMA = `
  CREATE TABLE plugin_refusal (
    plugin TEXT NOT NULL, code TEXT NOT NULL, count INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    PRIMARY KEY (plugin, code)
  ) WITHOUT ROWID;
`
