/** What goes through carriers, put together: manifests, what is passed on, and what this device carries for others. */
import type { Clock } from '../../base/clock.ts'
import type { Crypto, Hpke } from '../../base/crypto.ts'
import type { DeviceId } from '../../model/ids.ts'
import { carryStanding } from '../../policy/decide-carry.ts'
import type { Store } from '../../store/store.ts'
import type { CarryLimits } from '../../sync/carry-shelf.ts'
import { Carrying } from '../../sync/carrying.ts'
import type { ConsentService } from '../../sync/consent-service.ts'
import { Manifests } from '../../sync/manifests.ts'
import type { MembershipService } from '../../sync/membership-service.ts'
import type { OwnerClock } from '../../sync/owner-clock.ts'
import { Relaying } from '../../sync/relaying.ts'
import type { DeviceKeys } from '../key-file.ts'
import { carryShelf } from './carry-shelf.ts'
import { SETTING } from './device-settings.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { segmentSource } from './segment-source.ts'
import type { ShareViews } from './share-views.ts'

export interface CarryPartDeps {
  readonly crypto: Crypto & Hpke
  readonly clock: Clock
  readonly keys: DeviceKeys
  readonly self: DeviceId
  readonly store: Store
  readonly sealer: SegmentSealer
  readonly ownerClock: OwnerClock
  readonly members: MembershipService
  readonly consents: ConsentService
  readonly shareViews: Pick<ShareViews, 'of'>
  readonly requireRoom: () => void
  /** Carried segments were deleted: their room can be given back. */
  readonly onDropped: () => void
  /** Something of this owner was not taken. */
  readonly onRefusedOf: (code: string, owner: DeviceId) => void
}
export interface CarryPart {
  readonly manifests: Manifests
  readonly relaying: Relaying
  readonly carrying: Carrying
}

/** What a device carries at most unless its person says otherwise, in bytes. */
export const DEFAULT_CARRY_BYTES = 1 << 30
/** Days that a carried segment is kept at most. */
export const DEFAULT_CARRY_DAYS = 30

const OFF: CarryLimits = { on: false, maxBytes: DEFAULT_CARRY_BYTES, keepDays: DEFAULT_CARRY_DAYS }

/** What the person of this device has said about carrying. */
export function carryLimits(store: Pick<Store, 'settings'>): CarryLimits {
  return (store.settings.get(SETTING.carry) as CarryLimits | undefined) ?? OFF
}

export function makeCarryPart(deps: CarryPartDeps): CarryPart {
  const { crypto, clock, keys, self, store, members, consents, shareViews, onRefusedOf } = deps
  const entriesHeld = (owner: DeviceId, recipient: DeviceId): number => (consents.head(owner, recipient)?.seq ?? -1) + 1
  const standing = (owner: DeviceId) => carryStanding(shareViews.of(owner), owner, self)
  const carriesFor = (owner: DeviceId): boolean => carryLimits(store).on && standing(owner) === 'open'
  const memberIds = (): readonly DeviceId[] => [...members.current().members.keys()]
  const manifests = new Manifests({
    crypto,
    self,
    deviceSeed: keys.device,
    sealSecret: keys.seal,
    now: () => deps.ownerClock.now(),
    mesh: () => members.mesh(),
    membership: () => members.current(),
    cardOf: (device) => members.cardOf(device),
    source: segmentSource(store, deps.sealer, self),
    view: () => shareViews.of(),
    store: store.manifests,
    entriesHeld,
  })
  const relaying = new Relaying({
    crypto,
    self,
    members: memberIds,
    isOurMesh: (mesh) => members.hasBeenIn(mesh),
    manifests,
    carriesFor,
    store: {
      manifest: (owner, recipient) => store.manifests.get(owner, recipient),
      lastEntry: (owner, recipient) => store.control.last(owner, recipient),
      entries: (owner, recipient, fromSeq) => store.control.entries(owner, recipient, fromSeq),
      insertEntry: (entry) => store.control.insertEntry(entry),
      carriedBytes: () => store.control.bytesBeside(self),
    },
    receive: (owner, entry) => consents.receive(owner, [entry]),
    onRefused: onRefusedOf,
  })
  const carrying = new Carrying({
    crypto,
    self,
    deviceSeed: keys.device,
    nowUnixMs: () => clock.now(),
    shelf: carryShelf(store.carried, deps.onDropped),
    limits: () => carryLimits(store),
    isMember: (device) => members.current().members.has(device),
    standing,
    manifest: (owner) => manifests.contentFor(owner),
    owners: () => memberIds().filter((owner) => owner !== self && carriesFor(owner)),
    requireRoom: deps.requireRoom,
    onLost: () => store.carriers.forgetSeen(),
    onRefused: onRefusedOf,
  })
  return { manifests, relaying, carrying }
}
