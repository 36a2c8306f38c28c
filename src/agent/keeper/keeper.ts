/**
 * Everything that touches the databases, wired together for one thread of its own: admission, segments, audit, consent,
 * membership, serving, receiving and queries. The main thread reaches it only through {@link keeperApi}.
 */
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { MeshError } from '../../base/errors.ts'
import { toDeviceId, toIncarnation, type DeviceId, type Incarnation, type OpId } from '../../model/ids.ts'
import { SIGNALS, type Lane } from '../../model/lane.ts'
import type { DeviceCard, Membership } from '../../model/membership.ts'
import type { MeshId } from '../../model/ids.ts'
import { isStage, type Stage } from '../../model/stage.ts'
import { closedFor, type ShareView } from '../../policy/decide-share.ts'
import type { ConsentRecord } from '../../policy/reduce-consent.ts'
import { planStageChange, type StageChange } from '../../policy/stage-change.ts'
import { decideExit } from '../../policy/stage-gate.ts'
import { openAuditLog, type AuditLog } from '../../store/audit-log.ts'
import { SegmentWriter } from '../../store/segment-writer.ts'
import { openStore, type Store } from '../../store/store.ts'
import { ConsentService } from '../../sync/consent-service.ts'
import { Epochs } from '../../sync/epochs.ts'
import type { Ledger } from '../../sync/ledger.ts'
import { MembershipService } from '../../sync/membership-service.ts'
import { OwnerClock } from '../../sync/owner-clock.ts'
import { PairingService } from '../../sync/pairing/pairing-service.ts'
import { Receiving } from '../../sync/receiving.ts'
import { Serving } from '../../sync/serving.ts'
import type { DeviceKeys, KeyStore } from '../key-file.ts'
import { AddressBook } from './address-book.ts'
import { auditLedger, reconcile } from './audit-ledger.ts'
import { consentStore } from './consent-store.ts'
import { CutTimer } from './cut-timer.ts'
import { LocalIntake } from './local-intake.ts'
import { LEASE_CHECK_MS, lapsedOwners, purgeOwner } from './lapsed-grants.ts'
import { keepPeerRun } from './peer-intake.ts'
import { PeerBook } from './peer-book.ts'
import { RefusalCounter } from './refusal-counter.ts'
import { SegmentSealer } from './segment-sealer.ts'
import { segmentSource } from './segment-source.ts'
import { StoredRecords } from './stored-records.ts'
import { Turns } from './turns.ts'

export interface KeeperOptions {
  readonly storeFile: string
  readonly auditFile: string
  readonly keys: DeviceKeys
  readonly keyStore: KeyStore
  /** Settings of a device that is being made; without them a missing database is an error, never a fresh start. */
  readonly newDevice?: Readonly<Record<string, unknown>>
  /** X25519 public key that belongs to `keys.seal`. */
  readonly sealPublicKey: Uint8Array
}
export interface KeeperDeps {
  readonly clock: Clock
  readonly crypto: Crypto
  /** `view`: what is granted, who is a member or the stage changed. `records`: there is more to serve or to show. */
  readonly onEvent: (event: 'view' | 'records') => void
  /** Something went wrong in work that nobody waits for. */
  readonly onFailure: (err: unknown) => void
}

/** What the main thread needs to judge connections and what it writes to them. */
export interface ControlView {
  readonly self: DeviceCard
  readonly stage: Stage
  readonly mesh: MeshId
  readonly membership: Membership
  readonly grants: readonly ConsentRecord[]
  readonly ownerNowUnixMs: number
}

export type KeeperErrorCode = 'KEYS_STORE_CHANGED'
export class KeeperError extends MeshError<KeeperErrorCode> {}

/** Open records are cut after this long at most, so that they are chained soon even on a quiet device. */
export const CUT_AFTER_MS = 5_000
/** While a device that may see them is connected, records are cut after this long, so that it sees them live. */
export const LIVE_CUT_AFTER_MS = 100
/** But not more often than this for one log: a steady trickle makes two small segments a second, not ten. */
export const LIVE_CUT_EVERY_MS = 500

const SETTING = {
  name: 'device.name',
  keyStore: 'device.key_store',
  stage: 'stage',
  incarnation: 'log.incarnation',
  mesh: 'mesh',
  highWater: 'clock.high_water_ms',
  reconciled: 'audit.reconciled_to',
} as const

export class Keeper {
  readonly store: Store
  readonly audit: AuditLog
  readonly ledger: Ledger
  readonly card: DeviceCard
  readonly ownerClock: OwnerClock
  readonly writer: SegmentWriter
  readonly epochs: Epochs
  readonly intake: LocalIntake
  readonly members: MembershipService
  readonly consents: ConsentService
  readonly pairing: PairingService
  readonly serving: Serving
  readonly receiving: Receiving
  readonly records: StoredRecords
  readonly turns: Turns
  readonly peers: PeerBook
  readonly addresses: AddressBook
  readonly refusals: RefusalCounter
  readonly deps: KeeperDeps
  #stage: Stage
  /** There are segments that readers have no key or name of yet. */
  #handOverDue = false
  #handingOver: Promise<void> = Promise.resolve()
  #connected: ReadonlySet<DeviceId> = new Set()
  #closed = false
  readonly #cutTimer: CutTimer
  readonly #cancelLeases: () => void

  /** @throws {StoreError}, {KeeperError} */
  constructor(deps: KeeperDeps, options: KeeperOptions) {
    const { crypto, clock } = deps
    const { keys } = options
    this.deps = deps
    const mustExist = options.newDevice === undefined
    this.store = openStore(options.storeFile, keys.store, { mustExist })
    this.audit = openAuditLog(
      { crypto, clock, bootId: crypto.randomBytes(8) },
      { path: options.auditFile, key: keys.audit, payloadKey: keys.auditPayload, mustExist },
    )
    this.ledger = auditLedger(this.audit)
    const { settings } = this.store
    for (const [name, value] of Object.entries(options.newDevice ?? {})) settings.set(name, value)
    requireKeyStore(settings.get(SETTING.keyStore), options.keyStore)
    this.#stage = readStage(settings.get(SETTING.stage))
    this.card = {
      deviceId: toDeviceId(crypto.ed25519PublicKey(keys.device)) as DeviceId,
      name: settings.get(SETTING.name) as string,
      peerKey: crypto.ed25519PublicKey(keys.peer),
      sealKey: options.sealPublicKey,
    }
    const self = this.card.deviceId
    this.ownerClock = new OwnerClock({
      clock,
      load: () => (settings.get(SETTING.highWater) as number | undefined) ?? 0,
      save: (unixMs) => settings.set(SETTING.highWater, unixMs),
    })
    const sealer = new SegmentSealer(crypto, keys.device, this.store.epochs)
    const { db, logs, segments, traces } = this.store
    this.writer = new SegmentWriter({
      db,
      clock,
      logs,
      segments,
      traces,
      sealer,
      onFirstOfEpoch: () => {
        this.#handOverDue = true
      },
    })
    this.#cutTimer = new CutTimer(
      { clock, cut: () => this.#cutDue(), onFailure: (err) => this.#fail(err) },
      LIVE_CUT_AFTER_MS,
    )
    this.epochs = new Epochs({
      crypto,
      ownerClock: this.ownerClock,
      table: this.store.epochs,
      ledger: this.ledger,
      self,
      boundaries: (lane) => this.#grantEdges(lane),
    })
    this.peers = new PeerBook(this.store.peers, clock)
    this.refusals = new RefusalCounter({
      clock,
      add: (name, count) => this.store.counters.add(name, count),
      onFailure: (err) => this.#fail(err),
    })
    this.members = new MembershipService({
      crypto,
      ownerClock: this.ownerClock,
      deviceSeed: keys.device,
      card: this.card,
      ledger: this.ledger,
      store: {
        ops: () => this.store.control.membershipOps(),
        insertOp: (opId, bytes) => this.store.control.insertOp(opId, bytes),
        mesh: () => settings.get(SETTING.mesh) as { mesh: MeshId; root: OpId } | undefined,
        setMesh: (mesh) => settings.set(SETTING.mesh, mesh),
      },
      beforeRemoval: (device) => this.#revokeAll((grant) => grant.recipient === device),
      onChange: () => {
        this.#endStrayGrants().catch((err: unknown) => this.#fail(err))
        deps.onEvent('view')
      },
      onRefused: (code) => this.refusals.add('sync', code),
    })
    this.addresses = new AddressBook({
      clock,
      self,
      peers: this.peers,
      members: () => this.members.current().members,
    })
    this.consents = new ConsentService({
      crypto,
      ownerClock: this.ownerClock,
      self,
      deviceSeed: keys.device,
      sealSecret: keys.seal,
      mesh: () => this.members.mesh(),
      isOurMesh: (mesh) => this.members.hasBeenIn(mesh),
      membership: () => this.members.current(),
      cardOf: (device) => this.members.cardOf(device),
      store: consentStore(this.store, self),
      epochs: this.epochs,
      ledger: this.ledger,
      stageAllowsSharing: () => this.#sharingAllowed(),
      cut: (lanes) => void this.writer.cut(({ log }) => lanes.includes(log.lane)),
      onChange: () => deps.onEvent('view'),
      onRefused: (code) => this.refusals.add('sync', code),
    })
    this.intake = new LocalIntake({
      crypto,
      store: this.store,
      writer: this.writer,
      epochs: this.epochs,
      self,
      incarnation: toIncarnation(settings.get(SETTING.incarnation) as string) as Incarnation,
      stage: () => this.#stage,
      onCommit: (didCut) => this.#afterCommit(didCut),
    })
    this.pairing = new PairingService({
      crypto,
      now: () => clock.now(),
      card: this.card,
      members: this.members,
      invitations: this.store.invitations,
      ledger: this.ledger,
      remember: (device, addresses) => this.peers.remember(device, { addresses }),
      onRefused: (code) => this.refusals.add('pair', code),
    })
    const source = segmentSource(this.store, sealer, self)
    this.serving = new Serving({ crypto, self, deviceSeed: keys.device, source, view: () => this.shareView() })
    this.receiving = new Receiving({
      crypto,
      self,
      source,
      view: (owner) => this.shareView(owner),
      keep: (log, run, head) =>
        keepPeerRun({ store: this.store, stage: () => this.#stage }, this.shareView(log.author), log, run, head),
      onRefused: (code) => this.refusals.add('sync', code),
    })
    this.records = new StoredRecords(crypto, this.store, this.writer, sealer)
    this.turns = new Turns(clock)
    if (options.newDevice !== undefined) this.#recordCreation(options.keyStore)
    // What the last run acknowledged and had not cut yet is chained now; its rows are old news for readers.
    this.writer.cut(() => true)
    settings.set(
      SETTING.reconciled,
      reconcile(this.audit, self, (settings.get(SETTING.reconciled) as number | undefined) ?? 0, (opId) =>
        this.#isKept(opId),
      ),
    )
    this.purgeLapsed()
    this.#cancelLeases = clock.every(LEASE_CHECK_MS, () => this.purgeLapsed())
    this.#resume()
  }

  get stage(): Stage {
    return this.#stage
  }

  view(): ControlView {
    return {
      self: this.card,
      stage: this.#stage,
      mesh: this.members.mesh(),
      membership: this.members.current(),
      grants: this.consents.records(),
      ownerNowUnixMs: this.ownerClock.now(),
    }
  }

  /** What decisions are made on: for our records our own clock, for another owner's our best knowledge of theirs. */
  shareView(owner?: DeviceId): ShareView {
    const base = {
      membership: this.members.current(),
      grants: this.consents.records(),
      stageAllowsSharing: this.#sharingAllowed(),
    }
    if (owner === undefined || owner === this.card.deviceId) return { ...base, nowUnixMs: this.ownerClock.now() }
    const { clock, lastSeenUnixMs } = this.peers.get(owner)
    const offsetMs = clock?.offsetMs ?? 0
    const nowUnixMs = this.deps.clock.now() + offsetMs
    const lastHeardUnixMs = this.#connected.has(owner) ? nowUnixMs : (lastSeenUnixMs ?? 0) + offsetMs
    return { ...base, nowUnixMs, lastHeardUnixMs }
  }

  setConnected(devices: readonly DeviceId[]): void {
    this.#connected = new Set(devices)
    if (this.writer.hasOpen()) this.#cutTimer.schedule()
  }

  isConnected(device: DeviceId): boolean {
    return this.#connected.has(device)
  }

  /** Changes the stage, ends what the new one does not allow, and says what that was. */
  async setStage(to: Stage): Promise<StageChange> {
    const change = planStageChange(this.#stage, to)
    this.ledger.append({
      type: 'stage.changed',
      outcome: 'success',
      actor: { kind: 'user', ref: this.card.deviceId },
      object: { kind: 'policy', ref: 'stage' },
      payload: { from: change.from, to: change.to },
    })
    this.store.settings.set(SETTING.stage, to)
    this.#stage = to
    if (change.revokeAllGrants) await this.#revokeAll(() => true)
    if (change.rotateKeys) this.#rotateAll()
    this.deps.onEvent('view')
    return change
  }

  /** Deletes what was received under grants whose lease has run out. */
  purgeLapsed(): void {
    const self = this.card.deviceId
    for (const owner of lapsedOwners(this.consents.records(), self, (device) => this.shareView(device))) {
      if (purgeOwner(this.store, this.ledger, self, owner) > 0) this.deps.onEvent('view')
    }
  }

  /** Hands over what is due, then tells the mesh that there is more. */
  announce(): void {
    this.handedOver().then(
      () => this.deps.onEvent('records'),
      (err: unknown) => this.#fail(err),
    )
  }

  /** Resolves when whoever may see what is stored has its keys and names in the log of its own; nothing is offered before. */
  async handedOver(): Promise<void> {
    if (this.#handOverDue) {
      this.#handOverDue = false
      this.#handingOver = this.consents.handOver().catch((err: unknown) => {
        this.#handOverDue = true
        throw err
      })
    }
    const handingOver = this.#handingOver
    await handingOver
    // Sealing takes a moment, in which more may have been cut.
    if (this.#handOverDue || this.#handingOver !== handingOver) await this.handedOver()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.turns.stop()
    this.#cancelLeases()
    this.#cutTimer.stop()
    try {
      this.writer.cut(() => true)
      this.peers.flush()
      this.ownerClock.flush()
      this.refusals.flush()
    } catch (err) {
      this.deps.onFailure(err) // the journal holds what could not be cut
    } finally {
      this.store.close()
      this.audit.close()
    }
  }

  #recordCreation(keyStore: KeyStore): void {
    const ref = this.card.deviceId
    this.ledger.append({
      type: 'device.created',
      outcome: 'success',
      actor: { kind: 'user', ref },
      object: { kind: 'device', ref },
      payload: { name: this.card.name, keyStore },
    })
  }

  #afterCommit(didCut: boolean): void {
    if (didCut) {
      this.#cutTimer.succeeded()
      this.announce()
    }
    if (this.writer.hasOpen()) this.#cutTimer.schedule()
  }

  #cutDue(): void {
    this.#afterCommit(this.writer.cut((open) => open.openMs >= CUT_AFTER_MS || this.#isDueLive(open)))
  }

  #isDueLive(open: Parameters<Parameters<SegmentWriter['cut']>[0]>[0]): boolean {
    return (
      open.openMs >= LIVE_CUT_AFTER_MS &&
      open.sinceCutMs >= LIVE_CUT_EVERY_MS &&
      this.#watchedLanes().has(open.log.lane)
    )
  }

  /** Lanes that a connected device may see now, or lets us see: our records beside its own are to be as proven. */
  #watchedLanes(): ReadonlySet<Lane> {
    return new Set(
      this.consents
        .records()
        .filter(({ grant, revokedBy }) => revokedBy === undefined && this.#isLive(grant))
        .flatMap(({ grant }) => grant.lanes),
    )
  }

  /** One of the two is this device: the other one is connected. */
  #isLive({ owner, recipient }: ConsentRecord['grant']): boolean {
    return this.#connected.has(recipient) || this.#connected.has(owner)
  }

  /** Where our live grants for a lane begin or end: an epoch that reached across would fall out of one of them whole. */
  #grantEdges(lane: Lane): readonly number[] {
    return this.consents
      .records()
      .filter(({ grant, revokedBy }) => revokedBy === undefined && grant.owner === this.card.deviceId)
      .filter(({ grant }) => grant.lanes.includes(lane))
      .flatMap(({ grant }) => [grant.sinceUnixMs, ...(grant.untilUnixMs === undefined ? [] : [grant.untilUnixMs])])
  }

  async #revokeAll(isMeant: (grant: ConsentRecord['grant']) => boolean): Promise<void> {
    const live = this.consents
      .records()
      .filter(({ grant, revokedBy }) => revokedBy === undefined && grant.owner === this.card.deviceId && isMeant(grant))
    await Promise.all(live.map(({ grant }) => this.consents.revoke(grant.grantId)))
  }

  /** Grants that stage or membership leave no place: whatever came between, they end and do not come back with it. */
  #endStrayGrants(): Promise<void> {
    const view = this.shareView()
    return this.#revokeAll(({ owner, recipient }) => closedFor(view, owner, recipient) !== undefined)
  }

  /** What a power cut left undone: grants to end, and keys and names that readers were not told yet. */
  #resume(): void {
    this.#handOverDue = true
    this.#endStrayGrants().then(
      () => this.announce(),
      (err: unknown) => this.#fail(err),
    )
  }

  /** Work that nobody waits for and that a stop overtook is done at the next start. */
  #fail(err: unknown): void {
    if (!this.#closed) this.deps.onFailure(err)
  }

  #rotateAll(): void {
    this.writer.cut(() => true)
    for (const lane of SIGNALS) {
      const epoch = this.epochs.prepare(lane)
      this.epochs.record(epoch)
      this.store.transaction(() => this.epochs.commit(epoch))
    }
  }

  #sharingAllowed(): boolean {
    return decideExit(this.#stage, 'share').allow
  }

  #isKept(opId: string): boolean {
    return this.members.holds(opId as OpId) || this.consents.history().some((op) => op.opId === opId)
  }
}

/** The settings of a device that was just made. */
export function initialSettings(crypto: Crypto, name: string, keyStore: KeyStore): Readonly<Record<string, unknown>> {
  return {
    [SETTING.name]: name,
    [SETTING.keyStore]: keyStore,
    [SETTING.stage]: 'casual' satisfies Stage,
    [SETTING.incarnation]: Buffer.from(crypto.randomBytes(16)).toString('hex'),
  }
}

/** The choice made at init stands in the encrypted store too: keys.json cannot be swapped for a weaker one unnoticed. */
function requireKeyStore(recorded: unknown, found: KeyStore): void {
  if (recorded !== found) throw new KeeperError('KEYS_STORE_CHANGED', 'the key store is not the one chosen at init')
}

/** A stage that cannot be read counts as the one that collects and shares least. */
function readStage(value: unknown): Stage {
  return isStage(value) ? value : 'casual'
}
