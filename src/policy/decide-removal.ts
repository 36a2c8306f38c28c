/**
 * Whether a device may put another out of its mesh, as its owner asks for it. Pure, never throws.
 * Rules: docs/spec/membership.md MB11, MB12.
 */
import type { DeviceId } from '../model/ids.ts'
import type { Membership, Removal } from '../model/membership.ts'

export type RemovalDenial =
  /** The device that asks is itself no member: its operation would not count. */
  | 'MEMBER_REMOVED'
  /** It would cut itself off from all others. */
  | 'MEMBER_SELF'
  /** Nobody to remove. */
  | 'MEMBER_UNKNOWN'

/** @returns why not, or undefined if it may */
export function denyRemoval(
  { members }: Pick<Membership, 'members'>,
  self: DeviceId,
  subject: DeviceId,
): RemovalDenial | undefined {
  if (!members.has(self)) return 'MEMBER_REMOVED'
  if (subject === self) return 'MEMBER_SELF'
  return members.has(subject) ? undefined : 'MEMBER_UNKNOWN'
}

export type Standing =
  | { readonly is: 'member' }
  /** `removal` is undefined if no removal names it: whoever took it in was put out, and its own place with that. */
  | { readonly is: 'out'; readonly removal: Removal | undefined }

/** How a device stands in its mesh; of several removals that are in force, the first counts. */
export function standingOf({ members, removed }: Membership, device: DeviceId): Standing {
  if (members.has(device)) return { is: 'member' }
  const [removal] = removed
    .filter(({ deviceId }) => deviceId === device)
    .sort((a, b) => a.atUnixMs - b.atUnixMs || (a.opId < b.opId ? -1 : 1))
  return { is: 'out', removal }
}
