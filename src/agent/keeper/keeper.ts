/**
 * Everything that touches the databases, wired together for one thread of its own: admission, segments, audit, consent,
 * membership, serving, receiving and queries. The main thread reaches it only through {@link keeperApi}.
 */
import { dirname, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { toDeviceId, toIncarnation, type DeviceId, type Incarnation } from '../../model/ids.ts'
import type { DeviceCard, Membership } from '../../model/membership.ts'
import type { MeshId } from '../../model/ids.ts'
import type { Stage } from '../../model/stage.ts'
import type { ConsentRecord } from '../../policy/reduce-consent.ts'
import type { KeptFate, StageChange } from '../../policy/stage-change.ts'
import { nodeHpke } from '../../platform/hpke.ts'
import { localMinute } from '../../platform/local-time.ts'
import { openAuditLog, type AuditLog } from '../../store/audit-log.ts'
import { SegmentCutter } from '../../store/segment-cutter.ts'
import { SegmentWriter } from '../../store/segment-writer.ts'
import { inFile } from '../../store/store-error.ts'
import { ReserveFile } from '../../store/reserve-file.ts'
import { openStore, type Store } from '../../store/store.ts'
import type { Carrying } from '../../sync/carrying.ts'
import type { ConsentService } from '../../sync/consent-service.ts'
import type { Epochs } from '../../sync/epochs.ts'
import type { Ledger, LedgerEntry } from '../../sync/ledger.ts'
import type { Manifests } from '../../sync/manifests.ts'
import type { MembershipService } from '../../sync/membership-service.ts'
import { OwnerClock } from '../../sync/owner-clock.ts'
import type { PairingService } from '../../sync/pairing/pairing-service.ts'
import type { Relaying } from '../../sync/relaying.ts'
import type { Receiving } from '../../sync/receiving.ts'
import type { Restoring } from '../../sync/restoring.ts'
import type { Serving } from '../../sync/serving.ts'
import type { DeviceKeys, KeyStore } from '../key-file.ts'
import type { AddressBook } from './address-book.ts'
import { answerRollback, skipUsedEpochs } from './answer-rollback.ts'
import { auditLedger } from './audit-ledger.ts'
import { makeCarryPart } from './carry-part.ts'
import { Cutting } from './cutting.ts'
import { alarmsAccepted, deviceCreated, diskChanged } from './device-leaves.ts'
import { readStage, requireKeyStore, SETTING } from './device-settings.ts'
import { DeviceStage } from './device-stage.ts'
import type { DroppedAbove } from './drop-above-stage.ts'
import { reconcileAtStart } from './end-again.ts'
import { DamageNotes } from './damage-notes.ts'
import { DiskGuard } from './disk-guard.ts'
import { ErrorWatch } from './error-watch.ts'
import { HandOver } from './hand-over.ts'
import { Housekeeping } from './housekeeping.ts'
import { LocalIntake } from './local-intake.ts'
import { LaneChunks } from './lane-chunks.ts'
import { LEASE_CHECK_MS, lapsedOwners, purgeOwner } from './lapsed-grants.ts'
import { LiveGrants } from './live-grants.ts'
import type { Committed } from './look-later.ts'
import type { MetricUpkeep } from './metric-upkeep.ts'
import { OwedWrites } from './owed-writes.ts'
import { moveOldSegments } from './move-segments.ts'
import { News } from './news.ts'
import { Notices, type ToldNotification } from './notices.ts'
import type { PeerBook } from './peer-book.ts'
import { RefusalCounter } from './refusal-counter.ts'
import type { Reindex } from './reindex.ts'
import type { Retention } from './retention.ts'
import { Rounds } from './rounds.ts'
import { SegmentSealer } from './segment-sealer.ts'
import { setAuditAside, type SetAside } from './set-audit-aside.ts'
import { ShareViews } from './share-views.ts'
import { makeSharing } from './sharing.ts'
import { StoredDocuments } from './stored-documents.ts'
import { StoredMetrics } from './stored-metrics.ts'
import { StoredSearch } from './search-source.ts'
import { StoredRecords } from './stored-records.ts'
import { TailHub } from './tail-hub.ts'
import { Turns } from './turns.ts'
import { Vouching, type Alarm } from './vouching.ts'

export interface KeeperOptions {
  readonly storeFile: string
  readonly auditFile: string
  readonly keys: DeviceKeys
  readonly keyStore: KeyStore
  /** Settings of a device that is being made; without them a missing database is an error, never a fresh start. */
  readonly newDevice?: Readonly<Record<string, unknown>>
  /** Takes an audit log that is damaged out of the way, and begins a new one. Default false. */
  readonly setAuditAside?: boolean
  /** X25519 public key that belongs to `keys.seal`. */
  readonly sealPublicKey: Uint8Array
}
export interface KeeperDeps {
  readonly clock: Clock
  readonly crypto: Crypto
  /** `view`: what is granted, who is a member or the stage changed. `records`: there is more to serve or to show. */
  readonly onEvent: (event: 'view' | 'records') => void
  /** Something is to be told to the person now. */
  readonly onTold?: (told: ToldNotification) => void
  /** The stage, before anything else of the store is ready: what else it needs can begin at the same time. */
  readonly onStage?: (stage: Stage) => void
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
  /** While one stands, nothing of this device leaves. */
  readonly alarms: readonly Alarm[]
  /** Why nothing may come in or leave now (ST25): the code of a disk that does not take what a start has to record. */
  readonly held: string | undefined
  /** Since when the disk has been full: nothing is taken in. Undefined while it is not. */
  readonly fullSinceUnixMs: number | undefined
}

export class Keeper {
  readonly store: Store
  readonly audit: AuditLog
  readonly vouching: Vouching
  readonly notices: Notices
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
  readonly restoring: Restoring
  readonly manifests: Manifests
  readonly relaying: Relaying
  readonly carrying: Carrying
  readonly liveGrants: LiveGrants
  readonly records: StoredRecords
  readonly documents: StoredDocuments
  readonly metrics: StoredMetrics
  readonly metricUpkeep: MetricUpkeep
  readonly search: StoredSearch
  readonly tails: TailHub
  readonly errorWatch: ErrorWatch
  readonly lanes: LaneChunks
  readonly shareViews: ShareViews
  readonly rounds = new Rounds()
  readonly turns: Turns
  readonly retention: Retention
  readonly reindex: Reindex
  readonly guard: DiskGuard
  readonly damage: DamageNotes
  readonly peers: PeerBook
  readonly addresses: AddressBook
  readonly refusals: RefusalCounter
  readonly owed: OwedWrites
  readonly deps: KeeperDeps
  readonly #news: News
  readonly #stage: DeviceStage
  #closed = false
  /** Peers that have said in this run that they hold more of our consent log than we do. */
  readonly #ahead = new Set<DeviceId>()
  readonly #cutting: Cutting
  readonly #handOver: HandOver
  readonly #housekeeping: Housekeeping
  readonly #cancelLeases: () => void

  /** @throws {StoreError}, {KeeperError} */
  constructor(deps: KeeperDeps, options: KeeperOptions) {
    const { crypto, clock } = deps
    const { keys } = options
    this.deps = deps
    this.damage = new DamageNotes(clock, (part) => {
      // The index is made again by itself, and nothing is lost.
      if (part !== 'index') this.notices.raise('storage.unreadable', {})
    })
    const mustExist = options.newDevice === undefined
    // The store last: what fails before it leaves its write-ahead log as a kill left it.
    const auditDeps = { crypto, clock, bootId: crypto.randomBytes(8) }
    const auditOptions = { path: options.auditFile, key: keys.audit, payloadKey: keys.auditPayload }
    const setAside = options.setAuditAside === true ? setAuditAside(auditDeps, auditOptions) : undefined
    this.audit = openAuditLog(auditDeps, { ...auditOptions, mustExist: mustExist && setAside === undefined })
    this.store = inFile('store.db', () => openStore(options.storeFile, keys.store, { mustExist }))
    this.notices = new Notices({
      clock,
      localMinute,
      table: this.store.notifications,
      settings: this.store.settings,
      counters: this.store.counters,
      later: this.rounds.later,
      tell: (told) => deps.onTold?.(told),
      onFailure: (err) => this.#fail(err),
    })
    const self = toDeviceId(crypto.ed25519PublicKey(keys.device)) as DeviceId
    this.#news = new News({
      self,
      notices: this.notices,
      settings: this.store.settings,
      members: () => this.members,
    })
    this.vouching = new Vouching(this.store, this.audit)
    this.guard = new DiskGuard({
      clock,
      reserve: new ReserveFile(join(dirname(options.storeFile), 'reserve'), crypto),
      record: (type, payload) => this.ledger.append(diskChanged(this.card, type, payload)),
      onChange: (isFull) => this.#diskChanged(isFull),
      onFailure: (err) => this.#fail(err),
    })
    this.owed = new OwedWrites({
      clock,
      onFailure: (err) => this.#fail(err),
      onChange: () => this.#heldOrFreed(),
    })
    this.ledger = auditLedger(
      this.audit,
      this.vouching,
      () => this.owed.settle(),
      (entry) => this.#attempt(() => this.#news.leafWritten(entry)),
    )
    const { settings } = this.store
    for (const [name, value] of Object.entries(options.newDevice ?? {})) settings.set(name, value)
    requireKeyStore(settings.get(SETTING.keyStore), options.keyStore)
    deps.onStage?.(readStage(settings.get(SETTING.stage)))
    this.card = {
      deviceId: self,
      name: settings.get(SETTING.name) as string,
      peerKey: crypto.ed25519PublicKey(keys.peer),
      sealKey: options.sealPublicKey,
    }
    this.liveGrants = new LiveGrants(() => this.consents, self)
    this.#handOver = new HandOver(() => this.consents.handOver())
    this.#answerRollback(setAside)
    this.owed.write(() => this.vouching.begin())
    this.ownerClock = new OwnerClock({
      clock,
      load: () => (settings.get(SETTING.highWater) as number | undefined) ?? 0,
      save: (unixMs) => settings.set(SETTING.highWater, unixMs),
      onFailure: (err) => this.#fail(err),
    })
    const sealer = new SegmentSealer(crypto, keys.device, this.store.epochs)
    const { logs, journal, segments, packs, traces } = this.store
    moveOldSegments(this.store, sealer)
    this.writer = new SegmentWriter({
      transaction: (work) => this.store.transaction(work),
      clock,
      journal,
      logs,
      cutter: new SegmentCutter({ segments, packs, traces, sealer }),
      onFirstOfEpoch: () => this.#handOver.due(),
    })
    this.shareViews = new ShareViews(clock, self, this)
    this.#cutting = new Cutting({
      clock,
      writer: this.writer,
      liveGrants: this.liveGrants,
      connected: () => this.shareViews.connected,
      onCut: () => {
        this.#housekeeping.grew()
        this.announce()
      },
      onFailure: (err) => this.#fail(err),
    })
    this.refusals = new RefusalCounter({
      clock,
      add: (name, count) => this.store.counters.add(name, count),
      onFailure: (err) => this.#fail(err),
    })
    this.tails = new TailHub({ clock, later: this.rounds.later, onFailure: (err) => this.#fail(err) })
    this.errorWatch = new ErrorWatch({
      clock,
      sha256: crypto.sha256,
      table: this.store.errorStates,
      later: this.rounds.later,
      onReturned: (module) => this.notices.raise('error.returned', { module }),
      onFailure: (err) => this.#fail(err),
    })
    const tails = {
      offer: (committed: Committed): void => {
        this.tails.offer(committed)
        this.errorWatch.offer(committed)
      },
    }
    const sharing = makeSharing({
      crypto: { ...crypto, ...nodeHpke },
      clock,
      keys,
      card: this.card,
      store: this.store,
      ledger: this.ledger,
      ownerClock: this.ownerClock,
      writer: this.writer,
      sealer,
      refusals: this.refusals,
      liveGrants: this.liveGrants,
      stage: () => this.stage,
      shareViews: this.shareViews,
      requireRoom: () => this.guard.requireRoom(),
      onKept: () => this.#housekeeping.grew(),
      tails,
      onRefusedOf: (code, owner) => this.refusedOf(code, owner),
      onFailure: (err) => this.#fail(err),
      onRestored: ({ lane, author }, restored) => {
        if (lane === 'metrics') this.metricUpkeep.takeAgain(restored)
        // What came back of ours can be offered again.
        if (author === self) this.announce()
      },
      onView: () => this.#viewChanged(),
    })
    this.peers = sharing.peers
    this.addresses = sharing.addresses
    this.epochs = sharing.epochs
    this.members = sharing.members
    this.#news.membersAre()
    this.consents = sharing.consents
    this.pairing = sharing.pairing
    this.serving = sharing.serving
    this.receiving = sharing.receiving
    this.restoring = sharing.restoring
    const carry = makeCarryPart({
      crypto: { ...crypto, ...nodeHpke },
      clock,
      keys,
      self,
      store: this.store,
      sealer,
      ownerClock: this.ownerClock,
      members: this.members,
      consents: this.consents,
      shareViews: this.shareViews,
      requireRoom: () => this.guard.requireRoom(),
      onDropped: () => {
        this.#housekeeping.reclaim()
        deps.onEvent('records')
      },
      onRefusedOf: (code, owner) => this.refusedOf(code, owner),
    })
    this.manifests = carry.manifests
    this.relaying = carry.relaying
    this.carrying = carry.carrying
    this.intake = new LocalIntake({
      crypto,
      clock,
      store: this.store,
      writer: this.writer,
      epochs: this.epochs,
      self,
      incarnation: toIncarnation(settings.get(SETTING.incarnation) as string) as Incarnation,
      stage: () => this.stage,
      requireOpen: () => this.#requireOpen(),
      onRefused: (err) => this.guard.failed(err),
      onCommit: (didCut) => this.#cutting.committed(didCut),
      later: this.rounds.later,
      tails,
    })
    this.records = new StoredRecords(crypto, this.store, this.writer, sealer)
    this.documents = new StoredDocuments(crypto, this.store, this.writer, sealer)
    this.search = new StoredSearch(crypto, this.store, this.writer, sealer)
    this.lanes = new LaneChunks(crypto, this.store, this.writer, sealer)
    this.turns = new Turns(clock, this.rounds)
    this.metrics = new StoredMetrics(crypto, this.store, this.writer, sealer)
    this.#housekeeping = new Housekeeping({
      clock,
      crypto,
      store: this.store,
      ledger: this.ledger,
      self,
      sealer,
      metrics: this.metrics,
      turns: this.turns,
      later: this.rounds.later,
      damage: this.damage,
      hasEnded: (grantId) => this.shareViews.hasEnded(grantId),
      keepErrors: (log, payload, also) => this.intake.keepErrors(log.module, payload, also),
      onUse: (uses) => this.#news.storageUsed(uses),
      forgetKeys: () => {
        sealer.forgetKeys()
        this.receiving.forgetKeys()
      },
      onChange: () => this.announce(),
      onFailure: (err) => this.#fail(err),
    })
    this.metricUpkeep = this.#housekeeping.metricUpkeep
    this.retention = this.#housekeeping.retention
    this.reindex = this.#housekeeping.reindex
    this.#stage = new DeviceStage(this.store, {
      card: this.card,
      ledger: this.ledger,
      writer: this.writer,
      epochs: this.epochs,
      commitWaiting: () => this.intake.commitWaiting(),
      endGrants: () => this.liveGrants.revoke(() => true),
      drop: (stage) => this.turns.upkeep(() => this.retention.dropAbove(stage)),
      onChange: () => {
        this.tails.wakeAll()
        deps.onEvent('view')
      },
    })
    if (options.newDevice !== undefined) this.ledger.append(deviceCreated(this.card, options.keyStore))
    this.owed.write(() => skipUsedEpochs(this.epochs, this.audit))
    this.#cutting.cutLeftovers()
    this.owed.write(() => void reconcileAtStart(this).catch((err: unknown) => this.#fail(err)))
    this.owed.write(() => this.purgeLapsed())
    this.owed.write(() => void this.carrying.expire())
    this.#cancelLeases = clock.every(LEASE_CHECK_MS, () => {
      this.#attempt(() => this.purgeLapsed())
      this.#attempt(() => this.carrying.expire())
      // Owners that are connected and have nothing new to say are still to be heard of by others.
      this.announce()
    })
    if (this.owed.trouble === undefined) this.#resume()
    this.#housekeeping.start()
    // What is asked for from now on is deleted by whoever asks, who is told how much it was.
    if (this.#stage.hasLeftAbove)
      this.rounds.later(() => void this.dropAbove().catch((err: unknown) => this.#fail(err)))
    this.guard.start()
  }

  get stage(): Stage {
    return this.#stage.now
  }

  view(): ControlView {
    return {
      self: this.card,
      stage: this.stage,
      mesh: this.members.mesh(),
      membership: this.members.current(),
      grants: this.consents.records(),
      ownerNowUnixMs: this.ownerClock.now(),
      held: this.owed.trouble,
      fullSinceUnixMs: this.guard.fullSinceUnixMs,
      alarms: this.vouching.alarms(),
    }
  }

  setConnected(devices: readonly DeviceId[]): void {
    this.shareViews.setConnected(devices)
    this.#cutting.schedule()
  }

  /** @param fate of what was kept above it */
  setStage(to: Stage, fate: KeptFate = 'keep'): Promise<StageChange> {
    return this.#stage.set(to, fate)
  }

  /** Deletes what was kept above the stage, if that was asked for and is not done. @returns undefined if it is not */
  dropAbove(): Promise<DroppedAbove | undefined> {
    return this.#stage.dropAbove()
  }

  /** Deletes what was received under grants whose lease has run out. */
  purgeLapsed(): void {
    const self = this.card.deviceId
    for (const owner of lapsedOwners(this.consents.records(), self, (device) => this.shareViews.of(device))) {
      const { clock } = this.deps
      if (purgeOwner({ clock, store: this.store, ledger: this.ledger, self }, owner) === 0) continue
      // What went may come again: everybody is asked once more.
      this.store.carriers.forgetSeen()
      this.deps.onEvent('view')
      this.#housekeeping.reclaim()
    }
  }

  /** The person knows what was put back or lost: sharing goes on, under the grants that stand. */
  acceptAlarms(): readonly Alarm[] {
    const alarms = this.vouching.alarms()
    if (alarms.length === 0) return []
    this.ledger.append(alarmsAccepted(this.card, alarms))
    this.vouching.accept()
    this.deps.onEvent('view')
    this.#handOver.due()
    this.announce()
    return alarms
  }

  /**
   * A peer that says it holds more of our consent log than we do: then everything here may be an older state. Counted, and
   * no alarm, for nothing proves it: no device may close another one's sharing by a word.
   * @param count entries of our log for it that it says it holds
   */
  notePeerHolds(peer: DeviceId, count: number): void {
    const held = (this.consents.head(this.card.deviceId, peer)?.seq ?? -1) + 1
    if (count <= held || this.#ahead.has(peer)) return
    this.#ahead.add(peer)
    this.refusals.add('sync', 'SYNC_OWNER_BEHIND')
  }

  /** Hands over what is due, then tells the mesh that there is more. */
  announce(): void {
    this.handedOver().then(
      () => this.deps.onEvent('records'),
      (err: unknown) => this.#fail(err),
    )
  }

  /** Resolves when whoever may see what is stored has its keys and names in the log of its own; nothing is offered before. */
  handedOver(): Promise<void> {
    return this.#handOver.done()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.turns.stop()
    this.tails.stop()
    this.#housekeeping.stop()
    this.guard.stop()
    this.#cancelLeases()
    this.owed.stop()
    this.#cutting.stop()
    const { onFailure } = this.deps
    // The journal holds what cannot be cut; nothing that fails keeps the next from being written.
    this.#attempt(() => this.owed.settle(), onFailure)
    this.#attempt(() => this.writer.cut(() => true), onFailure)
    this.#attempt(() => this.retention.noteStored(), onFailure)
    this.#attempt(() => this.peers.flush(), onFailure)
    this.notices.flush()
    this.#attempt(() => this.ownerClock.flush(), onFailure)
    this.#attempt(() => this.refusals.flush(), onFailure)
    this.#attempt(() => this.vouching.end(), onFailure)
    this.store.close()
    this.audit.close()
  }

  /** Gives back the memory that caches took; they fill again with what is asked for. */
  shrink(): void {
    this.store.shrink()
    this.audit.shrink()
  }

  /** A leaf about what has happened, such as a start: written now, or else before anything that comes after it. */
  recordEvent(entry: LedgerEntry): void {
    const happenedUnixMs = Math.floor(this.deps.clock.now())
    this.owed.write(() => {
      const isLate = this.owed.trouble !== undefined
      this.ledger.append(isLate ? { ...entry, payload: { ...entry.payload, happenedUnixMs } } : entry)
    })
  }

  /** Something that a device sent was not taken: counted, and told of if it speaks against the device. */
  refusedOf(code: string, device: DeviceId): void {
    this.refusals.add('sync', code)
    this.peers.noteRefused(device, code)
    this.#news.refused(code, device)
  }

  /** Owners have said something through others: keys, consent, or what is for whom. */
  relayed(): void {
    const { members, consents, card, receiving, store, carrying } = this
    for (const owner of members.current().members.keys()) {
      if (consents.head(owner, card.deviceId) !== undefined) receiving.resume(owner)
    }
    store.carriers.forgetSeen()
    carrying.tidy()
    this.deps.onEvent('records')
  }

  #viewChanged(): void {
    this.#news.membersAre()
    // What consent or membership takes away goes at once, whoever said so.
    const carrying = this.carrying as Carrying | undefined
    carrying?.tidy()
    this.store.carriers.forgetSeen()
    this.deps.onEvent('view')
  }

  #heldOrFreed(): void {
    if (this.#closed) return
    if (this.owed.trouble === undefined) this.#resume()
    this.deps.onEvent('view')
  }

  #attempt(work: () => unknown, onFailure = (err: unknown): void => this.#fail(err)): void {
    try {
      work()
    } catch (err) {
      onFailure(err)
    }
  }

  /** Before anything is served, and before this run writes over the evidence. */
  #answerRollback(setAside: SetAside | undefined): void {
    const { store, audit, vouching, deps, card } = this
    const codes = vouching.findings(setAside !== undefined)
    if (codes.length === 0) return
    this.notices.raise('security.put-back', {})
    answerRollback(
      {
        crypto: deps.crypto,
        store,
        audit,
        vouching,
        self: card.deviceId,
        nowUnixMs: deps.clock.now(),
        setAside,
        settings: SETTING,
      },
      codes,
    )
  }

  /** What a power cut left undone: grants to end, and keys and names that readers were not told yet. */
  #resume(): void {
    this.#handOver.due()
    this.shareViews.endStrayGrants(this.members.current()).then(
      () => this.announce(),
      (err: unknown) => this.#fail(err),
    )
  }

  /** Work that nobody waits for and that a stop overtook is done at the next start. */
  #fail(err: unknown): void {
    if (this.#closed) return
    this.deps.onFailure(this.damage.told(err))
    this.guard.failed(err)
  }

  #requireOpen(): void {
    this.owed.requireSettled()
    this.guard.requireRoom()
  }

  /** What is above its limits may be all it takes to have room again. */
  #diskChanged(isFull: boolean): void {
    if (this.#closed) return
    this.deps.onEvent('view')
    if (!isFull) return
    void this.retention.run()
    this.#housekeeping.reclaim()
  }
}
