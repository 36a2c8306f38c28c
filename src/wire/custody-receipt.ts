/**
 * Custody receipt: a carrier's signed word that it keeps a run of an owner's segments; docs/spec/carry.md.
 *
 *   payload  = { 1 version, 2 carrier, 3 author, 4 log, 5 incarnation, 6 from, 7 to, 8 id, 9 atUnixMs, 10 dropAfterDay }
 *   envelope = [ payload, carrier's signature ]
 *
 * The signature is over "aico-mesh/custody-receipt/v1\0" || payload. `id` is that of the segment at `to`, `dropAfterDay` the
 * last day since 1970 on which all of the run is still kept. At most 512 bytes. Another layout is another version and domain.
 */
import { utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { idBytes, type DeviceId } from '../model/ids.ts'
import { decodeCborMap, fields, mapOf, readBytes, readUint } from './cbor-fields.ts'
import { encodeCbor } from './cbor.ts'
import type { LogRange } from './log-rows.ts'
import { MAX_DROP_DAY } from './segment-header.ts'
import { HASH_BYTES, readDeviceId, readIncarnation, readLogId, readUnixMs, requireVersion } from './shared-fields.ts'
import { openEnvelope, signEnvelope, type EnvelopeKind } from './signed-envelope.ts'
import { fieldError } from './wire-error.ts'

export const RECEIPT_VERSION = 1
/** Largest envelope, in bytes: ours is under 300; the rest is room for later fields. */
export const MAX_RECEIPT_BYTES = 512

export interface CustodyReceipt extends LogRange {
  readonly carrier: DeviceId
  readonly id: Uint8Array
  /** On the carrier's clock. */
  readonly atUnixMs: number
  readonly dropAfterDay: number
}

const DOMAIN = utf8('aico-mesh/custody-receipt/v1\0')
const F = fields({
  version: 1,
  carrier: 2,
  author: 3,
  log: 4,
  incarnation: 5,
  from: 6,
  to: 7,
  id: 8,
  atUnixMs: 9,
  dropAfterDay: 10,
})

const ENVELOPE: EnvelopeKind<CustodyReceipt> = {
  name: 'custody receipt',
  domain: DOMAIN,
  maxBytes: MAX_RECEIPT_BYTES,
  role: 'carrier',
  read: readReceipt,
  signerOf: ({ carrier }) => carrier,
}

/** @throws {WireError} for a receipt that a reader would refuse. */
export function signReceipt(
  crypto: Pick<Crypto, 'ed25519Sign'>,
  carrierSeed: Uint8Array,
  receipt: CustodyReceipt,
): Uint8Array {
  const payload = encodeCbor(
    mapOf(
      [F.version, RECEIPT_VERSION],
      [F.carrier, idBytes(receipt.carrier)],
      [F.author, idBytes(receipt.author)],
      [F.log, idBytes(receipt.log)],
      [F.incarnation, idBytes(receipt.incarnation)],
      [F.from, receipt.from],
      [F.to, receipt.to],
      [F.id, receipt.id],
      [F.atUnixMs, receipt.atUnixMs],
      [F.dropAfterDay, receipt.dropAfterDay],
    ),
  )
  return signEnvelope(ENVELOPE, crypto, carrierSeed, payload)
}

/**
 * @throws {ControlError} `CONTROL_BAD_SIGNATURE` unless the carrier named in it signed it.
 * @throws {WireError} for bytes that are no receipt.
 */
export function decodeReceipt(bytes: Uint8Array, crypto: Pick<Crypto, 'ed25519Verify'>): CustodyReceipt {
  return openEnvelope(ENVELOPE, crypto, bytes).value
}

function readReceipt(payload: Uint8Array): CustodyReceipt {
  const map = decodeCborMap(payload, 'receipt payload')
  requireVersion(map, F.version, RECEIPT_VERSION)
  const [from, to] = [readUint(map, F.from), readUint(map, F.to)]
  if (from > to) throw fieldError('WIRE_FIELD_RANGE', F.from.name, 'after the end of its range', { from, to })
  return {
    carrier: readDeviceId(map, F.carrier),
    author: readDeviceId(map, F.author),
    log: readLogId(map, F.log),
    incarnation: readIncarnation(map, F.incarnation),
    from,
    to,
    id: readBytes(map, F.id, HASH_BYTES),
    atUnixMs: readUnixMs(map, F.atUnixMs),
    dropAfterDay: readUint(map, F.dropAfterDay, MAX_DROP_DAY),
  }
}
