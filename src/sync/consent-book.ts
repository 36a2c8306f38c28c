/**
 * Which consent there is, given or got: the operations of every log of this device, reduced. Holds no keys and decides
 * nothing; the policy does, on {@link ConsentBook.records}.
 */
import type { Crypto } from '../base/crypto.ts'
import type { ConsentOp, GrantOp, RevokeOp } from '../model/grant.ts'
import type { DeviceId, GrantId } from '../model/ids.ts'
import { reduceConsent, type ConsentRecord } from '../policy/reduce-consent.ts'
import { decodeConsentOp } from '../wire/consent-op.ts'
import type { KeptEntry } from './consent-store.ts'

export interface ConsentBookDeps {
  readonly crypto: Pick<Crypto, 'sha256'>
  readonly self: DeviceId
  readonly onChange: () => void
}

export class ConsentBook {
  readonly #deps: ConsentBookDeps
  readonly #ops = new Map<string, ConsentOp>()
  /** Grants whose revocation has been asked for: nothing is served under them while the operation is being written. */
  readonly #fenced = new Set<GrantId>()
  #reduced: readonly ConsentRecord[] | undefined

  constructor(deps: ConsentBookDeps, entries: Iterable<KeptEntry>) {
    this.#deps = deps
    for (const entry of entries) this.remember(entry)
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

  find(grantId: GrantId): GrantOp | undefined {
    return this.records().find(({ grant }) => grant.grantId === grantId)?.grant
  }

  /** Whether the operation that ends a grant is written: a fence alone is gone with the next start. */
  isRevoked(grantId: GrantId): boolean {
    const { self } = this.#deps
    return [...this.#ops.values()].some((op) => op.kind === 'revoke' && op.grantId === grantId && op.owner === self)
  }

  /** From now on the grant counts as revoked, whatever is written when. */
  fence(grantId: GrantId): void {
    this.#fenced.add(grantId)
    this.changed()
  }

  /** The revocation is written, and holds by itself. */
  unfence(grantId: GrantId): void {
    this.#fenced.delete(grantId)
    this.changed()
  }

  /** Counts an entry that is kept, without telling anybody yet. */
  remember({ owner, recipient, kind, opened }: KeptEntry): void {
    if (kind !== 'consent' || opened === undefined) return
    const op = decodeConsentOp(opened, { owner, recipient }, this.#deps.crypto.sha256)
    this.#ops.set(op.opId, op)
    this.#reduced = undefined
  }

  changed(): void {
    this.#reduced = undefined
    this.#deps.onChange()
  }
}

/** Stands for the revoke operation until that is written. */
function fence({ grantId, opId, owner, recipient, atUnixMs }: GrantOp): RevokeOp {
  return { kind: 'revoke', grantId, opId, prev: opId, owner, recipient, atUnixMs }
}
