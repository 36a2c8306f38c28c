/**
 * Takes the entries of an owner's log for this device: its operations count from then on, its keys open what the grants
 * they name let us see. The caller sees to it that entries are taken one after another.
 */
import type { Crypto, Hpke } from '../base/crypto.ts'
import type { AuditType } from '../audit/audit-types.ts'
import type { GrantOp } from '../model/grant.ts'
import type { DeviceId, MeshId } from '../model/ids.ts'
import { BASE_PART } from '../model/lane.ts'
import { decodeConsentOp } from '../wire/consent-op.ts'
import { decodeKeyHandover, type KeyHandover } from '../wire/key-handover.ts'
import { ConsentError } from './consent-error.ts'
import type { ConsentBook } from './consent-book.ts'
import { toKept, type ConsentStore } from './consent-store.ts'
import type { Ledger } from './ledger.ts'
import { openEntry, type SealedEntry } from './seal-entries.ts'

export interface ConsentInboxDeps {
  readonly crypto: Crypto & Hpke
  readonly self: DeviceId
  readonly sealSecret: Uint8Array
  /** Whether this device is or was in a mesh. */
  readonly isOurMesh: (mesh: MeshId) => boolean
  readonly store: ConsentStore
  readonly ledger: Ledger
  /** Something came that counts for nothing, and does not end the session. */
  readonly onRefused: (code: string) => void
}

export class ConsentInbox {
  readonly #deps: ConsentInboxDeps
  readonly #book: ConsentBook

  constructor(deps: ConsentInboxDeps, book: ConsentBook) {
    this.#deps = deps
    this.#book = book
  }

  /**
   * @returns whether it was new
   * @throws {ControlLogError}, {ControlError}, {WireError}, {ConsentError}: the entry is not kept
   */
  async take(owner: DeviceId, bytes: Uint8Array): Promise<boolean> {
    const { crypto, sealSecret, self, isOurMesh, store } = this.#deps
    const log = { isOurMesh, owner, recipient: self }
    const opened = await openEntry(crypto, log, sealSecret, store.lastEntry(owner, self), bytes)
    if (opened === 'known') return false
    if (opened.entry.kind === 'consent') this.#receiveConsent(owner, opened)
    else this.#receiveKeys(owner, opened)
    return true
  }

  #receiveConsent(owner: DeviceId, sealed: SealedEntry): void {
    const { self, crypto, store } = this.#deps
    const op = decodeConsentOp(sealed.plaintext, { owner, recipient: self }, crypto.sha256)
    this.#record(op.kind === 'grant' ? 'consent.received' : 'consent.withdrawn', op.opId, owner, {})
    const entry = toKept(sealed)
    store.transaction(() => store.insertEntry(entry))
    this.#book.remember(entry)
  }

  /**
   * Keys count only under a grant of that owner, and only for what the grant names. Those that come under one that has
   * ended, or that says more than this version understands, are left sealed: the log goes on without them.
   */
  #receiveKeys(owner: DeviceId, sealed: SealedEntry): void {
    const { store } = this.#deps
    const handover = decodeKeyHandover(sealed.plaintext)
    const record = this.#book.records().find(({ grant: { grantId } }) => grantId === handover.grantId)
    const grant = record?.grant
    const opId = sealed.entry.kind === 'keys' ? sealed.entry.opId : undefined
    if (grant === undefined || grant.owner !== owner || grant.opId !== opId || !isWithin(grant, handover)) {
      throw new ConsentError('CONSENT_OUTSIDE_GRANT', 'a key was handed over that no grant of its owner names')
    }
    if (record?.revokedBy !== undefined || record?.void !== undefined) {
      this.#deps.onRefused('CONSENT_GRANT_ENDED')
      return store.transaction(() => store.insertEntry(toKept(sealed)))
    }
    this.#record('key.received', grant.opId, owner, { lane: handover.lane, epoch: handover.epoch })
    store.receiveLogs({ owner, handover })
    store.transaction(() => {
      store.insertEntry(toKept(sealed))
      store.receiveKeys({ owner, handover })
    })
  }

  #record(type: AuditType, opId: string, owner: DeviceId, payload: object): void {
    this.#deps.ledger.append({
      type,
      outcome: 'success',
      actor: { kind: 'peer', ref: owner },
      object: { kind: 'consent', ref: opId },
      payload: { ...payload, peer: owner },
    })
  }
}

function isWithin(grant: GrantOp, handover: KeyHandover): boolean {
  const isForPart = handover.logs.every(({ part }) => grant.parts?.includes(part) ?? part === BASE_PART)
  const modules = [...(handover.modules ?? []), ...handover.logs].map(({ module }) => module)
  const areNamed =
    grant.modules === undefined || (handover.laneKey === undefined && modules.every((m) => grant.modules?.includes(m)))
  return grant.may === 'see' && grant.lanes.includes(handover.lane) && isForPart && areNamed
}
