/**
 * Who is in the mesh: membership operations, in any order and any number of times, to one state.
 *
 * Pure and total: the same set of operations gives the same members on every device, and nothing makes it throw.
 * Precondition: signatures were verified, and an operation's id is its hash, so one id is one operation.
 * Rules: docs/spec/membership.md.
 */
import type { DeviceId, MeshId, OpId } from '../model/ids.ts'
import type { AddOp, FoundOp, Member, Membership, MembershipOp, Removal } from '../model/membership.ts'
import { causalHistory, isBefore, type CausalHistory } from './causal-history.ts'
import { newOpSet, setHas, uniteInto, type OpSet } from './op-set.ts'
import { holdsAgainst, resolveRemovals, type Resolution } from './resolve-removals.ts'

/** Most operations of one mesh: forty devices that come and go fifty times. Beyond it nobody is a member (MB9). */
export const MAX_MEMBERSHIP_OPS = 2000

export const NO_MEMBERSHIP: Membership = { members: new Map(), removed: [], heads: [] }

/**
 * @param root the found operation this device joined under. Without it, a mesh id that two operations claim to have
 * founded has no members: one of them is a forgery, and nothing here can say which (MB2).
 */
export function reduceMembership(ops: Iterable<MembershipOp>, mesh: MeshId, root?: OpId): Membership {
  const resolved = resolvedHistory(ops, mesh, root)
  if (resolved === undefined) return NO_MEMBERSHIP
  const { history, resolution } = resolved
  const members = currentMembers(history, resolution)
  return {
    members,
    removed: removalsInForce(history, resolution, members),
    heads: currentHeads(history, resolution),
  }
}

/** The operations of a mesh in causal order, and which of them count; undefined where nobody is a member (MB2, MB9). */
export function resolvedHistory(
  ops: Iterable<MembershipOp>,
  mesh: MeshId,
  root?: OpId,
): { readonly history: CausalHistory; readonly resolution: Resolution } | undefined {
  const known = opsOfMesh(ops, mesh)
  if (known.size > MAX_MEMBERSHIP_OPS) return undefined
  const founders = [...known.values()].filter((op) => isRoot(op) && (root === undefined || op.opId === root))
  const founder = founders.length === 1 ? founders[0] : undefined
  if (founder === undefined) return undefined
  const history = causalHistory(founder, onlyUnder(founder, known))
  return { history, resolution: resolveRemovals(history) }
}

/**
 * The heads `author` writes into its next operation, at most `limit`. With more heads than fit, its own standing and the
 * first of the rest: what is left out counts as unseen, so a flood of operations cannot prevent a removal (MB10).
 */
export function headsToBuildOn({ heads, members }: Membership, author: DeviceId, limit: number): readonly OpId[] {
  const own = members.get(author)?.since
  if (heads.length <= limit || own === undefined) return heads.slice(0, limit)
  return [...new Set([own, ...heads])].slice(0, limit).sort(compareText)
}

/** Members that something removed on the way from one state to a later one, also those that it took in again. */
export function removedBetween(before: Membership, after: Membership): readonly DeviceId[] {
  const stillStands = (device: DeviceId, opId: OpId): boolean =>
    after.members.get(device)?.standing.includes(opId) ?? false
  return [...before.members]
    .filter(([device, { standing }]) => !standing.every((opId) => stillStands(device, opId)))
    .map(([device]) => device)
}

function opsOfMesh(ops: Iterable<MembershipOp>, mesh: MeshId): ReadonlyMap<OpId, MembershipOp> {
  const known = new Map<OpId, MembershipOp>()
  for (const op of ops) if (op.mesh === mesh) known.set(op.opId, op)
  return known
}

function isRoot(op: MembershipOp): op is FoundOp {
  return op.kind === 'found' && op.heads.length === 0 && op.author === op.card.deviceId
}

function onlyUnder(founder: MembershipOp, known: ReadonlyMap<OpId, MembershipOp>): ReadonlyMap<OpId, MembershipOp> {
  return new Map([...known].filter(([, op]) => op.kind !== 'found' || op === founder))
}

function currentMembers(history: CausalHistory, { counting, mentions }: Resolution): ReadonlyMap<DeviceId, Member> {
  const members: [DeviceId, Member][] = []
  for (const [device, about] of mentions) {
    const valid = about.gives.filter((give) => setHas(counting, give) && holdsAgainst(history, give, about, [counting]))
    const latest = latestOf(history, valid)
    const standing = valid.map((give) => (history.ops[give] as MembershipOp).opId).sort(compareText)
    if (latest === undefined) continue
    const { card, opId: since, author: addedBy, atUnixMs: addedUnixMs } = latest
    members.push([device, { card, since, standing, addedBy, addedUnixMs }])
  }
  return new Map(members.sort(([a], [b]) => compareText(a, b)))
}

/** The operation nobody built upon; of several such, the one with the least id. */
function latestOf(history: CausalHistory, gives: readonly number[]): AddOp | FoundOp | undefined {
  const last = gives.filter((give) => !gives.some((other) => isBefore(history, give, other)))
  const ops = last.map((give) => history.ops[give] as AddOp | FoundOp)
  return ops.sort((a, b) => compareText(a.opId, b.opId))[0]
}

function removalsInForce(
  history: CausalHistory,
  { counting }: Resolution,
  members: ReadonlyMap<DeviceId, Member>,
): readonly Removal[] {
  const removals: Removal[] = []
  for (const [number, op] of history.ops.entries()) {
    if (op.kind !== 'remove' || !setHas(counting, number) || members.has(op.subject)) continue
    removals.push({ deviceId: op.subject, by: op.author, opId: op.opId, atUnixMs: op.atUnixMs })
  }
  return removals.sort((a, b) => compareText(a.deviceId, b.deviceId) || compareText(a.opId, b.opId))
}

/** Only operations that count: a device without standing cannot fill the heads of those that have it (MB10). */
function currentHeads(history: CausalHistory, { counting }: Resolution): readonly OpId[] {
  const covered = newOpSet(history.ops.length)
  const standing = [...history.ops.keys()].filter((number) => setHas(counting, number))
  for (const number of standing) uniteInto(covered, history.pasts[number] as OpSet)
  return standing
    .filter((number) => !setHas(covered, number))
    .map((number) => (history.ops[number] as MembershipOp).opId)
    .sort(compareText)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
