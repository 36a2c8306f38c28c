/**
 * Consent in force: grants this device gave and got, as operations in sealed logs, and the keys that follow them.
 *
 * Guarantees: the audit leaf with an operation's hash is durable before the operation; a revocation stops serving before
 * anything else happens, and its batch holds the new epochs and the keys for those who remain before the revoke itself;
 * every key hand-over names the grant it is made under. All changes run one after another.
 */
import { DEFAULT_LEASE_S, type ConsentOp, type GrantOp, type May } from '../model/grant.ts'
import { toGrantId, type DeviceId, type GrantId, type MeshId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { DeviceCard, Membership } from '../model/membership.ts'
import { isFromBeforeRemoval, type GrantStanding } from '../policy/decide-share.ts'
import { describeGrant, noticeHash, type GrantWords } from '../policy/describe-grant.ts'
import { openedScopes, type OpenedScope } from '../policy/opened-scopes.ts'
import type { ConsentRecord } from '../policy/reduce-consent.ts'
import { sameGrant, standingGrants, type GrantTerms } from '../policy/standing-grants.ts'
import { consentOpId, encodeConsentOp } from '../wire/consent-op.ts'
import { ConsentBook } from './consent-book.ts'
import { ConsentInbox, type ConsentInboxDeps } from './consent-inbox.ts'
import { ConsentError } from './consent-error.ts'
import { toKept } from './consent-store.ts'
import type { Epochs, OwnEpoch } from './epochs.ts'
import { planHandover, type Handed, type HandoverPlan } from './plan-handover.ts'
import type { OwnerClock } from './owner-clock.ts'
import { sealEntries, type ControlHead, type SealedEntry, type SealItem } from './seal-entries.ts'

export interface ConsentDeps extends ConsentInboxDeps {
  readonly ownerClock: OwnerClock
  readonly deviceSeed: Uint8Array
  readonly mesh: () => MeshId
  readonly membership: () => Membership
  /** The card of a device that is or was a member: a removed one is still told that its grants have ended. */
  readonly cardOf: (device: DeviceId) => DeviceCard | undefined
  readonly epochs: Epochs
  /** Whether this device's stage lets records leave at all. */
  readonly stageAllowsSharing: () => boolean
  /** Cuts what is open in these lanes, so that it can be served or stays behind in the old epoch. */
  readonly cut: (lanes: readonly Lane[]) => void
  /** Called after every change of what is granted, on either side. */
  readonly onChange: () => void
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
  /** The words that were consented to, now or when the grant was made. */
  readonly notice: string
  /** Whether this very grant stood already, so that none was made. */
  readonly existing: boolean
}

export class ConsentService {
  readonly #deps: ConsentDeps
  readonly #book: ConsentBook
  readonly #inbox: ConsentInbox
  #queue: Promise<unknown> = Promise.resolve()

  constructor(deps: ConsentDeps) {
    this.#deps = deps
    this.#book = new ConsentBook(deps, deps.store.consentEntries())
    this.#inbox = new ConsentInbox(deps, this.#book)
  }

  /** Every grant known, given or got, reduced. A fenced grant counts as revoked already. */
  records(): readonly ConsentRecord[] {
    return this.#book.records()
  }

  /** Grant and revoke operations in the order they were made. */
  history(): readonly ConsentOp[] {
    return this.#book.history()
  }

  /**
   * Lets a member see records; a grant that stands already and says the same is not given twice.
   * @throws {ConsentError} `CONSENT_NOT_A_MEMBER`, `CONSENT_SELF`, `CONSENT_WINDOW`
   */
  grant(request: GrantRequest): Promise<GrantResult> {
    return this.#oneAtATime(async () => {
      const standing = this.#standingWith(request.recipient)
      const nowUnixMs = this.#deps.ownerClock.now()
      if (request.untilUnixMs !== undefined && request.untilUnixMs <= Math.max(nowUnixMs, request.sinceUnixMs)) {
        throw new ConsentError('CONSENT_WINDOW', 'the end of a grant lies after its beginning and after now')
      }
      const terms = { ...request, owner: this.#deps.self, parts: undefined }
      const existing = sameGrant(this.#unended(), terms, { nowUnixMs })
      if (existing === undefined) return this.#grantNow({ ...terms, ...standing }, nowUnixMs)
      return { grantId: existing.grantId, notice: describeGrant(this.#words(existing)), existing: true }
    })
  }

  /**
   * Ends a grant of this device. On return nothing more is served under it, and its lanes have new keys.
   * @throws {ConsentError} `CONSENT_GRANT_UNKNOWN`, `CONSENT_NOT_OWNER`
   */
  revoke(grantId: GrantId): Promise<void> {
    const grant = this.#ownGrant(grantId)
    if (this.#book.isRevoked(grantId)) return Promise.resolve()
    this.#book.fence(grantId)
    return this.#oneAtATime(async () => {
      if (!this.#book.isRevoked(grantId)) await this.#revokeNow(grant)
    })
  }

  /** Ends every grant to a device that stands, those that are being written too. @returns which these were */
  revokeAllTo(recipient: DeviceId): Promise<readonly GrantId[]> {
    const fenced = this.standingTo(recipient)
    for (const { grantId } of fenced) this.#book.fence(grantId)
    return this.#oneAtATime(async () => {
      const written = this.standingTo(recipient)
      for (const { grantId } of written) this.#book.fence(grantId)
      const grants = [...fenced, ...written]
      for (const grant of grants) if (!this.#book.isRevoked(grant.grantId)) await this.#revokeNow(grant)
      return grants.map(({ grantId }) => grantId)
    })
  }

  /** Grants of this device to another that are in force, or will be. */
  standingTo(recipient: DeviceId): readonly GrantOp[] {
    const { self, ownerClock } = this.#deps
    return standingGrants(this.records(), { owner: self, recipient }, { nowUnixMs: ownerClock.now() })
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
        for (const bytes of entries) isNew = (await this.#inbox.take(owner, bytes)) || isNew
      } finally {
        if (isNew) this.#book.changed()
      }
      return isNew
    })
  }

  async #grantNow(terms: GrantTerms & GrantStanding, atUnixMs: number): Promise<GrantResult> {
    const { crypto, self } = this.#deps
    const { recipient, lanes } = terms
    this.#deps.cut(lanes)
    const notice = describeGrant(this.#words({ ...terms, atUnixMs }))
    const grantId = toGrantId(crypto.randomBytes(16)) as GrantId
    const plaintext = encodeConsentOp({
      ...terms,
      kind: 'grant',
      grantId,
      prev: undefined,
      noticeHash: noticeHash(notice, crypto.sha256),
      leaseS: DEFAULT_LEASE_S,
      atUnixMs,
    })
    const opId = consentOpId({ owner: self, recipient }, plaintext, crypto.sha256)
    this.#record('consent.granted', opId, recipient, { notice })
    const [entry] = await this.#seal(recipient, [{ kind: 'consent', plaintext }])
    // Sealing takes a moment, in which the device may have been removed: its grants have been ended by then.
    if (isFromBeforeRemoval(terms, this.#deps.membership())) {
      throw new ConsentError('CONSENT_NOT_A_MEMBER', 'the device was removed while consent was being given')
    }
    this.#commit([{ entries: [entry as SealedEntry], handed: [] }], [])
    await this.#handOverTo(recipient)
    this.#book.changed()
    return { grantId, notice, existing: false }
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
    this.#record('consent.revoked', opId, grant.recipient, { grantId: grant.grantId })
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
    this.#book.unfence(grant.grantId)
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
    for (const { entries } of batch) for (const entry of entries) this.#book.remember(toKept(entry))
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

  #ownGrant(grantId: GrantId): GrantOp {
    const grant = this.#book.find(grantId)
    if (grant === undefined) throw new ConsentError('CONSENT_GRANT_UNKNOWN', 'there is no such grant')
    if (grant.owner !== this.#deps.self) throw new ConsentError('CONSENT_NOT_OWNER', 'only its owner ends a grant')
    return grant
  }

  /** Without those that a removal has ended and whose revocation is still to be written. */
  #unended(): readonly ConsentRecord[] {
    const membership = this.#deps.membership()
    return this.records().filter(({ grant }) => !isFromBeforeRemoval(grant, membership))
  }

  /** What makes both members now: a grant rests on it. @throws {ConsentError} */
  #standingWith(recipient: DeviceId): Pick<GrantOp, 'ownerSince' | 'recipientSince'> {
    const { self, membership } = this.#deps
    const { members } = membership()
    const [owner, other] = [members.get(self), members.get(recipient)]
    if (recipient === self) throw new ConsentError('CONSENT_SELF', 'a device sees its own records anyway')
    if (owner === undefined) {
      throw new ConsentError(
        'CONSENT_NOT_A_MEMBER',
        'this device was removed from its mesh: it has nobody to consent to',
      )
    }
    if (other === undefined) {
      throw new ConsentError('CONSENT_NOT_A_MEMBER', 'consent is given to paired devices only')
    }
    return { ownerSince: owner.since, recipientSince: other.since }
  }

  #words(terms: GrantTerms & Pick<GrantOp, 'atUnixMs'>): GrantWords {
    const { membership } = this.#deps
    const nameOf = (device: DeviceId): string => membership().members.get(device)?.card.name ?? device.slice(0, 8)
    return { ...terms, ownerName: nameOf(terms.owner), recipientName: nameOf(terms.recipient) }
  }

  #record(type: 'consent.granted' | 'consent.revoked', opId: string, peer: DeviceId, payload: object): void {
    const { ledger, self } = this.#deps
    ledger.append({
      type,
      outcome: 'success',
      actor: { kind: 'user', ref: self },
      object: { kind: 'consent', ref: opId },
      payload: { ...payload, peer },
    })
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
