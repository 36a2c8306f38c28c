/** A device card as CBOR: { 1 deviceId, 2 name, 3 peerKey, 4 sealKey }; docs/spec/control.md. */
import { idBytes } from '../model/ids.ts'
import { deviceNameProblem, MAX_DEVICE_NAME_BYTES } from '../model/device-name.ts'
import type { DeviceCard } from '../model/membership.ts'
import { fields, mapOf, readBytes, readText } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { ControlError } from './control-error.ts'
import { KEY_BYTES, readDeviceId } from './shared-fields.ts'

const F = fields({ deviceId: 1, name: 2, peerKey: 3, sealKey: 4 })

export function cardMap(card: DeviceCard): CborMap {
  return mapOf(
    [F.deviceId, idBytes(card.deviceId)],
    [F.name, card.name],
    [F.peerKey, card.peerKey],
    [F.sealKey, card.sealKey],
  )
}

/** @throws {ControlError} `CONTROL_DEVICE_NAME` for a name that could pass for another device's, {@link WireError} */
export function readCard(map: CborMap): DeviceCard {
  const name = readText(map, F.name, MAX_DEVICE_NAME_BYTES)
  const problem = deviceNameProblem(name)
  if (problem !== undefined) {
    throw new ControlError('CONTROL_DEVICE_NAME', 'no device may be called so', { details: { problem } })
  }
  return {
    deviceId: readDeviceId(map, F.deviceId),
    name,
    peerKey: readBytes(map, F.peerKey, KEY_BYTES),
    sealKey: readBytes(map, F.sealKey, KEY_BYTES),
  }
}
