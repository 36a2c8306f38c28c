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
import { UpdateError } from './update-error.ts'
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
    const items = itemsIn(record)
    const added = { bytes: record.update.length, items: items ?? 0 }
    const group = items === undefined ? undefined : open.get(record.subject)
    if (group !== undefined && hasRoom(group, added)) {
      group.records.push(record)
      group.bytes += added.bytes
      group.items += added.items
    } else {
      const begun = { records: [record], ...added }
      groups.push(begun)
      if (items !== undefined) open.set(record.subject, begun)
    }
  }
  return concat(...groups.map(({ records }) => encodeDocumentRecord(merged(records))))
}

/** @returns undefined for what is not merged: of another kind, or nothing that can be read, which must not hold up what can */
function itemsIn({ kind, update }: DocumentRecord): number | undefined {
  if (kind !== KIND_INVESTIGATION) return undefined
  try {
    return countItems(update)
  } catch (err) {
    if (err instanceof UpdateError) return undefined
    throw err
  }
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
