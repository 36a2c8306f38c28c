/**
 * Who took in and removed whom in a mesh, in an order that respects what each operation had seen, and which other devices are
 * known to know of it. Pure: as far as the operations tell, and no further. Rules: docs/spec/membership.md MB14.
 */
import type { DeviceId, MeshId, OpId } from '../model/ids.ts'
import type { MembershipOp } from '../model/membership.ts'
import { isBefore, type CausalHistory } from './causal-history.ts'
import { setHas } from './op-set.ts'
import { resolvedHistory } from './reduce-membership.ts'

export interface MembershipEvent {
  readonly op: MembershipOp
  /** False for what changed nothing, as an operation that a removal made void. */
  readonly counts: boolean
  /** Other devices than its author that have signed it or built upon it, and when first, each on its own clock. */
  readonly knownBy: readonly { readonly device: DeviceId; readonly atUnixMs: number }[]
}

/** The newest `limit` of them, the oldest first; none of operations whose past is not known. */
export function membershipHistory(
  ops: Iterable<MembershipOp>,
  { mesh, root, limit }: { readonly mesh: MeshId; readonly root: OpId; readonly limit: number },
): readonly MembershipEvent[] {
  const resolved = resolvedHistory(ops, mesh, root)
  if (resolved === undefined) return []
  const { history, resolution } = resolved
  const numbers = [...history.ops.keys()].slice(-limit)
  return numbers.map((number) => ({
    op: history.ops[number] as MembershipOp,
    counts: setHas(resolution.counting, number),
    knownBy: knowersOf(history, number),
  }))
}

function knowersOf(history: CausalHistory, number: number): MembershipEvent['knownBy'] {
  const op = history.ops[number] as MembershipOp
  const first = new Map<DeviceId, number>()
  const learn = (device: DeviceId, atUnixMs: number): void => {
    if (device !== op.author) first.set(device, Math.min(atUnixMs, first.get(device) ?? atUnixMs))
  }
  if (op.kind === 'add') learn(op.card.deviceId, op.atUnixMs) // it has signed it
  for (const [above, { author, atUnixMs }] of history.ops.entries()) {
    if (isBefore(history, number, above)) learn(author, atUnixMs)
  }
  return [...first].map(([device, atUnixMs]) => ({ device, atUnixMs }))
}
