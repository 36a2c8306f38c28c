/**
 * A keeper without SQLite: what shares records, put together by the same function as in the agent, on tables in memory.
 * Beside it only what it needs: the door for own records, cuts, hand-overs, and what a start does again after a power cut.
 */
import { skipUsedEpochs } from '../../src/agent/keeper/answer-rollback.ts'
import { Cutting } from '../../src/agent/keeper/cutting.ts'
import { SETTING } from '../../src/agent/keeper/device-settings.ts'
import { reconcileAtStart } from '../../src/agent/keeper/end-again.ts'
import { HandOver } from '../../src/agent/keeper/hand-over.ts'
import type { ControlView } from '../../src/agent/keeper/keeper.ts'
import { LiveGrants } from '../../src/agent/keeper/live-grants.ts'
import { LocalIntake } from '../../src/agent/keeper/local-intake.ts'
import type { MeshParts } from '../../src/agent/keeper/mesh-calls.ts'
import { SegmentSealer } from '../../src/agent/keeper/segment-sealer.ts'
import { ShareViews } from '../../src/agent/keeper/share-views.ts'
import { makeSharing, type Sharing } from '../../src/agent/keeper/sharing.ts'
import type { DeviceKeys } from '../../src/agent/key-file.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Crypto, Hpke } from '../../src/base/crypto.ts'
import { toDeviceId, toIncarnation, type DeviceId, type Incarnation } from '../../src/model/ids.ts'
import type { DeviceCard, Membership } from '../../src/model/membership.ts'
import type { Stage } from '../../src/model/stage.ts'
import { SegmentCutter } from '../../src/store/segment-cutter.ts'
import { SegmentWriter } from '../../src/store/segment-writer.ts'
import { OwnerClock } from '../../src/sync/owner-clock.ts'
import { simLedger, type SimLedger } from './sim-audit.ts'
import type { SimDisk } from './sim-disk.ts'
import { simStore, type SimStore } from './sim-store.ts'

export interface SimKeeperDeps {
  readonly clock: Clock
  readonly crypto: Crypto & Hpke
  readonly disk: SimDisk
  readonly keys: DeviceKeys
  readonly name: string
  readonly sealPublicKey: Uint8Array
  readonly onEvent: (event: 'view' | 'records') => void
  /** Something of another device was not taken. */
  readonly onRefused: (code: string, by: DeviceId | undefined) => void
  readonly onFailure: (err: unknown) => void
}

const NO_TAILS = { offer: (): void => undefined }

export class SimKeeper implements MeshParts {
  readonly card: DeviceCard
  readonly ownerClock: OwnerClock
  readonly liveGrants: LiveGrants
  readonly vouching = { alarms: () => [] }
  readonly shareViews: ShareViews
  readonly store: SimStore
  readonly ledger: SimLedger
  readonly sealer: SegmentSealer
  readonly writer: SegmentWriter
  readonly intake: LocalIntake
  readonly stage: Stage = 'developer'
  readonly refusals: MeshParts['refusals']
  readonly peers: Sharing['peers']
  readonly addresses: Sharing['addresses']
  readonly epochs: Sharing['epochs']
  readonly members: Sharing['members']
  readonly consents: Sharing['consents']
  readonly pairing: Sharing['pairing']
  readonly serving: Sharing['serving']
  readonly receiving: Sharing['receiving']
  readonly restoring: Sharing['restoring']
  readonly #deps: SimKeeperDeps
  readonly #cutting: Cutting
  readonly #handOver: HandOver

  constructor(deps: SimKeeperDeps) {
    const { clock, crypto, disk, keys } = deps
    this.#deps = deps
    this.store = simStore(disk)
    this.ledger = simLedger(disk)
    const { settings, epochs } = this.store
    const self = toDeviceId(crypto.ed25519PublicKey(keys.device)) as DeviceId
    this.card = {
      deviceId: self,
      name: deps.name,
      peerKey: crypto.ed25519PublicKey(keys.peer),
      sealKey: deps.sealPublicKey,
    }
    this.liveGrants = new LiveGrants(() => this.consents, self)
    this.#handOver = new HandOver(() => this.consents.handOver())
    this.ownerClock = new OwnerClock({
      clock,
      load: () => (settings.get(SETTING.highWater) as number | undefined) ?? 0,
      save: (unixMs) => settings.set(SETTING.highWater, unixMs),
      onFailure: deps.onFailure,
    })
    this.sealer = new SegmentSealer(crypto, keys.device, epochs)
    this.writer = new SegmentWriter({
      ...this.store,
      clock,
      cutter: new SegmentCutter({ ...this.store, sealer: this.sealer }),
      onFirstOfEpoch: () => this.#handOver.due(),
    })
    this.shareViews = new ShareViews(clock, self, this)
    this.#cutting = new Cutting({
      clock,
      writer: this.writer,
      liveGrants: this.liveGrants,
      connected: () => this.shareViews.connected,
      onCut: () => this.#announce(),
      onFailure: deps.onFailure,
    })
    this.refusals = { add: (_room, code) => deps.onRefused(code, undefined) }
    const sharing = this.#makeSharing()
    this.peers = sharing.peers
    this.addresses = sharing.addresses
    this.epochs = sharing.epochs
    this.members = sharing.members
    this.consents = sharing.consents
    this.pairing = sharing.pairing
    this.serving = sharing.serving
    this.receiving = sharing.receiving
    this.restoring = sharing.restoring
    this.intake = new LocalIntake({
      crypto,
      clock,
      store: this.store,
      writer: this.writer,
      epochs: this.epochs,
      self,
      incarnation: this.#incarnation(),
      stage: () => this.stage,
      requireOpen: () => undefined,
      onRefused: deps.onFailure,
      onCommit: (didCut) => this.#cutting.committed(didCut),
      later: (work) => queueMicrotask(work),
      tails: NO_TAILS,
    })
    this.#start()
  }

  view(): ControlView {
    return {
      self: this.card,
      stage: this.stage,
      mesh: this.members.mesh(),
      membership: this.members.current(),
      grants: this.consents.records(),
      ownerNowUnixMs: this.ownerClock.now(),
      held: undefined,
      fullSinceUnixMs: undefined,
      alarms: [],
    }
  }

  setConnected(devices: readonly DeviceId[]): void {
    this.shareViews.setConnected(devices)
    this.#cutting.schedule()
  }

  /** Cuts what is open, as the timer would. */
  cut(): void {
    if (this.writer.cut(() => true)) this.#announce()
  }

  handedOver(): Promise<void> {
    return this.#handOver.done()
  }

  notePeerHolds(peer: DeviceId, count: number): void {
    const held = (this.consents.head(this.card.deviceId, peer)?.seq ?? -1) + 1
    if (count > held) this.#deps.onRefused('SYNC_OWNER_BEHIND', peer)
  }

  refusedOf(code: string, by: DeviceId): void {
    this.#deps.onRefused(code, by)
  }

  /** As an agent ends in order. */
  close(): void {
    this.#cutting.stop()
    this.writer.cut(() => true)
    this.peers.flush()
    this.ownerClock.flush()
  }

  #makeSharing(): Sharing {
    const { clock, crypto, keys, onEvent, onFailure, onRefused } = this.#deps
    return makeSharing({
      crypto,
      clock,
      keys,
      card: this.card,
      store: this.store,
      ledger: this.ledger,
      ownerClock: this.ownerClock,
      writer: this.writer,
      sealer: this.sealer,
      refusals: this.refusals,
      liveGrants: this.liveGrants,
      stage: () => this.stage,
      shareViews: this.shareViews,
      requireRoom: () => undefined,
      onKept: () => undefined,
      tails: NO_TAILS,
      onRefusedOf: onRefused,
      onFailure,
      onRestored: () => this.#announce(),
      onView: () => onEvent('view'),
    })
  }

  /** What a power cut left undone comes first, as in the agent. */
  #start(): void {
    const { onFailure } = this.#deps
    skipUsedEpochs(this.epochs, this.ledger.audit)
    this.#cutting.cutLeftovers()
    const { audit } = this.ledger
    reconcileAtStart({ ...this.#reconciled(), audit }).catch(onFailure)
    this.#handOver.due()
    const membership: Membership = this.members.current()
    this.shareViews.endStrayGrants(membership).then(() => this.#announce(), onFailure)
  }

  #reconciled() {
    const { ledger, store, card, stage, members, consents, liveGrants } = this
    return { ledger, store, card, stage, members, consents, liveGrants, setStage: () => Promise.resolve() }
  }

  #announce(): void {
    const { onEvent, onFailure } = this.#deps
    this.handedOver().then(() => onEvent('records'), onFailure)
  }

  #incarnation(): Incarnation {
    const { settings } = this.store
    const { crypto } = this.#deps
    if (settings.get(SETTING.incarnation) === undefined) {
      settings.set(SETTING.incarnation, Buffer.from(crypto.randomBytes(16)).toString('hex'))
    }
    return toIncarnation(settings.get(SETTING.incarnation) as string) as Incarnation
  }
}
