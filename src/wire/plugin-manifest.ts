/**
 * A plugin's manifest: JSON in UTF-8, at most 16 KiB, version 1 (docs/spec/plugins.md). Written by a stranger and hostile
 * until read here.
 *
 * Unknown fields are refused: one might ask for something that nobody would be shown. A further field is version 2.
 */
import { utf8 } from '../base/bytes.ts'
import { MeshError } from '../base/errors.ts'
import { hasUnseen } from '../base/unseen.ts'
import { AGENT_MODULE, MODULE_NAME, SIGNALS } from '../model/lane.ts'
import { isAgentTopic, isIdentityKey, type PluginManifest } from '../model/plugin.ts'
import { REPORT_KINDS } from '../model/report-kind.ts'
import { isTopicPrefix, REPLY_TOPICS } from './bus-envelope.ts'

/** Largest manifest, in bytes: every list at its limit with names of a usual length. */
export const MAX_MANIFEST_BYTES = 16_384
/** Most prefixes in a list: a person is asked to read them. */
export const MAX_MANIFEST_TOPICS = 32
/** Most keys, or groups of keys: each attribute is looked up among them. */
export const MAX_MANIFEST_ATTRIBUTES = 128
/** Longest title, in characters: it stands in a sentence. */
export const MAX_TITLE_CHARS = 64
/** Longest key, in characters. */
const MAX_KEY_CHARS = 128

interface NumberField {
  readonly least: number
  readonly most: number
  readonly usual: number
}
/** Bounds of each number, and what it is where the manifest does not say. */
export const MANIFEST_NUMBERS = {
  /** OpenTelemetry's usual limit; as many as the SDK keeps. */
  attributeCountLimit: { least: 1, most: 128, usual: 128 },
  /** The SDK keeps 16 Ki; a kilobyte holds any name and most messages. */
  attributeValueLengthLimit: { least: 16, most: 16_384, usual: 1_024 },
  /** OpenTelemetry's usual limit of one metric is 2,000: few plugins measure so much. */
  cardinalityLimit: { least: 1, most: 10_000, usual: 200 },
  /** Ten a second on average; at most a thousand a second. */
  recordsPerMinute: { least: 1, most: 60_000, usual: 600 },
} as const satisfies Readonly<Record<string, NumberField>>
type NumberName = keyof typeof MANIFEST_NUMBERS

export type PluginManifestErrorCode =
  | 'PLUGIN_MANIFEST_TOO_LARGE'
  /** Not UTF-8, not JSON, or no object. */
  | 'PLUGIN_MANIFEST_MALFORMED'
  | 'PLUGIN_MANIFEST_VERSION'
  /** `details.field`, or a field that version 1 does not have. */
  | 'PLUGIN_MANIFEST_FIELD'
  | 'PLUGIN_MANIFEST_UNKNOWN_FIELD'
  /** A topic or an attribute that is the agent's own. */
  | 'PLUGIN_MANIFEST_RESERVED'
export class PluginManifestError extends MeshError<PluginManifestErrorCode> {}

const FIELDS: ReadonlySet<string> = new Set([
  'v',
  'name',
  'title',
  'publish',
  'subscribe',
  'signals',
  'reports',
  'attributes',
  ...Object.keys(MANIFEST_NUMBERS),
])
const KEY = /^[A-Za-z][A-Za-z0-9_/-]*(?:\.[A-Za-z0-9_/-]+)*(?:\.\*)?$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {PluginManifestError} */
export function readPluginManifest(bytes: Uint8Array): PluginManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new PluginManifestError('PLUGIN_MANIFEST_TOO_LARGE', `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`)
  }
  const fields = parse(bytes)
  if (fields['v'] !== 1)
    throw new PluginManifestError('PLUGIN_MANIFEST_VERSION', 'v is 1: other versions are not known')
  if (Object.keys(fields).some((name) => !FIELDS.has(name))) {
    throw new PluginManifestError('PLUGIN_MANIFEST_UNKNOWN_FIELD', `a field is none of ${[...FIELDS].join(', ')}`)
  }
  const name = fields['name']
  if (typeof name !== 'string' || !MODULE_NAME.test(name) || name === AGENT_MODULE) {
    throw wrong('name', "is 1 to 64 lowercase letters, digits, dots, dashes, underscores, and not the agent's")
  }
  return {
    v: 1,
    name,
    title: readTitle(fields['title'] ?? name),
    publish: readTopics(fields, 'publish').map((prefix) => notReserved('publish', prefix, isAgentTopic(prefix))),
    subscribe: readTopics(fields, 'subscribe'),
    signals: readWords('signals', fields, SIGNALS),
    reports: readWords('reports', fields, REPORT_KINDS),
    attributes: readKeys(fields['attributes'] ?? []),
    attributeCountLimit: readNumber(fields, 'attributeCountLimit'),
    attributeValueLengthLimit: readNumber(fields, 'attributeValueLengthLimit'),
    cardinalityLimit: readNumber(fields, 'cardinalityLimit'),
    recordsPerMinute: readNumber(fields, 'recordsPerMinute'),
  }
}

/** The one way a manifest is written out, with every field in order: what is hashed, and what is enforced. */
export function manifestBytes(manifest: PluginManifest): Uint8Array {
  const { v, name, title, publish, subscribe, signals, reports, attributes } = manifest
  const { attributeCountLimit, attributeValueLengthLimit, cardinalityLimit, recordsPerMinute } = manifest
  const asked = { v, name, title, publish, subscribe, signals, reports, attributes }
  const limits = { attributeCountLimit, attributeValueLengthLimit, cardinalityLimit, recordsPerMinute }
  return utf8(JSON.stringify({ ...asked, ...limits }))
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch {
    value = undefined // the reason would quote what the stranger wrote
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new PluginManifestError('PLUGIN_MANIFEST_MALFORMED', 'a manifest is a JSON object in UTF-8')
}

/** It is shown in a question: no line breaks, nothing invisible, nothing that reverses the text. */
function readTitle(value: unknown): string {
  if (typeof value !== 'string' || value.trim() !== value || value === '' || value.length > MAX_TITLE_CHARS) {
    throw wrong('title', `is 1 to ${MAX_TITLE_CHARS} characters without blanks around them`)
  }
  const isShown = value.isWellFormed() && !value.includes('"') && !hasUnseen(value)
  if (!isShown) throw wrong('title', 'has only characters that are seen, and no quotes')
  return value
}

function readTopics(fields: Readonly<Record<string, unknown>>, field: 'publish' | 'subscribe'): readonly string[] {
  const isRight = (item: unknown): item is string => isTopicPrefix(item) && item !== ''
  const what = 'topic prefixes, none of them empty'
  const prefixes = readList(field, fields[field] ?? [], MAX_MANIFEST_TOPICS, isRight, what)
  if (!prefixes.some(hasAnswersOfMany)) return prefixes
  throw wrong(field, 'names answers by the module that asks, such as reply/core/')
}

/** Whether what begins so is answers to more than one module: they are for whoever asked, and a short prefix would hide that they are meant. */
function hasAnswersOfMany(prefix: string): boolean {
  return (
    REPLY_TOPICS.startsWith(prefix) || (prefix.startsWith(REPLY_TOPICS) && !prefix.includes('/', REPLY_TOPICS.length))
  )
}

function readWords<T extends string>(
  field: string,
  fields: Readonly<Record<string, unknown>>,
  words: readonly T[],
): readonly T[] {
  const isWord = (item: unknown): item is T => words.includes(item as T)
  return readList(field, fields[field] ?? [], words.length, isWord, `of ${words.join(', ')}`)
}

function readKeys(value: unknown): readonly string[] {
  const isKey = (item: unknown): item is string =>
    typeof item === 'string' && item.length <= MAX_KEY_CHARS && KEY.test(item)
  const keys = readList('attributes', value, MAX_MANIFEST_ATTRIBUTES, isKey, 'keys such as http.route or weather.*')
  return keys.map((key) => notReserved('attributes', key, isIdentityKey(key.replace(/\.\*$/, ''))))
}

function readList<T>(
  field: string,
  value: unknown,
  most: number,
  isRight: (item: unknown) => item is T,
  what: string,
): readonly T[] {
  const isList = Array.isArray(value) && value.length <= most && value.every(isRight)
  if (!isList || new Set(value).size !== value.length)
    throw wrong(field, `is a list of at most ${most} ${what}, each once`)
  return value
}

function readNumber(fields: Readonly<Record<string, unknown>>, field: NumberName): number {
  const { least, most, usual } = MANIFEST_NUMBERS[field]
  const value = fields[field] ?? usual
  const isRight = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  if (!isRight) throw wrong(field, `is a whole number from ${least} to ${most}`)
  return value as number
}

function notReserved(field: string, value: string, isReserved: boolean): string {
  if (!isReserved) return value
  throw new PluginManifestError('PLUGIN_MANIFEST_RESERVED', `${field} names something that only AICO itself may say`, {
    details: { field },
  })
}

function wrong(field: string, rule: string): PluginManifestError {
  return new PluginManifestError('PLUGIN_MANIFEST_FIELD', `${field} ${rule}`, { details: { field } })
}
