/**
 * Rows that name segments of one log in sync messages; docs/spec/sync.md.
 *
 *   range = { 1 author, 2 log, 3 incarnation, 4 from, 5 to }        both ends belong to it
 *   head  = the same with 6 id and 7 signature: a signed head of `to`, and how far down the sender has the log
 */
import { idBytes } from '../model/ids.ts'
import type { LogKey, SeqRange, SignedHead } from '../model/segment.ts'
import { fields, mapOf, readBytes, readUint } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { HASH_BYTES, readDeviceId, readIncarnation, readLogId, SIGNATURE_BYTES } from './shared-fields.ts'
import { fieldError } from './wire-error.ts'

/** A contiguous run of one log's segments. */
export type LogRange = LogKey & SeqRange
/** A run whose last segment a signed head vouches for. */
export type HeadRow = LogRange & Pick<SignedHead, 'id' | 'signature'>

const F = fields({ author: 1, log: 2, incarnation: 3, from: 4, to: 5, id: 6, signature: 7 })

export function rangeMap(range: LogRange): CborMap {
  return mapOf(
    [F.author, idBytes(range.author)],
    [F.log, idBytes(range.log)],
    [F.incarnation, idBytes(range.incarnation)],
    [F.from, range.from],
    [F.to, range.to],
  )
}

export function readRange(map: CborMap): LogRange {
  const from = readUint(map, F.from)
  const to = readUint(map, F.to)
  if (from > to) throw fieldError('WIRE_FIELD_RANGE', F.from.name, 'after the end of its range', { from, to })
  return {
    author: readDeviceId(map, F.author),
    log: readLogId(map, F.log),
    incarnation: readIncarnation(map, F.incarnation),
    from,
    to,
  }
}

export function headRowMap(row: HeadRow): CborMap {
  return new Map([...rangeMap(row), ...mapOf([F.id, row.id], [F.signature, row.signature])])
}

/** The signature is not checked here. */
export function readHeadRow(map: CborMap): HeadRow {
  return {
    ...readRange(map),
    id: readBytes(map, F.id, HASH_BYTES),
    signature: readBytes(map, F.signature, SIGNATURE_BYTES),
  }
}
