/** What one plugin may record, made ready for the door: from its manifest, once, and used for every record. */
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { Signal } from '../model/lane.ts'
import type { PluginManifest } from '../model/plugin.ts'
import { attributeRule, type AttributeDecision } from '../policy/plugins/decide-attribute.ts'
import { SeriesWindow } from '../policy/plugins/series-window.ts'

export interface PluginBounds {
  readonly name: string
  readonly signals: ReadonlySet<Signal>
  readonly attributeCountLimit: number
  readonly attributeValueLengthLimit: number
  readonly decide: (key: string) => AttributeDecision
  /** @param identity bytes that tell a series from others @returns false if it is one too many */
  readonly takeSeries: (identity: Uint8Array) => boolean
}

/** Bytes of a hash that stand for a series: nobody finds two series with the same. */
const SERIES_HASH_BYTES = 16

export function pluginBounds(
  manifest: PluginManifest,
  { sha256, clock }: { readonly sha256: Sha256; readonly clock: Pick<Clock, 'monotonic'> },
): PluginBounds {
  const series = new SeriesWindow(manifest.cardinalityLimit)
  return {
    name: manifest.name,
    signals: new Set(manifest.signals),
    attributeCountLimit: manifest.attributeCountLimit,
    attributeValueLengthLimit: manifest.attributeValueLengthLimit,
    decide: attributeRule(manifest),
    takeSeries: (identity) => series.take(toHex(sha256(identity).subarray(0, SERIES_HASH_BYTES)), clock.monotonic()),
  }
}
