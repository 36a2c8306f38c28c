/**
 * What plugins were refused: counted for the person, an audit event at once and then at most one in ten minutes for each
 * plugin and reason, and told of when it goes on. Counts are gathered, so that a flood costs one write a second.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { RefusalReporter } from '../../bus/refusal-reporter.ts'
import type { PluginRefusalCode } from '../../policy/plugins/refusal-codes.ts'
import type { PluginRefusal } from '../../store/plugin-refusal-table.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'

/** Shortest time between two audit events of one plugin and reason, in milliseconds. */
export const PLUGIN_AUDIT_INTERVAL_MS = 600_000
/** Told of twice within this, a reason is persistent, in milliseconds. */
const PERSISTENT_WITHIN_MS = 2 * PLUGIN_AUDIT_INTERVAL_MS
/** Time between two writes of counts, in milliseconds. */
export const PLUGIN_COUNT_EVERY_MS = 1_000

export interface PluginRefusalsDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly audit: (entry: LedgerEntry) => Promise<unknown>
  readonly count: (refusals: readonly PluginRefusal[]) => Promise<unknown>
  /** The same reason was told of again. */
  readonly onPersistent: (plugin: string, code: PluginRefusalCode) => void
}

export class PluginRefusals {
  readonly #deps: PluginRefusalsDeps
  readonly #reporter: RefusalReporter
  /** When each plugin and reason was told of last. */
  readonly #toldMs = new Map<string, number>()
  #waiting = new Map<string, PluginRefusal>()
  #cancelWrite: (() => void) | undefined

  constructor(deps: PluginRefusalsDeps) {
    this.#deps = deps
    this.#reporter = new RefusalReporter(
      deps.clock,
      (about, count) => this.#tell(about, count),
      PLUGIN_AUDIT_INTERVAL_MS,
    )
  }

  refused(plugin: string, code: PluginRefusalCode, count = 1): void {
    const about = `${plugin} ${code}` // a plugin's name has no blanks
    const before = this.#waiting.get(about)?.count ?? 0
    this.#waiting.set(about, { plugin, code, count: before + count, lastUnixMs: this.#deps.clock.now() })
    this.#cancelWrite ??= this.#deps.clock.after(PLUGIN_COUNT_EVERY_MS, () => void this.flush())
    this.#reporter.refused(about, count)
  }

  /** Writes what was counted; what cannot be written now waits for the next time. */
  async flush(): Promise<void> {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    if (this.#waiting.size === 0) return
    const waiting = this.#waiting
    this.#waiting = new Map()
    try {
      await this.#deps.count([...waiting.values()])
    } catch (err) {
      this.#deps.log.error({ err }, 'what plugins were refused could not be counted')
      for (const [about, refusal] of waiting) {
        const since = this.#waiting.get(about)
        this.#waiting.set(about, { ...(since ?? refusal), count: refusal.count + (since?.count ?? 0) })
      }
    }
  }

  /** Tells what is still untold, writes what was counted. */
  async stop(): Promise<void> {
    this.#reporter.stop()
    await this.flush()
  }

  #tell(about: string, count: number): void {
    const [plugin, code] = about.split(' ') as [string, PluginRefusalCode]
    const nowMs = this.#deps.clock.monotonic()
    const isAgain = nowMs - (this.#toldMs.get(about) ?? -Infinity) < PERSISTENT_WITHIN_MS
    this.#toldMs.set(about, nowMs)
    const who = { kind: 'plugin', ref: plugin } as const
    const payload = { plugin, reason: code, count }
    this.#deps
      .audit({ type: 'plugin.refused', outcome: 'denied', actor: who, object: who, payload })
      .catch((err: unknown) => this.#deps.log.error({ err, plugin, code }, 'a refusal could not be recorded'))
    if (isAgain) this.#deps.onPersistent(plugin, code)
  }
}
