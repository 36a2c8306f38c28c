/**
 * Who is in this device's mesh: signed operations kept, reduced, exchanged and made.
 *
 * A device is always in exactly one mesh, at first its own. The leaf of an operation is durable before the operation.
 */
import { compareBytes, concat } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'
import { idBytes, toMeshId, type DeviceId, type MeshId, type OpId } from '../model/ids.ts'
import type { DeviceCard, Membership, MembershipOp } from '../model/membership.ts'
import { denyRemoval, type RemovalDenial } from '../policy/decide-removal.ts'
import { membershipHistory, type MembershipEvent } from '../policy/membership-history.ts'
import { headsToBuildOn, MAX_MEMBERSHIP_OPS, reduceMembership, removedBetween } from '../policy/reduce-membership.ts'
import {
  decodeMembershipOp,
  encodeMembershipEnvelope,
  encodeMembershipPayload,
  MAX_MEMBERSHIP_HEADS,
  membershipSigningBytes,
  openMembershipEnvelope,
  type DecodedMembershipOp,
} from '../wire/membership-op.ts'
import type { Ledger } from './ledger.ts'
import type { OwnerClock } from './owner-clock.ts'

export interface MembershipStore {
  ops(): readonly Uint8Array[]
  insertOp(opId: OpId, bytes: Uint8Array): boolean
  /** The mesh this device is in, and the operation that founded it. */
  mesh(): { readonly mesh: MeshId; readonly root: OpId } | undefined
  setMesh(mesh: { readonly mesh: MeshId; readonly root: OpId }): void
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T
}
export interface MembershipDeps {
  readonly crypto: Crypto
  readonly ownerClock: OwnerClock
  readonly deviceSeed: Uint8Array
  readonly card: DeviceCard
  readonly store: MembershipStore
  readonly ledger: Ledger
  /** Called with what is about to hold, before it does, so that grants end before the membership they rest on. */
  readonly beforeChange: (after: Membership) => Promise<void>
  /** Called within the transaction that keeps the removal of a device, even if it is taken in again at once. */
  readonly onRemoved: (device: DeviceId) => void
  readonly onChange: () => void
  /** Something came that there is no room for. */
  readonly onRefused: (code: MembershipErrorCode) => void
}

export type MembershipErrorCode =
  'PAIR_ALREADY_IN_MESH' | 'MEMBER_OTHER_MESH' | 'MEMBER_TOO_MANY_OPS' | 'MEMBER_NOT_ADDED' | RemovalDenial
export class MembershipError extends MeshError<MembershipErrorCode> {}

/** The card as it was taken in, and what this device signed. */
export interface OwnAdd {
  readonly card: DeviceCard
  readonly payload: Uint8Array
  readonly authorSignature: Uint8Array
}
/** What allows one add and no second. Both throw if it has been used. */
export interface AddPermit {
  /** Asked before anything is written: of the audit log nothing can be taken back. */
  readonly check: () => void
  /** Called within the transaction that keeps the operation. */
  readonly use: () => void
}
interface Committed {
  readonly isNew: boolean
  /** New operations for which there is no room. */
  readonly leftOut: number
}

const MESH_ID_BYTES = 16
const DENIED: Readonly<Record<RemovalDenial, string>> = {
  MEMBER_REMOVED: 'this device was removed from its mesh: it takes nobody in and removes nobody there any more',
  MEMBER_SELF: 'a device does not remove itself; remove it on another of your devices',
  MEMBER_UNKNOWN: 'no such device is paired',
}
/** Operations after which nobody new is taken in: room is left for removals, so that a flood cannot prevent one. */
export const MAX_ADDING_OPS = 1_500

export class MembershipService {
  readonly #deps: MembershipDeps
  readonly #ops = new Map<OpId, DecodedMembershipOp>()
  #mesh: { readonly mesh: MeshId; readonly root: OpId }
  #membership: Membership
  #queue: Promise<unknown> = Promise.resolve()

  constructor(deps: MembershipDeps) {
    this.#deps = deps
    for (const bytes of deps.store.ops()) this.#remember(decodeMembershipOp(bytes, deps.crypto))
    this.#mesh = deps.store.mesh() ?? this.#found()
    this.#membership = this.#reduce()
  }

  mesh(): MeshId {
    return this.#mesh.mesh
  }

  current(): Membership {
    return this.#membership
  }

  /**
   * Only a device that has nobody, or was removed, may join another mesh.
   * @throws {MembershipError} `PAIR_ALREADY_IN_MESH`
   */
  requireAlone(): void {
    const { members } = this.#membership
    if (members.size <= 1 || !members.has(this.#deps.card.deviceId)) return
    throw new MembershipError(
      'PAIR_ALREADY_IN_MESH',
      'this device has a mesh already: make a ticket here with `aico-mesh pair invite`, and join from the other device',
    )
  }

  /** Whether an operation is kept, of this mesh or of an earlier one. */
  holds(opId: OpId): boolean {
    return this.#ops.has(opId)
  }

  /** Whether this device is or was in a mesh: it keeps the operations of each. */
  hasBeenIn(mesh: MeshId): boolean {
    return [...this.#ops.values()].some(({ op }) => op.mesh === mesh)
  }

  /** A device that was removed can take nobody in: it begins a mesh of its own first. */
  beginAnewIfRemoved(): void {
    if (this.#membership.members.has(this.#deps.card.deviceId)) return
    this.#mesh = this.#found()
    this.#membership = this.#reduce()
    this.#deps.onChange()
  }

  /** The card of a device that is or was a member. */
  cardOf(device: DeviceId): DeviceCard | undefined {
    const current = this.#membership.members.get(device)?.card
    if (current) return current
    const cards = [...this.#ops.values()].flatMap(({ op }) => (op.kind === 'remove' ? [] : [op.card]))
    return cards.findLast(({ deviceId }) => deviceId === device)
  }

  /** Devices that were in a mesh with this one and no longer are. */
  formerMembers(): readonly DeviceCard[] {
    const { members } = this.#membership
    const cards = [...this.#ops.values()].flatMap(({ op }) => (op.kind === 'remove' ? [] : [op.card]))
    return [...new Map(cards.map((card) => [card.deviceId, card])).values()].filter(
      ({ deviceId }) => deviceId !== this.#deps.card.deviceId && !members.has(deviceId),
    )
  }

  /** Who took in and removed whom in this mesh: the newest `limit`, the oldest first. */
  history(limit: number): readonly MembershipEvent[] {
    const ops = this.#ofMesh().map(({ op }) => op)
    return membershipHistory(ops, { ...this.#mesh, limit })
  }

  /** SHA-256 over the sorted ids of all operations of this mesh: equal digests mean the same operations. */
  digest(): Uint8Array {
    const ids = this.opIds().map((id) => idBytes(id))
    return this.#deps.crypto.sha256(concat(...ids.sort(compareBytes)))
  }

  opIds(): readonly OpId[] {
    return this.#ofMesh().map(({ op }) => op.opId)
  }

  /** Operations that somebody who knows only `known` lacks. */
  opsBeyond(known: ReadonlySet<OpId>): readonly Uint8Array[] {
    return this.#ofMesh()
      .filter(({ op }) => !known.has(op.opId))
      .map(({ bytes }) => bytes)
  }

  /**
   * Takes operations from another member; those that a mesh has no room for are left out and counted.
   * @returns whether any was new
   * @throws {ControlError}, {WireError} for a bad one, {MembershipError}; those before it are kept
   */
  async accept(envelopes: readonly Uint8Array[]): Promise<boolean> {
    const decoded: DecodedMembershipOp[] = []
    let failure: unknown
    try {
      for (const bytes of envelopes) decoded.push(this.#decodeOfMesh(bytes))
    } catch (err) {
      failure = err
    }
    const { isNew, leftOut } = await this.#inTurn(() => this.#commitNow(decoded, 'peer'))
    for (let n = 0; n < leftOut; n++) this.#deps.onRefused('MEMBER_TOO_MANY_OPS')
    if (failure !== undefined) throw failure
    return isNew
  }

  /** The operation that would take a device in, for both to sign. */
  draftAdd(card: DeviceCard): Uint8Array {
    return encodeMembershipPayload({ ...this.#opBase(), kind: 'add', card })
  }

  sign(payload: Uint8Array): Uint8Array {
    return this.#deps.crypto.ed25519Sign(this.#deps.deviceSeed, membershipSigningBytes(payload))
  }

  /** The operation of this device's own that makes another a member now, ready to be signed by that one again. */
  ownAddOf(device: DeviceId): OwnAdd | undefined {
    for (const opId of this.#membership.members.get(device)?.standing ?? []) {
      const { op, bytes } = this.#ops.get(opId) as DecodedMembershipOp
      if (op.kind !== 'add' || op.author !== this.#deps.card.deviceId) continue
      const { payload, authorSignature } = openMembershipEnvelope(bytes)
      return { card: op.card, payload, authorSignature: authorSignature as Uint8Array }
    }
    return undefined
  }

  /**
   * Keeps an operation that this device and another have signed, and uses up what allows it, both or neither.
   * @throws {MembershipError} `MEMBER_REMOVED` if this device was removed since it signed, `MEMBER_TOO_MANY_OPS`
   */
  commitAdd(payload: Uint8Array, author: Uint8Array, subject: Uint8Array, permit: AddPermit): Promise<void> {
    return this.#inTurn(async () => {
      permit.check() // in turn: whoever came before may have used it
      if (!this.#membership.members.has(this.#deps.card.deviceId)) throw refused('MEMBER_REMOVED')
      await this.#commitOwnNow(encodeMembershipEnvelope(payload, author, subject), permit.use)
    })
  }

  /**
   * Leaves the mesh of one that this device is in, and becomes a member of another.
   * @throws {MembershipError} `PAIR_ALREADY_IN_MESH`, `MEMBER_NOT_ADDED` if the operations do not make it a member
   */
  join(mesh: MeshId, envelopes: readonly Uint8Array[]): void {
    const { crypto, card, store } = this.#deps
    this.requireAlone()
    const decoded = envelopes.map((bytes) => decodeMembershipOp(bytes, crypto)).filter(({ op }) => op.mesh === mesh)
    const ops = decoded.map(({ op }) => op)
    // Of several that claim to have founded the mesh, the one that our own membership hangs on.
    const root = ops
      .filter(({ kind }) => kind === 'found')
      .map(({ opId }) => opId)
      .find((founded) => reduceMembership(ops, mesh, founded).members.has(card.deviceId))
    if (root === undefined) {
      throw new MembershipError('MEMBER_NOT_ADDED', 'these operations do not make this device a member')
    }
    for (const each of decoded) this.#keep(each, 'user')
    store.setMesh({ mesh, root })
    this.#mesh = { mesh, root }
    this.#membership = this.#reduce()
    this.#deps.onChange()
  }

  /**
   * Puts another device out of the mesh. Refused where it would change nothing, and nothing is written then.
   * @throws {MembershipError} `MEMBER_REMOVED`, `MEMBER_SELF`, `MEMBER_UNKNOWN`, `MEMBER_TOO_MANY_OPS`
   */
  remove(subject: DeviceId): Promise<void> {
    // Judged in turn: what came before may have removed either of the two.
    return this.#inTurn(async () => {
      const denial = denyRemoval(this.#membership, this.#deps.card.deviceId, subject)
      if (denial !== undefined) throw refused(denial)
      const payload = encodeMembershipPayload({ ...this.#opBase(), kind: 'remove', subject })
      await this.#commitOwnNow(encodeMembershipEnvelope(payload, this.sign(payload)))
    })
  }

  #opBase(): { mesh: MeshId; author: DeviceId; heads: readonly OpId[]; atUnixMs: number } {
    const { card, ownerClock } = this.#deps
    const heads = headsToBuildOn(this.#membership, card.deviceId, MAX_MEMBERSHIP_HEADS)
    return { mesh: this.#mesh.mesh, author: card.deviceId, heads, atUnixMs: ownerClock.now() }
  }

  #found(): { readonly mesh: MeshId; readonly root: OpId } {
    const { crypto, card, store, ownerClock } = this.#deps
    const mesh = toMeshId(crypto.randomBytes(MESH_ID_BYTES)) as MeshId
    const base = { mesh, author: card.deviceId, heads: [], atUnixMs: ownerClock.now() }
    const payload = encodeMembershipPayload({ ...base, kind: 'found', card })
    const decoded = decodeMembershipOp(encodeMembershipEnvelope(payload, this.sign(payload)), crypto)
    this.#remember(decoded)
    store.insertOp(decoded.op.opId, decoded.bytes)
    store.setMesh({ mesh, root: decoded.op.opId })
    return { mesh, root: decoded.op.opId }
  }

  #decodeOfMesh(bytes: Uint8Array): DecodedMembershipOp {
    const decoded = decodeMembershipOp(bytes, this.#deps.crypto)
    if (decoded.op.mesh === this.#mesh.mesh) return decoded
    throw new MembershipError('MEMBER_OTHER_MESH', 'an operation of another mesh')
  }

  async #commitOwnNow(envelope: Uint8Array, use?: () => void): Promise<void> {
    const { leftOut } = await this.#commitNow([this.#decodeOfMesh(envelope)], 'user', use)
    if (leftOut > 0) {
      throw new MembershipError('MEMBER_TOO_MANY_OPS', 'this mesh has all the operations it can have')
    }
  }

  /** One change after another: each is judged by all before it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined) // the caller sees the failure; the next change is not held up
    return result
  }

  /** Reduces once for the whole batch, however many there are. */
  async #commitNow(
    decoded: readonly DecodedMembershipOp[],
    actor: 'user' | 'peer',
    use: () => void = () => undefined,
  ): Promise<Committed> {
    const { fitting, leftOut } = this.#fitting(decoded)
    if (fitting.length === 0) {
      if (leftOut === 0) use() // the operation came by another way: what allowed it is used all the same
      return { isNew: false, leftOut }
    }
    const after = this.#reduce(fitting)
    const removed = removedBetween(this.#membership, after)
    await this.#deps.beforeChange(after)
    const alongside = (): void => {
      use()
      for (const device of removed) this.#deps.onRemoved(device)
    }
    for (const each of fitting) this.#keep(each, actor, alongside)
    this.#membership = this.#reduce()
    this.#deps.onChange()
    return { isNew: true, leftOut }
  }

  /** New operations for which there is room: a removal finds room where nobody is taken in any more. */
  #fitting(decoded: readonly DecodedMembershipOp[]): { fitting: readonly DecodedMembershipOp[]; leftOut: number } {
    const fresh = new Map(decoded.filter(({ op }) => !this.#ops.has(op.opId)).map((each) => [each.op.opId, each]))
    let count = this.#ofMesh().length
    const fitting = [...fresh.values()].filter(({ op }) => {
      const fits = count < (op.kind === 'remove' ? MAX_MEMBERSHIP_OPS : MAX_ADDING_OPS)
      if (fits) count++
      return fits
    })
    return { fitting, leftOut: fresh.size - fitting.length }
  }

  /** Leaf by leaf, each before its operation; never several leaves ahead, nor within a transaction that may not come to be. */
  #keep(decoded: DecodedMembershipOp, actor: 'user' | 'peer', alongside: () => void = () => undefined): void {
    const { ledger, store, card } = this.#deps
    const { op, bytes } = decoded
    if (this.#ops.has(op.opId)) return
    const subject = op.kind === 'remove' ? op.subject : op.card.deviceId
    ledger.append({
      type: op.kind === 'remove' ? 'membership.removed' : 'membership.added',
      outcome: 'success',
      actor: { kind: actor, ref: actor === 'user' ? card.deviceId : op.author },
      object: { kind: 'membership', ref: op.opId },
      payload: { subject, author: op.author, name: op.kind === 'remove' ? '' : op.card.name },
    })
    store.transaction(() => {
      alongside()
      store.insertOp(op.opId, bytes)
    })
    this.#remember(decoded)
  }

  #remember(decoded: DecodedMembershipOp): void {
    this.#ops.set(decoded.op.opId, decoded)
  }

  #ofMesh(): readonly DecodedMembershipOp[] {
    return [...this.#ops.values()].filter(({ op }) => op.mesh === this.#mesh.mesh)
  }

  #reduce(more: readonly DecodedMembershipOp[] = []): Membership {
    const ops: readonly MembershipOp[] = [...this.#ofMesh(), ...more].map(({ op }) => op)
    return reduceMembership(ops, this.#mesh.mesh, this.#mesh.root)
  }
}

function refused(denial: RemovalDenial): MembershipError {
  return new MembershipError(denial, DENIED[denial])
}
