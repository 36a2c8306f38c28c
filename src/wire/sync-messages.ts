/**
 * Sync messages <-> frames: one CBOR map per frame, its kind the message's type; docs/spec/sync.md.
 *
 * Reads shapes and bounds only: signatures, hashes, consent and the order of messages are judged elsewhere. Encoding
 * applies the reader's own bounds, so nothing is sent that the other side would refuse. Unknown keys are ignored.
 */
import { idBytes } from '../model/ids.ts'
import { MAX_SEALED_BYTES } from '../model/segment.ts'
import { fields, mapOf, readArray, readBool, readByteStrings, readBytes } from './cbor-fields.ts'
import { asUint, readBytesBetween, readMap, readOptional, readRows, readUint } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { MAX_CONTROL_ENTRY_BYTES } from './control-entry.ts'
import { MAX_RECEIPT_BYTES } from './custody-receipt.ts'
import { headRowMap, rangeMap, readHeadRow, readRange } from './log-rows.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'
import { MAX_MEMBERSHIP_OP_BYTES } from './membership-op.ts'
import { encodeMessage, messageReader, type MessageTable } from './message-table.ts'
import { MAX_SEGMENT_HEADER_BYTES } from './segment-header.ts'
import {
  HASH_BYTES,
  readAddresses,
  readDeviceId,
  readErrorCode,
  readMeshId,
  readOpIds,
  readUnixMs,
} from './shared-fields.ts'
import {
  MAX_ADDRESS_ROWS,
  MAX_CONTROL_ENTRIES,
  MAX_MEMBER_OP_IDS,
  MAX_MEMBER_OPS,
  MAX_RELAYED_ENTRIES,
  MAX_RELAYED_MANIFESTS,
  MAX_ROWS,
  MAX_SYNC_VERSIONS,
  WANT_END_REASONS,
  type AddressRow,
  type ControlHead,
  type RelayRow,
  type SyncMessage,
  type WantEndReason,
} from './sync-message-types.ts'
import { WireError } from './wire-error.ts'

export type SyncMessageErrorCode = 'SYNC_KIND'
export class SyncMessageError extends WireError<SyncMessageErrorCode> {}

/** The message as a whole frame. @throws {WireError} if a reader would refuse it. */
export function encodeSyncMessage(message: SyncMessage): Uint8Array {
  return encodeMessage(CODECS, message)
}

/**
 * @throws {SyncMessageError} `SYNC_KIND` for a frame that is no sync message.
 * @throws {WireError} for a payload that is not that message's.
 */
export function decodeSyncMessage(kind: number, payload: Uint8Array): SyncMessage {
  const message = readSyncMessage(kind, payload)
  if (message === undefined) throw new SyncMessageError('SYNC_KIND', 'not a sync message', { details: { kind } })
  return message
}

const HELLO = fields({ versions: 1, mesh: 2, deviceId: 3, membershipDigest: 4, addresses: 5 })
const MEMBERS = fields({ opIds: 1 })
const MEMBER_OPS = fields({ ops: 1 })
const CONTROL_HEADS = fields({ mine: 1, yours: 2 })
const CONTROL_HEAD = fields({ seq: 1, id: 2 })
const CONTROL_ENTRIES = fields({ entries: 1 })
const HEADS_DIGEST = fields({ digest: 1, carried: 2 })
const HEADS = fields({ rows: 1, last: 2, carried: 3, toCarry: 4 })
const WANT = fields({ ranges: 1, budgetBytes: 2 })
const SEGMENT = fields({ header: 1, sealed: 2 })
const WANT_END = fields({ reason: 1 })
const ACK = fields({ rows: 1 })
const PING = fields({ t1: 1, t2: 2, t3: 3 })
const REFUSE = fields({ code: 1 })
const ADDRESSES = fields({ rows: 1 })
const ADDRESS_ROW = fields({ deviceId: 1, saidUnixMs: 2, addresses: 3 })
const RELAY_ROWS = fields({ rows: 1 })
const RELAY_ROW = fields({ owner: 1, recipient: 2, entries: 3, manifest: 4 })
const RELAY = fields({ entries: 1, manifests: 2 })
const RECEIPT = fields({ receipt: 1 })
const CARRY_REFUSED = fields({ code: 1 })

const CODECS: MessageTable<SyncMessage> = {
  hello: {
    kind: 1,
    write: (m) =>
      mapOf(
        [HELLO.versions, m.versions],
        [HELLO.mesh, idBytes(m.mesh)],
        [HELLO.deviceId, idBytes(m.deviceId)],
        [HELLO.membershipDigest, m.membershipDigest],
        [HELLO.addresses, m.addresses],
      ),
    read: (map) => ({
      type: 'hello',
      versions: readArray(map, HELLO.versions, MAX_SYNC_VERSIONS, 1).map((value) => asUint(value, 'versions')),
      mesh: readMeshId(map, HELLO.mesh),
      deviceId: readDeviceId(map, HELLO.deviceId),
      membershipDigest: readBytes(map, HELLO.membershipDigest, HASH_BYTES),
      addresses: readAddresses(map, HELLO.addresses),
    }),
  },
  members: {
    kind: 2,
    write: (m) => mapOf([MEMBERS.opIds, m.opIds.map((id) => idBytes(id))]),
    read: (map) => ({ type: 'members', opIds: readOpIds(map, MEMBERS.opIds, MAX_MEMBER_OP_IDS) }),
  },
  'member-ops': {
    kind: 3,
    write: (m) => mapOf([MEMBER_OPS.ops, m.ops]),
    read: (map) => ({
      type: 'member-ops',
      ops: readByteStrings(map, MEMBER_OPS.ops, MAX_MEMBER_OPS, 1, MAX_MEMBERSHIP_OP_BYTES),
    }),
  },
  'control-heads': {
    kind: 4,
    write: (m) =>
      mapOf(
        [CONTROL_HEADS.mine, m.mine && controlHeadMap(m.mine)],
        [CONTROL_HEADS.yours, m.yours && controlHeadMap(m.yours)],
      ),
    read: (map) => ({
      type: 'control-heads',
      mine: readControlHead(readOptional(readMap, map, CONTROL_HEADS.mine)),
      yours: readControlHead(readOptional(readMap, map, CONTROL_HEADS.yours)),
    }),
  },
  'control-entries': {
    kind: 5,
    write: (m) => mapOf([CONTROL_ENTRIES.entries, m.entries]),
    read: (map) => ({
      type: 'control-entries',
      entries: readByteStrings(map, CONTROL_ENTRIES.entries, MAX_CONTROL_ENTRIES, 1, MAX_CONTROL_ENTRY_BYTES),
    }),
  },
  'heads-digest': {
    kind: 6,
    write: (m) => mapOf([HEADS_DIGEST.digest, m.digest], [HEADS_DIGEST.carried, m.carried]),
    read: (map) => ({
      type: 'heads-digest',
      digest: readBytes(map, HEADS_DIGEST.digest, HASH_BYTES),
      carried: readOptional(readBytes, map, HEADS_DIGEST.carried, HASH_BYTES),
    }),
  },
  'heads-wanted': { kind: 7, write: () => mapOf(), read: () => ({ type: 'heads-wanted' }) },
  'in-sync': { kind: 8, write: () => mapOf(), read: () => ({ type: 'in-sync' }) },
  heads: {
    kind: 9,
    write: (m) =>
      mapOf(
        [HEADS.rows, m.rows.map((row) => headRowMap(row))],
        [HEADS.last, m.last],
        [HEADS.carried, m.carried],
        [HEADS.toCarry, m.toCarry],
      ),
    read: (map) => ({
      type: 'heads',
      rows: readRows(map, HEADS.rows, MAX_ROWS, readHeadRow),
      last: readBool(map, HEADS.last),
      carried: readOptional(readBytes, map, HEADS.carried, HASH_BYTES),
      toCarry: readOptional(readBool, map, HEADS.toCarry),
    }),
  },
  want: {
    kind: 10,
    write: (m) => mapOf([WANT.ranges, m.ranges.map((range) => rangeMap(range))], [WANT.budgetBytes, m.budgetBytes]),
    read: (map) => ({
      type: 'want',
      ranges: readRows(map, WANT.ranges, MAX_ROWS, readRange),
      budgetBytes: readUint(map, WANT.budgetBytes),
    }),
  },
  segment: {
    kind: 11,
    write: (m) => mapOf([SEGMENT.header, m.header], [SEGMENT.sealed, m.sealed]),
    read: (map) => ({
      type: 'segment',
      header: readBytesBetween(map, SEGMENT.header, 1, MAX_SEGMENT_HEADER_BYTES),
      sealed: readBytesBetween(map, SEGMENT.sealed, 1, MAX_SEALED_BYTES),
    }),
  },
  'run-end': { kind: 12, write: rangeMap, read: (map) => ({ type: 'run-end', ...readRange(map) }) },
  'want-end': {
    kind: 13,
    write: (m) => mapOf([WANT_END.reason, WANT_END_REASONS.indexOf(m.reason) + 1]),
    read: (map) => ({
      type: 'want-end',
      reason: WANT_END_REASONS[readUint(map, WANT_END.reason, WANT_END_REASONS.length, 1) - 1] as WantEndReason,
    }),
  },
  ack: {
    kind: 14,
    write: (m) => mapOf([ACK.rows, m.rows.map((row) => rangeMap(row))]),
    read: (map) => ({ type: 'ack', rows: readRows(map, ACK.rows, MAX_ROWS, readRange) }),
  },
  ping: {
    kind: 15,
    write: (m) => mapOf([PING.t1, m.t1]),
    read: (map) => ({ type: 'ping', t1: readUint(map, PING.t1) }),
  },
  pong: {
    kind: 16,
    write: (m) => mapOf([PING.t1, m.t1], [PING.t2, m.t2], [PING.t3, m.t3]),
    read: (map) => ({
      type: 'pong',
      t1: readUint(map, PING.t1),
      t2: readUint(map, PING.t2),
      t3: readUint(map, PING.t3),
    }),
  },
  refuse: {
    kind: 17,
    write: (m) => mapOf([REFUSE.code, m.code]),
    read: (map) => ({ type: 'refuse', code: readErrorCode(map, REFUSE.code) }),
  },
  bye: { kind: 18, write: () => mapOf(), read: () => ({ type: 'bye' }) },
  addresses: {
    kind: 19,
    write: (m) => mapOf([ADDRESSES.rows, m.rows.map((row) => addressRowMap(row))]),
    read: (map) => ({ type: 'addresses', rows: readRows(map, ADDRESSES.rows, MAX_ADDRESS_ROWS, readAddressRow) }),
  },
  'relay-offer': {
    kind: 20,
    write: (m) => mapOf([RELAY_ROWS.rows, m.rows.map((row) => relayRowMap(row))]),
    read: (map) => ({ type: 'relay-offer', rows: readRows(map, RELAY_ROWS.rows, MAX_ROWS, readRelayRow) }),
  },
  'relay-want': {
    kind: 21,
    write: (m) => mapOf([RELAY_ROWS.rows, m.rows.map((row) => relayRowMap(row))]),
    read: (map) => ({ type: 'relay-want', rows: readRows(map, RELAY_ROWS.rows, MAX_ROWS, readRelayRow) }),
  },
  relay: {
    kind: 22,
    write: (m) => mapOf([RELAY.entries, m.entries], [RELAY.manifests, m.manifests]),
    read: (map) => ({
      type: 'relay',
      entries: readByteStrings(map, RELAY.entries, MAX_RELAYED_ENTRIES, 1, MAX_CONTROL_ENTRY_BYTES),
      manifests: readByteStrings(map, RELAY.manifests, MAX_RELAYED_MANIFESTS, 1, MAX_MANIFEST_BYTES),
    }),
  },
  receipt: {
    kind: 23,
    write: (m) => mapOf([RECEIPT.receipt, m.receipt]),
    read: (map) => ({ type: 'receipt', receipt: readBytesBetween(map, RECEIPT.receipt, 1, MAX_RECEIPT_BYTES) }),
  },
  'carry-refused': {
    kind: 24,
    write: (m) => mapOf([CARRY_REFUSED.code, m.code]),
    read: (map) => ({ type: 'carry-refused', code: readErrorCode(map, CARRY_REFUSED.code) }),
  },
}

const readSyncMessage = messageReader(CODECS, 'sync message')

function controlHeadMap(head: ControlHead): CborMap {
  return mapOf([CONTROL_HEAD.seq, head.seq], [CONTROL_HEAD.id, head.id])
}

function readControlHead(map: CborMap | undefined): ControlHead | undefined {
  return map && { seq: readUint(map, CONTROL_HEAD.seq), id: readBytes(map, CONTROL_HEAD.id, HASH_BYTES) }
}

function addressRowMap(row: AddressRow): CborMap {
  return mapOf(
    [ADDRESS_ROW.deviceId, idBytes(row.deviceId)],
    [ADDRESS_ROW.saidUnixMs, row.saidUnixMs],
    [ADDRESS_ROW.addresses, row.addresses],
  )
}

function readAddressRow(map: CborMap): AddressRow {
  return {
    deviceId: readDeviceId(map, ADDRESS_ROW.deviceId),
    saidUnixMs: readUnixMs(map, ADDRESS_ROW.saidUnixMs),
    addresses: readAddresses(map, ADDRESS_ROW.addresses),
  }
}

function relayRowMap(row: RelayRow): CborMap {
  return mapOf(
    [RELAY_ROW.owner, idBytes(row.owner)],
    [RELAY_ROW.recipient, idBytes(row.recipient)],
    [RELAY_ROW.entries, row.entries],
    [RELAY_ROW.manifest, row.manifest],
  )
}

function readRelayRow(map: CborMap): RelayRow {
  return {
    owner: readDeviceId(map, RELAY_ROW.owner),
    recipient: readDeviceId(map, RELAY_ROW.recipient),
    entries: readUint(map, RELAY_ROW.entries),
    manifest: readUint(map, RELAY_ROW.manifest),
  }
}
