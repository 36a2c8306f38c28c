/**
 * What a plugin may do, in the words a person is asked with. Every word of the manifest that is shown was checked when it was
 * read (wire/plugin-manifest.ts); lists are shown whole, for what is not shown cannot be approved.
 */
import type { Signal } from '../../model/lane.ts'
import type { PluginManifest } from '../../model/plugin.ts'
import type { ReportKind } from '../../model/report-kind.ts'

const SIGNAL_WORDS: Readonly<Record<Signal, string>> = {
  logs: 'what it does, line by line (logs)',
  traces: 'how its work unfolds, step by step (traces)',
  metrics: 'measurements (metrics)',
}

const REPORT_WORDS: Readonly<Record<ReportKind, string>> = {
  audit: 'It may add events to the audit log, under its own name. They are never deleted.',
  notify: 'It may send you notifications, under its own name.',
}

/** Sentences, in an order that does not change. */
export function describePlugin(manifest: PluginManifest): readonly string[] {
  return [
    manifest.publish.length === 0
      ? 'It says nothing to other modules.'
      : `It may say things to other modules, about: ${prefixWords(manifest.publish)}.`,
    manifest.subscribe.length === 0
      ? 'It hears nothing of other modules.'
      : `It may hear what other modules say about: ${prefixWords(manifest.subscribe)}.`,
    ...recordWords(manifest),
    ...manifest.reports.map((kind) => REPORT_WORDS[kind]),
    'It cannot speak for AICO, for another module or for you. You can switch it off or remove it at any time.',
  ]
}

/** With a star: `c` alone would hide that it opens `conversation/`. */
function prefixWords(prefixes: readonly string[]): string {
  return prefixes.map((prefix) => `${prefix}*`).join(', ')
}

function recordWords(manifest: PluginManifest): readonly string[] {
  const { signals, attributes, attributeCountLimit, attributeValueLengthLimit } = manifest
  if (signals.length === 0) return ['It records nothing on this device.']
  const series = signals.includes('metrics') ? ` and ${count(manifest.cardinalityLimit)} series of measurements` : ''
  return [
    `It may record on this device: ${signals.map((signal) => SIGNAL_WORDS[signal]).join('; ')}.`,
    `At most ${count(manifest.recordsPerMinute)} records a minute${series}.`,
    attributes.length === 0
      ? 'Its records carry no details of its own.'
      : `Details it may add: ${attributes.join(', ')}. At most ${count(attributeCountLimit)} to a record, of ${count(attributeValueLengthLimit)} characters each.`,
  ]
}

function count(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
