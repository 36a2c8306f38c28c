/** A device as people name it: by its whole id, else by name or the start of its id (docs/spec/http.md, HT13). */
import { MeshError } from '../base/errors.ts'
import { toDeviceId, type DeviceId } from '../model/ids.ts'
import type { DeviceCard } from '../model/membership.ts'

export type FindDeviceErrorCode = 'DEVICE_UNKNOWN' | 'DEVICE_AMBIGUOUS'
export class FindDeviceError extends MeshError<FindDeviceErrorCode> {}

/** Fewest digits of an id that name a device. */
const MIN_ID_DIGITS = 4

/** A whole id is its device's, whoever is named so. @throws {FindDeviceError} */
export function findDevice(cards: readonly DeviceCard[], text: string): DeviceId {
  const exact = toDeviceId(text)
  if (exact !== undefined && cards.some(({ deviceId }) => deviceId === exact)) return exact
  const isStart = text.length >= MIN_ID_DIGITS
  const matches = cards.filter(({ deviceId, name }) => name === text || (isStart && deviceId.startsWith(text)))
  const [match, second] = matches
  if (match === undefined) throw new FindDeviceError('DEVICE_UNKNOWN', 'no paired device has this id or name')
  if (second !== undefined) {
    throw new FindDeviceError('DEVICE_AMBIGUOUS', 'several devices match; use the whole id')
  }
  return match.deviceId
}
