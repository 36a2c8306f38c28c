import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import { toTraceId, type TraceId } from '../../../../src/model/ids.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../../../src/model/segment.ts'
import { decodeCbor, encodeCbor } from '../../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../../src/wire/cbor-value.ts'
import {
  decodeDocumentRecords,
  encodeDocumentRecord,
  KIND_INVESTIGATION,
  MAX_RECORD_UNIX_MS,
  type DocumentRecord,
} from '../../../../src/wire/documents/document-record.ts'
import { decodeEntries, encodeEntries } from '../../../../src/wire/documents/entry-update.ts'
import { mergeDocumentPayloads } from '../../../../src/wire/documents/merge-records.ts'
import { MAX_UPDATE_BYTES } from '../../../../src/wire/documents/yjs-update.ts'
import { digestOfPayload } from '../../../../src/wire/index/payload-digest.ts'
import { traceToken } from '../../../../src/wire/index/token.ts'
import * as fx from '../fixtures.ts'

const traceOf = (n: number) => toTraceId(n.toString(16).padStart(32, '0')) as TraceId
const record: DocumentRecord = {
  kind: KIND_INVESTIGATION,
  subject: traceOf(1),
  atUnixMs: 1_795_000_000_000,
  update: fx.bytes(1, 20),
}
const encoded = encodeDocumentRecord(record)
const records = fc.array(
  fc.record({
    kind: fc.integer({ min: 1, max: 65_535 }),
    subject: fc.integer({ min: 1, max: 1_000 }).map(traceOf),
    atUnixMs: fc.nat(MAX_RECORD_UNIX_MS),
    update: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  }),
  { minLength: 1, maxLength: 8 },
)

/** The record with fields changed, or left out. */
function changed(changes: Readonly<Record<number, CborValue | undefined>>): Uint8Array {
  const map = new Map(decodeCbor(encoded.subarray(4)) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  return framed(encodeCbor(map))
}
function framed(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return concat(length, bytes)
}

const note = (n: number, text: string, trace = 1): Uint8Array => {
  const entries = [
    { id: n.toString(16).padStart(16, '0'), change: { about: 'note', text } as const, atUnixMs: n, over: [] },
  ]
  const update = encodeEntries(entries, Uint8Array.of(0, 0, 0, 0, n >> 8, n & 255))
  return encodeDocumentRecord({ kind: KIND_INVESTIGATION, subject: traceOf(trace), atUnixMs: n, update })
}
const textsIn = (payload: Uint8Array) =>
  decodeDocumentRecords(payload).map(({ update }) =>
    decodeEntries(update).entries.map(({ id }) => Number.parseInt(id, 16)),
  )

describe('document records', () => {
  test.each(fx.vectors('document-record'))('[DO20] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encodeDocumentRecord(value as DocumentRecord))).toBe(hex)
    expect(decodeDocumentRecords(fx.hexBytes(hex))).toEqual([value])
  })

  test('[DO20] what is written comes back, one behind the other', () => {
    fc.assert(
      fc.property(records, (given) => {
        expect(decodeDocumentRecords(concat(...given.map(encodeDocumentRecord)))).toEqual(given)
      }),
    )
  })

  test('[DO20] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(encoded, decodeDocumentRecords)).toEqual([])
    expect(fx.surprises([encoded, concat(encoded, encoded)], decodeDocumentRecords)).toEqual([])
  })

  test.each<{ name: string; bytes: Uint8Array; code: string }>([
    { name: 'a length beyond the payload', bytes: Uint8Array.of(0, 0, 0, 9, 1), code: 'WIRE_FIELD_RANGE' },
    { name: 'a length of gigabytes', bytes: Uint8Array.of(255, 255, 255, 255, 1), code: 'WIRE_FIELD_RANGE' },
    { name: 'no map', bytes: framed(encodeCbor(7)), code: 'WIRE_FIELD_TYPE' },
    { name: 'a kind of nothing', bytes: changed({ 1: 0 }), code: 'WIRE_FIELD_RANGE' },
    { name: 'a subject that is no id', bytes: changed({ 2: new Uint8Array(16) }), code: 'WIRE_FIELD_RANGE' },
    { name: 'a short subject', bytes: changed({ 2: fx.bytes(1, 15) }), code: 'WIRE_FIELD_RANGE' },
    { name: 'a time that no index holds', bytes: changed({ 3: MAX_RECORD_UNIX_MS + 1 }), code: 'WIRE_FIELD_RANGE' },
    { name: 'no update', bytes: changed({ 4: undefined }), code: 'WIRE_FIELD_MISSING' },
    { name: 'an empty update', bytes: changed({ 4: new Uint8Array(0) }), code: 'WIRE_FIELD_RANGE' },
    {
      name: 'an update over its limit',
      bytes: changed({ 4: new Uint8Array(MAX_UPDATE_BYTES + 1) }),
      code: 'WIRE_FIELD_RANGE',
    },
    { name: 'more than a segment holds', bytes: new Uint8Array(MAX_SEGMENT_RAW_BYTES + 1), code: 'WIRE_TOO_LARGE' },
  ])('[DO20] refused: $name', ({ bytes, code }) => {
    expect(fx.refusal(() => decodeDocumentRecords(bytes))).toBe(code)
  })

  test('[DO20] unknown fields are ignored', () => {
    expect(decodeDocumentRecords(changed({ 9: 'later' }))).toEqual([record])
  })

  test('[DO20] it is found by the trace it is about, and by its time, and no trace is listed for it', () => {
    const payload = concat(encoded, encodeDocumentRecord({ ...record, subject: traceOf(2), atUnixMs: 5 }))
    expect(digestOfPayload('documents', payload)).toEqual({
      records: 2,
      minUnixNano: 5_000_000n,
      maxUnixNano: 1_795_000_000_000_000_000n,
      maxDurationNano: 0n,
      traces: [],
      tokens: Uint32Array.from([1, 2].map((n) => traceToken(fx.hexBytes(traceOf(n))))).sort(),
    })
  })

  test('[DO25] edits that wait for one segment become one for each document', () => {
    const merged = mergeDocumentPayloads([note(1, 'a'), concat(note(2, 'b', 2), note(3, 'c')), note(4, 'd', 2)])
    expect(textsIn(merged)).toEqual([
      [3, 1],
      [4, 2],
    ])
    expect(decodeDocumentRecords(merged).map(({ atUnixMs }) => atUnixMs)).toEqual([3, 4])
  })

  test('[DO25] ... within the limits of an update', () => {
    const large = Array.from({ length: 40 }, (_, n) => note(n + 1, 'x'.repeat(4_000)))
    const many = Array.from({ length: 300 }, (_, n) => note(n + 1, 'x'))
    for (const notes of [large, many]) {
      const merged = mergeDocumentPayloads(notes)
      const read = textsIn(merged)
      expect(read.length).toBeLessThan(5)
      expect(new Set(read.flat()).size).toBe(notes.length)
    }
  })

  test.each([
    { what: 'of a kind that is not known', kept: { ...record, kind: 2 } },
    { what: 'that cannot be read', kept: record },
  ])('[DO25] records $what stay as they are, and hold up no other', ({ kept }) => {
    const bytes = encodeDocumentRecord(kept)
    const merged = decodeDocumentRecords(mergeDocumentPayloads([bytes, note(1, 'a'), bytes, note(2, 'b')]))
    expect(merged.filter(({ update }) => update.length === kept.update.length)).toEqual([kept, kept])
    expect(merged).toHaveLength(3)
  })
})
