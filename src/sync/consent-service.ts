/**
 * Consent in force: grants this device gave and got, as operations in sealed logs, and the keys that follow them.
 *
 * Guarantees: the audit leaf with an operation's hash is durable before the operation; a revocation stops serving before
 * anything else happens, and its batch holds the new epochs and the keys for those who remain before the revoke itself;
 * every key hand-over names the grant it is made under. All changes run one after another.
 */
import type { AuditType } from '../audit/audit-types.ts'
import type { Crypto } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'
import { DEFAULT_LEASE_S, type ConsentOp, type GrantOp, type May, type RevokeOp } from '../model/grant.ts'
import { toGrantId, type DeviceId, type GrantId, type MeshId } from '../model/ids.ts'
import { BASE_PART, type Lane } from '../model/lane.ts'
import type { DeviceCard, Membership } from '../model/membership.ts'
import { describeGrant, noticeHash, type GrantWords } from '../policy/describe-grant.ts'
import { openedScopes, type OpenedScope } from '../policy/opened-scopes.ts'
import { reduceConsent, type ConsentRecord } from '../policy/reduce-consent.ts'
import { consentOpId, decodeConsentOp, encodeConsentOp } from '../wire/consent-op.ts'
import { decodeKeyHandover, type KeyHandover } from '../wire/key-handover.ts'
import type { Epochs, OwnEpoch } from './epochs.ts'
import { planHandover, type Handed, type HandoverPlan, type HandoverStore } from './plan-handover.ts'
import type { Ledger } from './ledger.ts'
import type { OwnerClock } from './owner-clock.ts'
import { openEntry, sealEntries, type ControlHead, type SealedEntry, type SealItem } from './seal-entries.ts'

export interface KeptEntry {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly seq: number
  readonly entryId: Uint8Array
  readonly kind: 'consent' | 'keys'
  readonly bytes: Uint8Array
  readonly opened: Uint8Array | undefined
}
/** A key that was handed to this device, and the logs it was told of with it. */
export interface HandedToUs {
  readonly owner: DeviceId
  readonly handover: KeyHandover
}

export interface ConsentStore extends HandoverStore {
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T
  consentEntries(): readonly KeptEntry[]
  entries(owner: DeviceId, recipient: DeviceId, fromSeq: number): readonly KeptEntry[]
  lastEntry(owner: DeviceId, recipient: DeviceId): KeptEntry | undefined
  insertEntry(entry: KeptEntry): void
  insertHanded(recipient: DeviceId, grantId: GrantId, lane: Lane, n: number, what: string): void
  receiveKeys(handed: HandedToUs): void
  /** Notes the logs a hand-over names; outside a transaction. */
  receiveLogs(handed: HandedToUs): void
}

export interface ConsentDeps {
  readonly crypto: Crypto
  readonly ownerClock: OwnerClock
  readonly self: DeviceId
  readonly deviceSeed: Uint8Array
  readonly sealSecret: Uint8Array
  readonly mesh: () => MeshId
  /** Whether this device is or was in a mesh. */
  readonly isOurMesh: (mesh: MeshId) => boolean
  readonly membership: () => Membership
  /** The card of a device that is or was a member: a removed one is still told that its grants have ended. */
  readonly cardOf: (device: DeviceId) => DeviceCard | undefined
  readonly store: ConsentStore
  readonly epochs: Epochs
  readonly ledger: Ledger
  /** Whether this device's stage lets records leave at all. */
  readonly stageAllowsSharing: () => boolean
  /** Cuts what is open in these lanes, so that it can be served or stays behind in the old epoch. */
  readonly cut: (lanes: readonly Lane[]) => void
  /** Called after every change of what is granted, on either side. */
  readonly onChange: () => void
  /** Something came that counts for nothing, and does not end the session. */
  readonly onRefused: (code: string) => void
}

export interface GrantRequest {
  readonly recipient: DeviceId
  readonly may: May
  readonly lanes: readonly Lane[]
  readonly modules: readonly string[] | undefined
  readonly sinceUnixMs: number
  readonly untilUnixMs: number | undefined
  readonly purpose: string
}
export interface GrantResult {
  readonly grantId: GrantId
  readonly notice: string
}

export type ConsentErrorCode =
  | 'CONSENT_NOT_A_MEMBER'
  | 'CONSENT_SELF'
  | 'CONSENT_WINDOW'
  | 'CONSENT_GRANT_UNKNOWN'
  | 'CONSENT_NOT_OWNER'
  | 'CONSENT_OUTSIDE_GRANT'
export class ConsentError extends MeshError<ConsentErrorCode> {}

export class ConsentService {
  readonly #deps: ConsentDeps
  readonly #ops = new Map<string, ConsentOp>()
  /** Grants whose revocation has been asked for: nothing is served under them while the operation is being written. */
  readonly #fenced = new Set<GrantId>()
  #reduced: readonly ConsentRecord[] | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(deps: ConsentDeps) {
    this.#deps = deps
    for (const entry of deps.store.consentEntries()) this.#remember(entry)
  }

  /** Every grant known, given or got, reduced. A fenced grant counts as revoked already. */
  records(): readonly ConsentRecord[] {
    this.#reduced ??= [...reduceConsent(this.#ops.values()).values()].map((record) =>
      this.#fenced.has(record.grant.grantId)
        ? { ...record, revokedBy: record.revokedBy ?? fence(record.grant) }
        : record,
    )
    return this.#reduced
  }

  /** Grant and revoke operations in the order they were made. */
  history(): readonly ConsentOp[] {
    return [...this.#ops.values()].sort((a, b) => a.atUnixMs - b.atUnixMs)
  }

  /** The plain words a person consents to. */
  describe(request: GrantRequest): string {
    return describeGrant(this.#words(request))
  }

  /** @throws {ConsentError} `CONSENT_NOT_A_MEMBER`, `CONSENT_SELF`, `CONSENT_WINDOW` */
  grant(request: GrantRequest): Promise<GrantResult> {
    return this.#oneAtATime(async () => {
      const { crypto, ownerClock, self } = this.#deps
      this.#requireMember(request.recipient)
      const now = ownerClock.now()
      if (request.untilUnixMs !== undefined && request.untilUnixMs <= Math.max(now, request.sinceUnixMs)) {
        throw new ConsentError('CONSENT_WINDOW', 'the end of a grant lies after its beginning and after now')
      }
      this.#deps.cut(request.lanes)
      const notice = this.describe(request)
      const grantId = toGrantId(crypto.randomBytes(16)) as GrantId
      const plaintext = encodeConsentOp({
        ...request,
        kind: 'grant',
        grantId,
        prev: undefined,
        parts: undefined,
        noticeHash: noticeHash(notice, crypto.sha256),
        leaseS: DEFAULT_LEASE_S,
        atUnixMs: now,
      })
      const opId = consentOpId({ owner: self, recipient: request.recipient }, plaintext, crypto.sha256)
      this.#record('consent.granted', opId, request.recipient, { notice })
      const [entry] = await this.#seal(request.recipient, [{ kind: 'consent', plaintext }])
      // Sealing takes a moment, in which the device may have been removed: its grants have been ended by then.
      this.#requireMember(request.recipient)
      this.#commit([{ entries: [entry as SealedEntry], handed: [] }], [])
      await this.#handOverTo(request.recipient)
      this.#changed()
      return { grantId, notice }
    })
  }

  /**
   * Ends a grant of this device. On return nothing more is served under it, and its lanes have new keys.
   * @throws {ConsentError} `CONSENT_GRANT_UNKNOWN`, `CONSENT_NOT_OWNER`
   */
  revoke(grantId: GrantId): Promise<void> {
    const grant = this.#ownGrant(grantId)
    if (this.#isRevoked(grantId)) return Promise.resolve()
    this.#fenced.add(grantId)
    this.#changed()
    return this.#oneAtATime(async () => {
      if (!this.#isRevoked(grantId)) await this.#revokeNow(grant)
    })
  }

  /** Hands over what live grants open and their recipients do not have yet: keys of new epochs, names of new logs. */
  handOver(): Promise<void> {
    return this.#oneAtATime(async () => {
      for (const recipient of this.#liveRecipients()) await this.#handOverTo(recipient)
    })
  }

  /** Head of a log between this device and a peer. */
  head(owner: DeviceId, recipient: DeviceId): ControlHead {
    return this.#deps.store.lastEntry(owner, recipient)
  }

  /** Entries of our log for a peer, from a place on, as they travel. */
  entriesFor(recipient: DeviceId, fromSeq: number): readonly Uint8Array[] {
    return this.#deps.store.entries(this.#deps.self, recipient, fromSeq).map(({ bytes }) => bytes)
  }

  /**
   * Takes the next entries of an owner's log for us.
   * @returns whether anything was new
   * @throws {ControlLogError}, {ControlError}, {WireError}, {ConsentError}: the entries before the bad one are kept
   */
  receive(owner: DeviceId, entries: readonly Uint8Array[]): Promise<boolean> {
    return this.#oneAtATime(async () => {
      let isNew = false
      try {
        for (const bytes of entries) isNew = (await this.#receiveOne(owner, bytes)) || isNew
      } finally {
        if (isNew) this.#changed()
      }
      return isNew
    })
  }

  async #receiveOne(owner: DeviceId, bytes: Uint8Array): Promise<boolean> {
    const { crypto, sealSecret, self, isOurMesh } = this.#deps
    const log = { isOurMesh, owner, recipient: self }
    const opened = await openEntry(crypto, log, sealSecret, this.head(owner, self), bytes)
    if (opened === 'known') return false
    if (opened.entry.kind === 'consent') this.#receiveConsent(owner, opened)
    else this.#receiveKeys(owner, opened)
    return true
  }

  #receiveConsent(owner: DeviceId, sealed: SealedEntry): void {
    const { self, crypto, store } = this.#deps
    const op = decodeConsentOp(sealed.plaintext, { owner, recipient: self }, crypto.sha256)
    this.#record(op.kind === 'grant' ? 'consent.received' : 'consent.withdrawn', op.opId, owner, {}, 'peer')
    const entry = toKept(sealed)
    store.transaction(() => store.insertEntry(entry))
    this.#remember(entry)
  }

  /**
   * Keys count only under a grant of that owner, and only for what the grant names. Those that come under one that has
   * ended, or that says more than this version understands, are left sealed: the log goes on without them.
   */
  #receiveKeys(owner: DeviceId, sealed: SealedEntry): void {
    const { store } = this.#deps
    const handover = decodeKeyHandover(sealed.plaintext)
    const record = this.records().find(({ grant: { grantId } }) => grantId === handover.grantId)
    const grant = record?.grant
    const opId = sealed.entry.kind === 'keys' ? sealed.entry.opId : undefined
    if (grant === undefined || grant.owner !== owner || grant.opId !== opId || !isWithin(grant, handover)) {
      throw new ConsentError('CONSENT_OUTSIDE_GRANT', 'a key was handed over that no grant of its owner names')
    }
    if (record?.revokedBy !== undefined || record?.void !== undefined) {
      this.#deps.onRefused('CONSENT_GRANT_ENDED')
      return store.transaction(() => store.insertEntry(toKept(sealed)))
    }
    this.#record('key.received', grant.opId, owner, { lane: handover.lane, epoch: handover.epoch }, 'peer')
    store.receiveLogs({ owner, handover })
    store.transaction(() => {
      store.insertEntry(toKept(sealed))
      store.receiveKeys({ owner, handover })
    })
  }

  async #revokeNow(grant: GrantOp): Promise<void> {
    const { crypto, self, ownerClock, epochs, cut } = this.#deps
    const plaintext = encodeConsentOp({
      kind: 'revoke',
      grantId: grant.grantId,
      prev: grant.opId,
      atUnixMs: ownerClock.now(),
    })
    const opId = consentOpId({ owner: self, recipient: grant.recipient }, plaintext, crypto.sha256)
    this.#record('consent.revoked', opId, grant.recipient, {})
    cut(grant.lanes)
    const revoke: SealItem = { kind: 'consent', plaintext }
    for (let isWritten = false; !isWritten;) {
      const next = grant.lanes.map((lane) => epochs.prepare(lane))
      const batch = await this.#sealRotation(grant.recipient, revoke, next)
      isWritten = next.every((epoch) => epochs.isNext(epoch))
      if (!isWritten) continue
      for (const epoch of next) epochs.record(epoch)
      this.#commit(batch, next)
    }
    this.#fenced.delete(grant.grantId)
    this.#changed()
  }

  /** The keys of new epochs for whoever still may see them, then the revoke that made them needed. */
  async #sealRotation(
    recipient: DeviceId,
    revoke: SealItem,
    next: readonly OwnEpoch[],
  ): Promise<readonly SealedBatch[]> {
    const batch: SealedBatch[] = []
    for (const remaining of this.#liveRecipients()) {
      // The revoked recipient may hold another live grant: its entries are sealed below, in one chain with the revoke.
      if (remaining === recipient) continue
      const { items, handed } = this.#planHandover(remaining, next)
      batch.push({ entries: await this.#seal(remaining, items), handed })
    }
    const own = this.#planHandover(recipient, next)
    return [...batch, { entries: await this.#seal(recipient, [...own.items, revoke]), handed: own.handed }]
  }

  #commit(batch: readonly SealedBatch[], next: readonly OwnEpoch[]): void {
    const { store, epochs } = this.#deps
    store.transaction(() => {
      for (const epoch of next) epochs.commit(epoch)
      for (const { entries, handed } of batch) this.#keep(entries, handed)
    })
    for (const { entries } of batch) for (const entry of entries) this.#remember(toKept(entry))
  }

  async #handOverTo(recipient: DeviceId): Promise<void> {
    const { items, handed } = this.#planHandover(recipient, [])
    if (items.length === 0) return
    const entries = await this.#seal(recipient, items)
    this.#deps.store.transaction(() => this.#keep(entries, handed))
  }

  #keep(entries: readonly SealedEntry[], handed: readonly Handed[]): void {
    const { store } = this.#deps
    for (const entry of entries) store.insertEntry(toKept(entry))
    for (const { recipient, grantId, lane, n, what } of handed) store.insertHanded(recipient, grantId, lane, n, what)
  }

  async #seal(recipient: DeviceId, items: readonly SealItem[]): Promise<readonly SealedEntry[]> {
    const { crypto, self, mesh, deviceSeed, cardOf, ledger } = this.#deps
    const card = cardOf(recipient)
    if (items.length === 0) return []
    if (card === undefined) throw new ConsentError('CONSENT_NOT_A_MEMBER', 'nothing is known of this device')
    for (const item of items) {
      if (item.kind === 'keys') {
        ledger.append({
          type: 'key.wrapped',
          outcome: 'success',
          actor: { kind: 'device', ref: self },
          object: { kind: 'consent', ref: item.opId },
        })
      }
    }
    const keys = { ownerSeed: deviceSeed, recipientSealKey: card.sealKey }
    return sealEntries(crypto, { mesh: mesh(), owner: self, recipient }, keys, this.head(self, recipient), items)
  }

  #planHandover(recipient: DeviceId, next: readonly OwnEpoch[]): HandoverPlan {
    const { crypto, store } = this.#deps
    return planHandover({ crypto, store }, recipient, this.#scopes(recipient), next)
  }

  #scopes(recipient: DeviceId): readonly OpenedScope[] {
    const { membership, ownerClock, stageAllowsSharing, self } = this.#deps
    const view = {
      membership: membership(),
      grants: this.records(),
      stageAllowsSharing: stageAllowsSharing(),
      nowUnixMs: ownerClock.now(),
    }
    return openedScopes(view, self, recipient)
  }

  #liveRecipients(): readonly DeviceId[] {
    return [...this.#deps.membership().members.keys()].filter((device) => this.#scopes(device).length > 0)
  }

  /** Whether the operation that ends a grant is written: a fence alone is gone with the next start. */
  #isRevoked(grantId: GrantId): boolean {
    const { self } = this.#deps
    return [...this.#ops.values()].some((op) => op.kind === 'revoke' && op.grantId === grantId && op.owner === self)
  }

  #find(grantId: GrantId): GrantOp | undefined {
    return this.records().find(({ grant }) => grant.grantId === grantId)?.grant
  }

  #ownGrant(grantId: GrantId): GrantOp {
    const grant = this.#find(grantId)
    if (grant === undefined) throw new ConsentError('CONSENT_GRANT_UNKNOWN', 'there is no such grant')
    if (grant.owner !== this.#deps.self) throw new ConsentError('CONSENT_NOT_OWNER', 'only its owner ends a grant')
    return grant
  }

  #requireMember(recipient: DeviceId): void {
    if (recipient === this.#deps.self) throw new ConsentError('CONSENT_SELF', 'a device sees its own records anyway')
    if (!this.#deps.membership().members.has(recipient)) {
      throw new ConsentError('CONSENT_NOT_A_MEMBER', 'consent is given to paired devices only')
    }
  }

  #words(request: GrantRequest): GrantWords {
    const { membership, self } = this.#deps
    const nameOf = (device: DeviceId): string => membership().members.get(device)?.card.name ?? device.slice(0, 8)
    return { ...request, ownerName: nameOf(self), recipientName: nameOf(request.recipient) }
  }

  #record(
    type: AuditType,
    opId: string,
    peer: DeviceId,
    payload: Record<string, unknown>,
    actor: 'user' | 'peer' = 'user',
  ): void {
    this.#deps.ledger.append({
      type,
      outcome: 'success',
      actor: { kind: actor, ref: actor === 'user' ? this.#deps.self : peer },
      object: { kind: 'consent', ref: opId },
      payload: { ...payload, peer },
    })
  }

  #remember({ owner, recipient, kind, opened }: KeptEntry): void {
    if (kind !== 'consent' || opened === undefined) return
    const op = decodeConsentOp(opened, { owner, recipient }, this.#deps.crypto.sha256)
    this.#ops.set(op.opId, op)
    this.#reduced = undefined
  }

  #changed(): void {
    this.#reduced = undefined
    this.#deps.onChange()
  }

  /** Runs after everything asked for before it; a failure is the caller's and holds nobody else up. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }
}

interface SealedBatch {
  readonly entries: readonly SealedEntry[]
  readonly handed: readonly Handed[]
}

/** Stands for the revoke operation until that is written. */
function fence({ grantId, opId, owner, recipient, atUnixMs }: GrantOp): RevokeOp {
  return { kind: 'revoke', grantId, opId, prev: opId, owner, recipient, atUnixMs }
}

function isWithin(grant: GrantOp, handover: KeyHandover): boolean {
  const isForPart = handover.logs.every(({ part }) => grant.parts?.includes(part) ?? part === BASE_PART)
  const modules = [...(handover.modules ?? []), ...handover.logs].map(({ module }) => module)
  const areNamed =
    grant.modules === undefined || (handover.laneKey === undefined && modules.every((m) => grant.modules?.includes(m)))
  return grant.may === 'see' && grant.lanes.includes(handover.lane) && isForPart && areNamed
}

function toKept({ entry, entryId, bytes, plaintext }: SealedEntry): KeptEntry {
  const { owner, recipient, seq, kind } = entry
  return { owner, recipient, seq, entryId, kind, bytes, opened: plaintext }
}
