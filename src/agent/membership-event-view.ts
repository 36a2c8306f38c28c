/** An operation of a mesh as the agent says it: who did what, when, and who knows. */
import type { DeviceId } from '../model/ids.ts'
import type { MembershipEvent } from '../policy/membership-history.ts'
import type { MembershipEventView } from './http-types/device.ts'

const KINDS = { found: 'founded', add: 'added', remove: 'removed' } as const

export function toMembershipEventView(
  { op, counts, knownBy, learnedAt }: MembershipEvent & { readonly learnedAt: string | undefined },
  nameOf: (device: DeviceId) => string | null,
): MembershipEventView {
  const deviceId = op.kind === 'remove' ? op.subject : op.card.deviceId
  return {
    opId: op.opId,
    kind: KINDS[op.kind],
    deviceId,
    name: nameOf(deviceId),
    by: op.author,
    byName: nameOf(op.author),
    at: new Date(op.atUnixMs).toISOString(),
    counts,
    learnedAt: learnedAt ?? null,
    knownBy: knownBy.map(({ device, atUnixMs }) => ({
      deviceId: device,
      name: nameOf(device),
      at: new Date(atUnixMs).toISOString(),
    })),
  }
}
