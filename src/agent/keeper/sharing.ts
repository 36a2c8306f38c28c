/**
 * What shares records with other devices, put together: membership, consent and its keys, pairing, serving and receiving.
 * The parts know each other only through what is handed to them here.
 */
import type { Clock } from '../../base/clock.ts'
import type { Crypto, Hpke } from '../../base/crypto.ts'
import type { DeviceId, MeshId, OpId } from '../../model/ids.ts'
import type { DeviceCard } from '../../model/membership.ts'
import type { LogDescription } from '../../model/segment.ts'
import type { Stage } from '../../model/stage.ts'
import { decideShare } from '../../policy/decide-share.ts'
import type { ControlTable } from '../../store/control-table.ts'
import type { EpochTable } from '../../store/epoch-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import type { InvitationTable, PeerTable, SettingTable } from '../../store/small-tables.ts'
import { ConsentService } from '../../sync/consent-service.ts'
import { Epochs } from '../../sync/epochs.ts'
import type { Ledger } from '../../sync/ledger.ts'
import { MembershipService } from '../../sync/membership-service.ts'
import type { OwnerClock } from '../../sync/owner-clock.ts'
import { PairingService } from '../../sync/pairing/pairing-service.ts'
import { Receiving } from '../../sync/receiving.ts'
import { Restoring } from '../../sync/restoring.ts'
import { requestFor } from '../../sync/scope.ts'
import { Serving } from '../../sync/serving.ts'
import type { DeviceKeys } from '../key-file.ts'
import { AddressBook } from './address-book.ts'
import { consentStore, type ConsentTables } from './consent-store.ts'
import { SETTING } from './device-settings.ts'
import type { LiveGrants } from './live-grants.ts'
import { PeerBook } from './peer-book.ts'
import { keepPeerRun, type PeerRunTables } from './peer-intake.ts'
import type { RefusalCounter } from './refusal-counter.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { keepRestored, type RestoredTables } from './restored-bodies.ts'
import type { TailHub } from './tail-hub.ts'
import { segmentSource, type SegmentTables } from './segment-source.ts'
import type { ShareViews } from './share-views.ts'

/** The tables that sharing needs, by what it calls of them: another store can stand in, as in the simulator. */
export type SharingStore = ConsentTables &
  SegmentTables &
  PeerRunTables &
  RestoredTables & {
    readonly control: Pick<ControlTable, 'membershipOps' | 'insertOp'>
    readonly epochs: Pick<EpochTable, 'current' | 'insert'>
    readonly settings: Pick<SettingTable, 'get' | 'set'>
    readonly invitations: Pick<InvitationTable, keyof InvitationTable>
    readonly peers: Pick<PeerTable, 'all' | 'set'>
  }

export interface SharingDeps {
  readonly crypto: Crypto & Hpke
  readonly clock: Clock
  readonly keys: DeviceKeys
  readonly card: DeviceCard
  readonly store: SharingStore
  readonly ledger: Ledger
  readonly ownerClock: OwnerClock
  readonly writer: Pick<SegmentWriter, 'cut'>
  readonly sealer: SegmentSealer
  readonly refusals: Pick<RefusalCounter, 'add'>
  readonly liveGrants: LiveGrants
  readonly stage: () => Stage
  readonly shareViews: Pick<ShareViews, 'of' | 'mayLeave' | 'endStrayGrants'>
  /** Throws while the disk is full. */
  readonly requireRoom: () => void
  /** Records of another device were stored. */
  readonly onKept: () => void
  readonly tails: Pick<TailHub, 'offer'>
  /** Something of this owner was not taken. */
  readonly onRefusedOf: (code: string, owner: DeviceId) => void
  readonly onFailure: (err: unknown) => void
  /** These segments of a log have their bodies again. */
  readonly onRestored: (log: LogDescription, segments: readonly SegmentRowId[]) => void
  /** What is granted, or who is a member, has changed. */
  readonly onView: () => void
}

export interface Sharing {
  readonly peers: PeerBook
  readonly addresses: AddressBook
  readonly epochs: Epochs
  readonly members: MembershipService
  readonly consents: ConsentService
  readonly pairing: PairingService
  readonly serving: Serving
  readonly receiving: Receiving
  readonly restoring: Restoring
}

export function makeSharing(deps: SharingDeps): Sharing {
  const { crypto, clock, card, store, keys, ledger } = deps
  const peers = new PeerBook(store.peers, clock)
  const members = makeMembers(deps)
  const addresses = new AddressBook({ clock, self: card.deviceId, peers, members: () => members.current().members })
  const epochs = makeEpochs(deps)
  const consents = makeConsents(deps, members, epochs)
  const pairing = makePairing(deps, members, peers)
  const source = segmentSource(store, deps.sealer, card.deviceId)
  const self = card.deviceId
  const serving = new Serving({ crypto, self, deviceSeed: keys.device, source, view: () => deps.shareViews.of() })
  const receiving = makeReceiving(deps, source)
  const restoring = new Restoring({
    crypto,
    self,
    source,
    mayHave(recipient, log, epoch) {
      const request = requestFor(source, log, recipient, epoch)
      return request !== undefined && decideShare(deps.shareViews.of(log.author), request).effect === 'allow'
    },
    keep: (peer, log, found) => deps.onRestored(log, keepRestored({ store, ledger }, peer, log, found)),
  })
  return { peers, addresses, epochs, members, consents, pairing, serving, receiving, restoring }
}

function makeMembers(deps: SharingDeps): MembershipService {
  const { crypto, ownerClock, keys, card, ledger, store, refusals, shareViews } = deps
  const { control, settings, invitations } = store
  const members: MembershipService = new MembershipService({
    crypto,
    ownerClock,
    deviceSeed: keys.device,
    card,
    ledger,
    store: {
      ops: () => control.membershipOps(),
      insertOp: (opId, bytes) => control.insertOp(opId, bytes),
      mesh: () => settings.get(SETTING.mesh) as { mesh: MeshId; root: OpId } | undefined,
      setMesh: (mesh) => settings.set(SETTING.mesh, mesh),
      transaction: (work) => store.transaction(work),
    },
    beforeChange: (membership) => shareViews.endStrayGrants(membership),
    onRemoved: (device) => invitations.forgetUsedBy(device),
    onChange: () => {
      shareViews.endStrayGrants(members.current()).catch(deps.onFailure)
      deps.onView()
    },
    onRefused: (code) => refusals.add('sync', code),
  })
  return members
}

function makeEpochs({ crypto, ownerClock, store, ledger, card, liveGrants }: SharingDeps): Epochs {
  return new Epochs({
    crypto,
    ownerClock,
    table: store.epochs,
    ledger,
    self: card.deviceId,
    boundaries: (lane) => liveGrants.edges(lane),
  })
}

function makeConsents(deps: SharingDeps, members: MembershipService, epochs: Epochs): ConsentService {
  const { crypto, ownerClock, keys, card, store, ledger, writer, refusals } = deps
  const self = card.deviceId
  return new ConsentService({
    crypto,
    ownerClock,
    self,
    deviceSeed: keys.device,
    sealSecret: keys.seal,
    mesh: () => members.mesh(),
    isOurMesh: (mesh) => members.hasBeenIn(mesh),
    membership: () => members.current(),
    cardOf: (device) => members.cardOf(device),
    store: consentStore(store, self),
    epochs,
    ledger,
    stageAllowsSharing: () => deps.shareViews.mayLeave(),
    cut: (lanes) => void writer.cut(({ log }) => lanes.includes(log.lane)),
    onChange: deps.onView,
    onRefused: (code) => refusals.add('sync', code),
  })
}

function makePairing(
  { crypto, clock, card, store, ledger, refusals }: SharingDeps,
  members: MembershipService,
  peers: PeerBook,
): PairingService {
  return new PairingService({
    crypto,
    now: () => clock.now(),
    card,
    members,
    invitations: store.invitations,
    ledger,
    remember: (device, addresses) => peers.remember(device, { addresses }),
    onRefused: (code) => refusals.add('pair', code),
  })
}

function makeReceiving(deps: SharingDeps, source: ReturnType<typeof segmentSource>): Receiving {
  const { crypto, card, store, stage, shareViews, requireRoom, onKept, tails } = deps
  return new Receiving({
    crypto,
    self: card.deviceId,
    source,
    view: (owner) => shareViews.of(owner),
    keep(log, run, head) {
      requireRoom()
      const onRefusedUpdate = (code: string): void => deps.onRefusedOf(code, log.author)
      keepPeerRun({ store, stage, tails, onRefusedUpdate }, shareViews.of(log.author), log, run, head)
      onKept()
    },
    onRefused: deps.onRefusedOf,
  })
}
