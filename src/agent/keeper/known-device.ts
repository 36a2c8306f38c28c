/** This device or another of its mesh, as a person names it. */
import type { DeviceId } from '../../model/ids.ts'
import { findDevice } from '../find-device.ts'
import type { Keeper } from './keeper.ts'

/** @throws {FindDeviceError} */
export function knownDevice({ card, members }: Pick<Keeper, 'card' | 'members'>, name: string): DeviceId {
  const all = [...members.current().members.values()].map((member) => member.card)
  return findDevice([card, ...all.filter(({ deviceId }) => deviceId !== card.deviceId)], name)
}
