/** What to call a device in an answer. */
import type { DeviceId } from '../model/ids.ts'
import type { MeshKnowledge } from './trace-source.ts'

/** Enough of an id to tell a household's devices apart. */
const SHORT_ID_DIGITS = 8

/** The name its owner gave a device, or the start of its id for one that is no member any more. */
export function deviceName(deviceId: DeviceId, knowledge: MeshKnowledge): string {
  return knowledge.members.find((member) => member.deviceId === deviceId)?.name ?? deviceId.slice(0, SHORT_ID_DIGITS)
}
