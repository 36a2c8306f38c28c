/** How often each plugin was refused what, and when last. Codes are ours, so that rows stay few. */
import type { Database, Statement } from 'better-sqlite3'

export interface PluginRefusal {
  readonly plugin: string
  /** A `PluginRefusalCode`. */
  readonly code: string
  readonly count: number
  readonly lastUnixMs: number
}

export class PluginRefusalTable {
  readonly #add: Statement
  readonly #all: Statement<[], PluginRefusal>
  readonly #forget: Statement<[string]>

  constructor(db: Database) {
    this.#add = db.prepare(
      `INSERT INTO plugin_refusal VALUES (?, ?, ?, ?)
       ON CONFLICT (plugin, code) DO UPDATE SET count = count + excluded.count, last_ms = max(last_ms, excluded.last_ms)`,
    )
    this.#all = db.prepare(
      'SELECT plugin, code, count, last_ms AS lastUnixMs FROM plugin_refusal ORDER BY plugin, code',
    )
    this.#forget = db.prepare('DELETE FROM plugin_refusal WHERE plugin = ?')
  }

  add({ plugin, code, count, lastUnixMs }: PluginRefusal): void {
    this.#add.run(plugin, code, count, Math.floor(lastUnixMs))
  }

  all(): readonly PluginRefusal[] {
    return this.#all.all()
  }

  forget(plugin: string): void {
    this.#forget.run(plugin)
  }
}
