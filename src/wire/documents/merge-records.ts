/**
 * Edits that wait for one segment, merged: one update for each document, as long as it stays within an update's limits. What
 * the merged updates say is what the single ones said.
 */
import { concat } from '../../base/bytes.ts'
import {
  decodeDocumentRecords,
  encodeDocumentRecord,
  KIND_INVESTIGATION,
  type DocumentRecord,
} from './document-record.ts'
import { countItems, mergeUpdates } from './entry-update.ts'
import { MAX_UPDATE_BYTES, MAX_UPDATE_ITEMS } from './yjs-update.ts'

interface Group {
  readonly records: DocumentRecord[]
  bytes: number
  items: number
}

/** @param payloads of one log of our own, in order */
export function mergeDocumentPayloads(payloads: readonly Uint8Array[]): Uint8Array {
  const open = new Map<string, Group>()
  const groups: Group[] = []
  for (const record of payloads.flatMap((payload) => decodeDocumentRecords(payload))) {
    const isKnown = record.kind === KIND_INVESTIGATION
    const added = { bytes: record.update.length, items: isKnown ? countItems(record.update) : MAX_UPDATE_ITEMS + 1 }
    const group = open.get(record.subject)
    if (group !== undefined && hasRoom(group, added)) {
      group.records.push(record)
      group.bytes += added.bytes
      group.items += added.items
    } else {
      const begun = { records: [record], ...added }
      groups.push(begun)
      if (isKnown) open.set(record.subject, begun)
    }
  }
  return concat(...groups.map(({ records }) => encodeDocumentRecord(merged(records))))
}

function hasRoom(group: Group, added: Omit<Group, 'records'>): boolean {
  return group.bytes + added.bytes <= MAX_UPDATE_BYTES && group.items + added.items <= MAX_UPDATE_ITEMS
}

function merged(records: readonly DocumentRecord[]): DocumentRecord {
  const [first] = records as readonly [DocumentRecord]
  if (records.length === 1) return first
  return {
    ...first,
    atUnixMs: Math.max(...records.map(({ atUnixMs }) => atUnixMs)),
    update: mergeUpdates(records.map(({ update }) => update)),
  }
}
