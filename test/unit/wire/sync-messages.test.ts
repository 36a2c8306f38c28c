import { describe, expect, test } from 'vitest'
import { MAX_SEALED_BYTES } from '../../../src/model/segment.ts'
import { encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborValue } from '../../../src/wire/cbor-value.ts'
import { MAX_CONTROL_ENTRY_BYTES } from '../../../src/wire/control-entry.ts'
import { FrameDecoder, MAX_PAYLOAD_BYTES } from '../../../src/wire/frame.ts'
import { MAX_MANIFEST_BYTES } from '../../../src/wire/manifest.ts'
import { MAX_MEMBERSHIP_OP_BYTES } from '../../../src/wire/membership-op.ts'
import { MAX_SEGMENT_HEADER_BYTES } from '../../../src/wire/segment-header.ts'
import {
  MAX_CONTROL_ENTRIES,
  MAX_MEMBER_OP_IDS,
  MAX_MEMBER_OPS,
  MAX_ADDRESS_ROWS,
  MAX_RELAYED_ENTRIES,
  MAX_RELAYED_MANIFESTS,
  MAX_ROWS,
  MAX_SYNC_VERSIONS,
  type SyncMessage,
} from '../../../src/wire/sync-message-types.ts'
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_UNIX_MS } from '../../../src/wire/shared-fields.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../../../src/wire/sync-messages.ts'
import * as fx from './fixtures.ts'

const golden = fx.vectors('sync-messages')
const range = { ...fx.logKey, from: 0, to: Number.MAX_SAFE_INTEGER }
const headRow = { ...range, id: fx.bytes(1, 32), signature: fx.bytes(2, 64) }
const addressRow = { deviceId: fx.phone.card.deviceId, saidUnixMs: MAX_UNIX_MS, addresses: ['/ip4/10.0.0.1/tcp/1'] }
const relayRow = {
  owner: fx.laptop.card.deviceId,
  recipient: fx.phone.card.deviceId,
  entries: Number.MAX_SAFE_INTEGER,
  manifest: Number.MAX_SAFE_INTEGER,
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

function decodeFrame(frame: Uint8Array): SyncMessage {
  const [read] = new FrameDecoder().push(frame)
  if (read === undefined) throw new Error('no whole frame')
  return decodeSyncMessage(read.kind, read.payload)
}

// The largest element of every list, so that a full list is the largest message there is.
const lists: { name: string; limit: number; of: (count: number) => SyncMessage }[] = [
  {
    name: 'versions',
    limit: MAX_SYNC_VERSIONS,
    of: (count) => ({
      type: 'hello',
      versions: times(count, Number.MAX_SAFE_INTEGER),
      mesh: fx.mesh,
      deviceId: fx.laptop.card.deviceId,
      membershipDigest: fx.bytes(0, 32),
      addresses: [],
    }),
  },
  {
    name: 'operation ids',
    limit: MAX_MEMBER_OP_IDS,
    of: (count) => ({ type: 'members', opIds: times(count, fx.opId(1)) }),
  },
  {
    name: 'operations',
    limit: MAX_MEMBER_OPS,
    of: (count) => ({ type: 'member-ops', ops: times(count, new Uint8Array(MAX_MEMBERSHIP_OP_BYTES)) }),
  },
  {
    name: 'control entries',
    limit: MAX_CONTROL_ENTRIES,
    of: (count) => ({ type: 'control-entries', entries: times(count, new Uint8Array(MAX_CONTROL_ENTRY_BYTES)) }),
  },
  { name: 'heads', limit: MAX_ROWS, of: (count) => ({ type: 'heads', rows: times(count, headRow), last: false }) },
  {
    name: 'wanted ranges',
    limit: MAX_ROWS,
    of: (count) => ({ type: 'want', ranges: times(count, range), budgetBytes: 2 ** 40 }),
  },
  { name: 'acknowledged ranges', limit: MAX_ROWS, of: (count) => ({ type: 'ack', rows: times(count, range) }) },
  {
    name: 'devices with all their addresses',
    limit: MAX_ADDRESS_ROWS,
    of: (count) => ({
      type: 'addresses',
      rows: times(count, { ...addressRow, addresses: times(MAX_ADDRESSES, 'a'.repeat(MAX_ADDRESS_BYTES)) }),
    }),
  },
  {
    name: 'offered relays',
    limit: MAX_ROWS,
    of: (count) => ({ type: 'relay-offer', rows: times(count, relayRow) }),
  },
  { name: 'wanted relays', limit: MAX_ROWS, of: (count) => ({ type: 'relay-want', rows: times(count, relayRow) }) },
  {
    name: 'relayed entries, beside all manifests that fit',
    limit: MAX_RELAYED_ENTRIES,
    of: (count) => ({
      type: 'relay',
      entries: times(count, new Uint8Array(MAX_CONTROL_ENTRY_BYTES)),
      manifests: times(MAX_RELAYED_MANIFESTS, new Uint8Array(MAX_MANIFEST_BYTES)),
    }),
  },
  {
    name: 'relayed manifests',
    limit: MAX_RELAYED_MANIFESTS,
    of: (count) => ({ type: 'relay', entries: [], manifests: times(count, new Uint8Array(MAX_MANIFEST_BYTES)) }),
  },
  {
    name: 'addresses of one device',
    limit: MAX_ADDRESSES,
    of: (count) => ({ type: 'addresses', rows: [{ ...addressRow, addresses: times(count, '/ip4/10.0.0.1/tcp/1') }] }),
  },
]

// kind, payload
const refused: { name: string; kind: number; payload: CborValue; code: string }[] = [
  { name: 'kind 0', kind: 0, payload: new Map(), code: 'SYNC_KIND' },
  { name: 'a kind of pairing', kind: 32, payload: new Map(), code: 'SYNC_KIND' },
  { name: 'a payload that is no map', kind: 8, payload: [], code: 'WIRE_FIELD_TYPE' },
  { name: 'a hello without versions', kind: 1, payload: new Map([[1, []]]), code: 'WIRE_FIELD_RANGE' },
  { name: 'a digest of another length', kind: 6, payload: new Map([[1, fx.bytes(0, 31)]]), code: 'WIRE_FIELD_RANGE' },
  { name: 'a head of null', kind: 4, payload: new Map([[1, null]]), code: 'WIRE_FIELD_TYPE' },
  {
    name: 'a head that is incomplete',
    kind: 4,
    payload: new Map([[2, new Map([[1, 3]])]]),
    code: 'WIRE_FIELD_MISSING',
  },
  { name: 'an empty segment', kind: 11, payload: new Map([[1, fx.bytes(0, 0)]]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an unknown reason', kind: 13, payload: new Map([[1, 4]]), code: 'WIRE_FIELD_RANGE' },
  {
    name: 'a range without a log',
    kind: 14,
    payload: new Map([
      [
        1,
        [
          new Map([
            [4, 0],
            [5, 1],
          ]),
        ],
      ],
    ]),
    code: 'WIRE_FIELD_MISSING',
  },
  {
    name: 'a range that ends before it starts',
    kind: 12,
    payload: new Map([
      [4, 2],
      [5, 1],
    ]),
    code: 'WIRE_FIELD_RANGE',
  },
  { name: 'a time before 1970', kind: 15, payload: new Map([[1, -1]]), code: 'WIRE_FIELD_RANGE' },
  { name: 'addresses of nobody', kind: 19, payload: addressesOf([2, 0], [3, []]), code: 'WIRE_FIELD_MISSING' },
  {
    name: 'addresses of no time',
    kind: 19,
    payload: addressesOf([1, fx.bytes(1, 32)], [3, []]),
    code: 'WIRE_FIELD_MISSING',
  },
  { name: 'a time after all dates', kind: 19, payload: addressesOf([2, MAX_UNIX_MS + 1]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an empty address', kind: 19, payload: addressesOf([3, ['']]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an address too long', kind: 19, payload: addressesOf([3, ['a'.repeat(129)]]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an address with a line break', kind: 19, payload: addressesOf([3, ['/ip4\n']]), code: 'WIRE_FIELD_RANGE' },
  { name: 'an address of bytes', kind: 19, payload: addressesOf([3, [fx.bytes(1, 4)]]), code: 'WIRE_FIELD_TYPE' },
  { name: 'a code with spaces', kind: 17, payload: new Map([[1, 'NOT A CODE']]), code: 'WIRE_FIELD_RANGE' },
]

/** An `addresses` of one row that is right but for these fields; with only two of them, the third is missing. */
function addressesOf(...fields: readonly (readonly [number, CborValue])[]): CborValue {
  const good: readonly (readonly [number, CborValue])[] = [
    [1, fx.bytes(1, 32)],
    [2, 0],
    [3, ['/ip4/10.0.0.1/tcp/1']],
  ]
  return new Map([[1, [new Map(fields.length > 1 ? fields : [...good, ...fields])]]])
}

describe('sync messages', () => {
  test.each(golden)('[SM1] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encodeSyncMessage(value as SyncMessage))).toBe(hex)
    expect(decodeFrame(fx.hexBytes(hex))).toEqual(value)
  })

  test('[SM1] there are twenty-four kinds, numbered without a hole', () => {
    const kinds = [...new Set(golden.map(({ hex }) => fx.hexBytes(hex)[1]))]
    expect(kinds).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
  })

  test('[SM1] every prefix of every payload is refused, and noise is refused or read', () => {
    for (const { hex } of golden) {
      const kind = fx.hexBytes(hex)[1] as number
      const payload = fx.hexBytes(hex).subarray(6)
      expect(fx.acceptedPrefixes(payload, (bytes) => decodeSyncMessage(kind, bytes))).toEqual([])
      expect(fx.surprises([payload], (bytes) => decodeSyncMessage(kind, bytes))).toEqual([])
    }
  })

  test.each(refused)('[SM1] refused: $name', ({ kind, payload, code }) => {
    expect(fx.refusal(() => decodeSyncMessage(kind, encodeCbor(payload)))).toBe(code)
  })

  test('[SM2] fields of a later version are ignored', () => {
    expect(decodeSyncMessage(8, encodeCbor(new Map([[9, 'later']])))).toEqual({ type: 'in-sync' })
    const ping = new Map<number, CborValue>([
      [1, 5],
      [9, ['later']],
    ])
    expect(decodeSyncMessage(15, encodeCbor(ping))).toEqual({ type: 'ping', t1: 5 })
  })

  test.each(lists)('[SM3] a full list of the largest $name fits one frame, one more is not sent', ({ limit, of }) => {
    const frame = encodeSyncMessage(of(limit))
    expect(frame.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES)
    expect(Buffer.compare(encodeSyncMessage(decodeFrame(frame)), frame)).toBe(0)
    expect(fx.refusal(() => encodeSyncMessage(of(limit + 1)))).toBe('WIRE_FIELD_RANGE')
  })

  test('[SM3] the largest segment fits one frame', () => {
    const largest: SyncMessage = {
      type: 'segment',
      header: new Uint8Array(MAX_SEGMENT_HEADER_BYTES),
      sealed: new Uint8Array(MAX_SEALED_BYTES),
    }
    const frame = encodeSyncMessage(largest)
    expect(Buffer.compare(encodeSyncMessage(decodeFrame(frame)), frame)).toBe(0)
    const larger = { ...largest, sealed: new Uint8Array(MAX_SEALED_BYTES + 1) }
    expect(fx.refusal(() => encodeSyncMessage(larger))).toBe('WIRE_FIELD_RANGE')
  })

  test('[SM4] a control log may have no head yet', () => {
    const none: SyncMessage = { type: 'control-heads', mine: undefined, yours: undefined }
    expect(decodeFrame(encodeSyncMessage(none))).toEqual(none)
    const both: SyncMessage = {
      type: 'control-heads',
      mine: { seq: 0, id: fx.bytes(0, 32) },
      yours: { seq: 9, id: fx.bytes(1, 32) },
    }
    expect(decodeFrame(encodeSyncMessage(both))).toEqual(both)
  })
})
