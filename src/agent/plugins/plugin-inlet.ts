/**
 * A plugin's batches before they cost the store anything: what is over its rate, or of a kind it did not ask for, is refused
 * here, in the agent's main thread. The door (src/ingest/confine.ts) decides about the records themselves.
 *
 * A refusal is final: what a plugin sends beyond its rate would be beyond it again, and every repetition is work for others.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf, MeshError } from '../../base/errors.ts'
import { TokenBucket } from '../../base/token-bucket.ts'
import type { ModuleReport, TelemetryBatch, TelemetryTaken } from '../../bus/bus-ports.ts'
import type { PluginManifest } from '../../model/plugin.ts'
import { isPluginRefusal, refusalWords, type PluginRefusalCode } from '../../policy/plugins/refusal-codes.ts'
import { countMessage } from '../../wire/otlp/count-message.ts'

/** A batch counts as at least one record for so many bytes. */
export const BYTES_PER_RECORD = 4_096
/** The same of JSON, which costs several times as much to read; a record of it with a text and two attributes is as long. */
export const JSON_BYTES_PER_RECORD = 512
/** Largest batch of JSON, in bytes: its objects are up to two bytes each, and it is read in one go, that others wait for. */
export const MAX_JSON_BYTES = 262_144
/** A record of JSON is hardly shorter, in bytes; how many there are is known once it was read. */
const LEAST_JSON_RECORD_BYTES = 64
const MINUTE_S = 60

export class PluginRefusedError extends MeshError<PluginRefusalCode> {}

/** What became of a batch at the door. */
export interface PluginTaken extends TelemetryTaken {
  /** Records that count against the rate. */
  readonly spent?: number | undefined
}

export interface PluginInletDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly take: (batch: TelemetryBatch & { readonly maxRecords: number }) => Promise<PluginTaken>
  readonly refused: (plugin: string, code: PluginRefusalCode, count: number) => void
}

export class PluginInlet {
  readonly #deps: PluginInletDeps
  /** By plugin; another manifest is another bucket. */
  readonly #buckets = new Map<string, { readonly manifest: PluginManifest; readonly bucket: TokenBucket }>()

  /** Until the batch that a plugin handed over last is done with. */
  readonly #last = new Map<string, Promise<void>>()

  constructor(deps: PluginInletDeps) {
    this.#deps = deps
  }

  /** @throws {PluginRefusedError} for a batch of which nothing is taken, and what the door throws */
  async accept(batch: TelemetryBatch, manifest: PluginManifest): Promise<PluginTaken> {
    const { clock, take, refused } = this.#deps
    const { signal, encoding, bytes } = batch
    const isJson = encoding === 'json'
    const weight = Math.max(1, Math.ceil(bytes.length / (isJson ? JSON_BYTES_PER_RECORD : BYTES_PER_RECORD)))
    const records = isJson ? Math.ceil(bytes.length / LEAST_JSON_RECORD_BYTES) : countMessage(signal, bytes)
    if (!manifest.signals.includes(signal)) throw this.#refuse(batch, 'PLUGIN_SIGNAL', isJson ? 1 : records)
    if (isJson && bytes.length > MAX_JSON_BYTES) throw this.#refuse(batch, 'PLUGIN_RECORD_TOO_LARGE', 1)
    const bucket = this.#bucketOf(manifest)
    const left = Math.floor(bucket.level(clock.monotonic()))
    if (left < weight) throw this.#refuse(batch, 'PLUGIN_RATE', isJson ? 1 : records)
    const reserved = Math.min(left, Math.max(weight, records))
    bucket.spend(reserved, clock.monotonic())
    let spent = weight
    try {
      const taken = await this.#inTurn(manifest.name, () => take({ ...batch, maxRecords: reserved }))
      spent = Math.max(weight, taken.spent ?? 0)
      for (const [code, count] of taken.refusals ?? []) if (isPluginRefusal(code)) refused(batch.module, code, count)
      return taken
    } catch (err) {
      if (codeOf(err).startsWith('OTLP_')) refused(batch.module, 'PLUGIN_MALFORMED', 1)
      else spent = 0 // busy, or our own fault: it comes again
      throw err
    } finally {
      bucket.giveBack(reserved - spent)
    }
  }

  /** @throws {PluginRefusedError} unless the manifest names reports of this kind */
  checkReport(report: Pick<ModuleReport, 'module' | 'kind'>, manifest: PluginManifest): void {
    if (!manifest.reports.includes(report.kind)) throw this.#refuse(report, 'PLUGIN_REPORT', 1)
  }

  /** One batch of a plugin at a time is with the store's thread: whoever else has something for it waits for no more than that. */
  #inTurn(plugin: string, take: () => Promise<PluginTaken>): Promise<PluginTaken> {
    const taken = (this.#last.get(plugin) ?? Promise.resolve()).then(take)
    this.#last.set(
      plugin,
      taken.then(
        () => {},
        () => {}, // its sender is told; the next is another batch
      ),
    )
    return taken
  }

  /** Nothing is left of it. */
  #refuse({ module }: { readonly module: string }, code: PluginRefusalCode, records: number): PluginRefusedError {
    this.#deps.refused(module, code, records)
    return new PluginRefusedError(code, refusalWords(code))
  }

  #bucketOf(manifest: PluginManifest): TokenBucket {
    const known = this.#buckets.get(manifest.name)
    if (known?.manifest === manifest) return known.bucket
    const burst = manifest.recordsPerMinute
    const bucket = new TokenBucket(burst, burst / MINUTE_S, this.#deps.clock.monotonic())
    this.#buckets.set(manifest.name, { manifest, bucket })
    return bucket
  }
}
