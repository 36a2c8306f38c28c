/**
 * Records of the lane `documents`: a payload is records behind each other, so that payloads concatenate.
 *
 *   payload = record ...
 *   record  = | length u32 BE | CBOR map { 1 kind, 2 subject, 3 atUnixMs, 4 update } |
 *
 * kind 1 is an investigation: the subject is the id of its trace (16 bytes), the update a Yjs update (entry-update.ts). An update is at most 64 KiB, a payload is what a segment holds at most, with at
 * least one record in it. Unknown keys are ignored; records of other kinds are kept and passed on, and shown by nobody who
 * does not know them. A changed layout of what is there is another kind.
 */
import { concat } from '../../base/bytes.ts'
import { idBytes, toTraceId, TRACE_ID_BYTES, type TraceId } from '../../model/ids.ts'
import { MAX_SEGMENT_RAW_BYTES, MAX_SEGMENT_RECORDS } from '../../model/segment.ts'
import { decodeCborMap, fields, mapOf, readBytes, readBytesBetween, readUint } from '../cbor-fields.ts'
import { encodeCbor } from '../cbor.ts'
import { fieldError, limitBytes } from '../wire-error.ts'
import { MAX_UPDATE_BYTES } from './yjs-update.ts'

export const KIND_INVESTIGATION = 1
/** Longest map: the update, and room for what a later version adds. */
const MAX_RECORD_BYTES = MAX_UPDATE_BYTES + 1_024
/** Latest time, in Unix milliseconds: what the index of times can hold in nanoseconds. */
export const MAX_RECORD_UNIX_MS = 9_223_372_036_854
const LENGTH_BYTES = 4
const MAX_KIND = 65_535

export interface DocumentRecord {
  readonly kind: number
  /** Of an investigation: its trace. */
  readonly subject: TraceId
  /** On the author's clock; of several edits the latest. */
  readonly atUnixMs: number
  readonly update: Uint8Array
}

const F = fields({ kind: 1, subject: 2, atUnixMs: 3, update: 4 })

export function encodeDocumentRecord({ kind, subject, atUnixMs, update }: DocumentRecord): Uint8Array {
  limitBytes(update, MAX_UPDATE_BYTES, F.update.name)
  const map = encodeCbor(
    mapOf([F.kind, kind], [F.subject, idBytes(subject)], [F.atUnixMs, atUnixMs], [F.update, update]),
  )
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, map.length)
  return concat(length, map)
}

/** @throws {WireError} for a payload that is anything else; updates are bytes that nobody has looked into */
export function decodeDocumentRecords(payload: Uint8Array): readonly DocumentRecord[] {
  limitBytes(payload, MAX_SEGMENT_RAW_BYTES, 'payload')
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const records: DocumentRecord[] = []
  for (let at = 0; at < payload.length;) {
    if (payload.length - at < LENGTH_BYTES) throw fieldError('WIRE_FIELD_MISSING', 'length', 'ends early')
    const length = view.getUint32(at)
    const [start, end] = [at + LENGTH_BYTES, at + LENGTH_BYTES + length]
    if (length > MAX_RECORD_BYTES || end > payload.length) {
      throw fieldError('WIRE_FIELD_RANGE', 'length', 'beyond its limit or the payload', { length })
    }
    if (records.length === MAX_SEGMENT_RECORDS) throw fieldError('WIRE_FIELD_RANGE', 'payload', 'too many records')
    records.push(readRecord(payload.subarray(start, end)))
    at = end
  }
  if (records.length === 0) throw fieldError('WIRE_FIELD_MISSING', 'payload', 'no record')
  return records
}

function readRecord(bytes: Uint8Array): DocumentRecord {
  const map = decodeCborMap(bytes, 'document record')
  const subject = toTraceId(readBytes(map, F.subject, TRACE_ID_BYTES))
  if (subject === undefined) throw fieldError('WIRE_FIELD_RANGE', F.subject.name, 'no id')
  return {
    kind: readUint(map, F.kind, MAX_KIND, 1),
    subject,
    atUnixMs: readUint(map, F.atUnixMs, MAX_RECORD_UNIX_MS),
    update: readBytesBetween(map, F.update, 1, MAX_UPDATE_BYTES),
  }
}
