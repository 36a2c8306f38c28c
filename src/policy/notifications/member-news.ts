/** What a change of the mesh means to a person: who joined, who left, who was removed and by whom. Pure. */
import type { DeviceId } from '../../model/ids.ts'
import type { Membership } from '../../model/membership.ts'
import { standingOf } from '../decide-removal.ts'
import type { ArgsOf } from './catalogue.ts'

export type MemberNews = {
  readonly [Id in 'device.joined' | 'device.left' | 'device.removed' | 'device.removed-here']: {
    readonly id: Id
    readonly args: ArgsOf[Id]
  }
}['device.joined' | 'device.left' | 'device.removed' | 'device.removed-here']

/** Devices in a mesh, by id, with their names. */
export type Members = ReadonlyMap<DeviceId, string>

const UNKNOWN = 'another device'

export function membersOf({ members }: Membership): Members {
  return new Map([...members].map(([id, { card }]) => [id, card.name]))
}

/** Only the two ends of a change count: what joined and went in between, long ago perhaps, is nobody's news. */
export function memberNews(before: Members, after: Membership, self: DeviceId): readonly MemberNews[] {
  const removal = standingOf(after, self)
  if (removal.is === 'out') {
    const by = nameOf(before, after, removal.removal?.by)
    return before.has(self) ? [{ id: 'device.removed-here', args: { by } }] : []
  }
  const joined = [...after.members.values()].filter(({ card }) => card.deviceId !== self && !before.has(card.deviceId))
  return [
    ...joined.map(({ card }) => ({ id: 'device.joined', args: { device: card.name } }) as const),
    ...[...before].flatMap(([device, name]) => goneNews(device, name, before, after)),
  ]
}

/** One that is gone and was removed by nobody is in a mesh that this device has left behind. */
function goneNews(device: DeviceId, name: string, before: Members, after: Membership): readonly MemberNews[] {
  if (after.members.has(device)) return []
  const removal = after.removed.find(({ deviceId }) => deviceId === device)
  if (removal === undefined) return []
  if (removal.by === device) return [{ id: 'device.left', args: { device: name } }]
  return [{ id: 'device.removed', args: { device: name, by: nameOf(before, after, removal.by) } }]
}

function nameOf(before: Members, { members }: Membership, device: DeviceId | undefined): string {
  if (device === undefined) return UNKNOWN
  return members.get(device)?.card.name ?? before.get(device) ?? UNKNOWN
}
