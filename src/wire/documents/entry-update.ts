/**
 * Entries of an investigation as a Yjs update, and back.
 *
 * Layout: one root map, `entries`; a key is an entry's id, its value an object with `at` (Unix ms), `over` (list of ids; absent
 * for none) and one of
 *   note: text or null | status: word | label: text, set: boolean | pin: span id, set: boolean | hide: span id, set: boolean
 *
 * Version rule: unknown fields are ignored; an entry about something unknown is counted, and shown by nobody. Another form of
 * updates is another kind of record (document-record.ts).
 */
import { utf8 } from '../../base/bytes.ts'
import {
  isEntryId,
  isSpanId,
  isStatus,
  MAX_LABEL_BYTES,
  MAX_NOTE_BYTES,
  MAX_OVER,
  type Change,
  type Entry,
} from '../../model/investigation.ts'
import type { AnyValue } from './any-value.ts'
import { MAX_RECORD_UNIX_MS } from './document-record.ts'
import { decodeYjsUpdate, encodeYjsUpdate, type YjsBlock, type YjsItem } from './yjs-update.ts'

const ROOT = 'entries'

export interface ReadUpdate {
  readonly entries: readonly Entry[]
  /** Of a newer version, or nonsense: passed over. */
  readonly unread: number
}

/** One edit. @param random `CLIENT_ID_BYTES` of them, for this edit alone */
export function encodeEntries(entries: readonly Entry[], random: Uint8Array): Uint8Array {
  const client = random.reduce((id, byte) => id * 256 + byte, 0)
  return encodeYjsUpdate(ROOT, [{ client, items: entries.map((entry) => ({ key: entry.id, value: toValue(entry) })) }])
}

/** @throws {UpdateError} for bytes that are no update that stands on its own */
export function decodeEntries(update: Uint8Array): ReadUpdate {
  const found = decodeYjsUpdate(update, ROOT).flatMap(({ items }) => items.map(readEntry))
  const entries = found.flatMap((entry) => (entry === undefined ? [] : [entry]))
  return { entries, unread: found.length - entries.length }
}

/** Edits as one update that says what they say. */
export function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  const byClient = new Map<number, YjsBlock>()
  for (const block of updates.flatMap((update) => decodeYjsUpdate(update, ROOT))) byClient.set(block.client, block)
  return encodeYjsUpdate(ROOT, [...byClient.values()])
}

export function countItems(update: Uint8Array): number {
  return decodeYjsUpdate(update, ROOT).reduce((sum, { items }) => sum + items.length, 0)
}

/** @returns undefined for what this version has no words for */
function readEntry({ key, value }: YjsItem): Entry | undefined {
  if (!isEntryId(key) || !(value instanceof Map)) return undefined
  const fields = value as ReadonlyMap<string, AnyValue>
  const [at, over] = [fields.get('at'), fields.get('over') ?? []]
  const change = readChange(fields)
  if (change === undefined || !isTime(at) || !isOver(over)) return undefined
  return { id: key, change, atUnixMs: at, over }
}

function readChange(fields: ReadonlyMap<string, AnyValue>): Change | undefined {
  const [note, status, label, isSet] = ['note', 'status', 'label', 'set'].map((name) => fields.get(name))
  if (note !== undefined) return isNote(note) ? { about: 'note', text: note } : undefined
  if (status !== undefined) return isStatus(status) ? { about: 'status', status } : undefined
  if (typeof isSet !== 'boolean') return undefined
  if (label !== undefined) return isText(label, MAX_LABEL_BYTES) ? { about: 'label', label, isSet } : undefined
  const about = fields.has('pin') ? 'pin' : 'hide'
  const spanId = fields.get(about)
  return isSpanId(spanId) ? { about, spanId, isSet } : undefined
}

function toValue({ change, atUnixMs, over }: Entry): AnyValue {
  const fields = new Map<string, AnyValue>([['at', atUnixMs]])
  if (over.length > 0) fields.set('over', over)
  switch (change.about) {
    case 'note':
      return fields.set('note', change.text)
    case 'status':
      return fields.set('status', change.status)
    case 'label':
      return fields.set('label', change.label).set('set', change.isSet)
    case 'pin':
    case 'hide':
      return fields.set(change.about, change.spanId).set('set', change.isSet)
  }
}

function isNote(value: AnyValue): value is string | null {
  return value === null || isText(value, MAX_NOTE_BYTES)
}

function isText(value: AnyValue, maxBytes: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxBytes && utf8(value).length <= maxBytes
}

function isTime(value: AnyValue): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_RECORD_UNIX_MS
}

function isOver(value: AnyValue): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_OVER && value.every(isEntryId)
}
