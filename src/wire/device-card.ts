/** A device card as CBOR: { 1 deviceId, 2 name, 3 peerKey, 4 sealKey }; docs/spec/control.md. */
import { idBytes } from '../model/ids.ts'
import { MAX_DEVICE_NAME_BYTES, type DeviceCard } from '../model/membership.ts'
import { fields, mapOf, readBytes, readText } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { KEY_BYTES, readDeviceId } from './shared-fields.ts'
import { fieldError } from './wire-error.ts'

const F = fields({ deviceId: 1, name: 2, peerKey: 3, sealKey: 4 })
/** Control characters and line separators: a name is one line in every list and terminal. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/u

export function cardMap(card: DeviceCard): CborMap {
  return mapOf(
    [F.deviceId, idBytes(card.deviceId)],
    [F.name, card.name],
    [F.peerKey, card.peerKey],
    [F.sealKey, card.sealKey],
  )
}

export function readCard(map: CborMap): DeviceCard {
  const name = readText(map, F.name, MAX_DEVICE_NAME_BYTES)
  if (UNPRINTABLE.test(name)) throw fieldError('WIRE_FIELD_RANGE', F.name.name, 'has control characters')
  return {
    deviceId: readDeviceId(map, F.deviceId),
    name,
    peerKey: readBytes(map, F.peerKey, KEY_BYTES),
    sealKey: readBytes(map, F.sealKey, KEY_BYTES),
  }
}
