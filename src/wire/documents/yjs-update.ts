/**
 * Updates of Yjs 13, format version 1, as far as an investigation is made of them: new keys of one root map, with plain values.
 *
 *   update = | varuint blocks | block ... | varuint 0: nothing is deleted |
 *   block  = | varuint items | varuint client | varuint clock, 0 | item ... |
 *   item   = | 0x28: a plain value under a key, no neighbours | varuint 1: in a root | text root | text key | varuint 1 | any |
 *
 * A block is one edit, under a client id that no other edit of the document has. Such updates refer to nothing outside of
 * them, so any of them can be read without the others; Yjs itself reads them, and makes the same bytes of the same edits.
 * Everything else that Yjs knows (texts, nested types, neighbours, deletions) is refused: it means something only together
 * with other updates. What comes from others is read here and never given to Yjs.
 */
import { AnyReader, AnyWriter, type AnyValue } from './any-value.ts'
import { malformed, misshapen, UpdateError } from './update-error.ts'

/** Largest update, in bytes: a note of the largest kind many times over, and little enough to be judged at once. */
export const MAX_UPDATE_BYTES = 65_536
/** Most keys in one update: far more than a person sets within seconds. */
export const MAX_UPDATE_ITEMS = 256
/** Client ids are below 2^48: no two edits of a document ever get the same by chance. */
export const CLIENT_ID_BYTES = 6

const PLAIN_VALUE_UNDER_KEY = 0x28
const IN_ROOT = 1

export interface YjsBlock {
  readonly client: number
  readonly items: readonly YjsItem[]
}
export interface YjsItem {
  readonly key: string
  readonly value: AnyValue
}

/** Blocks as Yjs orders them: the highest client id first. @param blocks each with a client id of its own */
export function encodeYjsUpdate(root: string, blocks: readonly YjsBlock[]): Uint8Array {
  const writer = new AnyWriter()
  writer.varuint(blocks.length)
  for (const { client, items } of blocks.toSorted((a, b) => b.client - a.client)) {
    writer.varuint(items.length)
    writer.varuint(client)
    writer.varuint(0)
    for (const { key, value } of items) {
      writer.byte(PLAIN_VALUE_UNDER_KEY)
      writer.varuint(IN_ROOT)
      writer.text(root)
      writer.text(key)
      writer.varuint(1)
      writer.value(value)
    }
  }
  writer.varuint(0)
  return writer.finish()
}

/** @throws {UpdateError} for everything that {@link encodeYjsUpdate} does not make */
export function decodeYjsUpdate(update: Uint8Array, root: string): readonly YjsBlock[] {
  if (update.length > MAX_UPDATE_BYTES) {
    throw new UpdateError('DOCUMENT_TOO_LARGE', 'an update is too large', { details: { bytes: update.length } })
  }
  const reader = new AnyReader(update)
  const blocks: YjsBlock[] = []
  const clients = new Set<number>()
  let items = 0
  for (let left = reader.varuint(); left > 0; left--) {
    const block = readBlock(reader, root, MAX_UPDATE_ITEMS - items)
    if (clients.has(block.client)) throw misshapen('two edits under one client id')
    clients.add(block.client)
    items += block.items.length
    blocks.push(block)
  }
  if (reader.varuint() !== 0) throw misshapen('it deletes something')
  if (!reader.isAtEnd()) throw malformed('bytes behind it')
  return blocks
}

function readBlock(reader: AnyReader, root: string, maxItems: number): YjsBlock {
  const count = reader.varuint()
  if (count > maxItems) throw new UpdateError('DOCUMENT_TOO_LARGE', 'an update has too many items')
  if (count === 0) throw misshapen('an edit of nothing')
  const client = reader.varuint()
  if (reader.varuint() !== 0) throw misshapen('it goes on where another one ended')
  const items = Array.from({ length: count }, () => readItem(reader, root))
  return { client, items }
}

function readItem(reader: AnyReader, root: string): YjsItem {
  if (reader.byte() !== PLAIN_VALUE_UNDER_KEY) throw misshapen('an item that is no new key')
  if (reader.varuint() !== IN_ROOT || reader.text() !== root) throw misshapen('an item elsewhere')
  const key = reader.text()
  if (reader.varuint() !== 1) throw misshapen('several values under one key')
  return { key, value: reader.value() }
}
