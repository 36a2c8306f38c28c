/**
 * Consent: what an owner lets one device do with its records, as signed operations.
 * Layout on the wire: docs/spec/control.md and src/wire/consent-op.ts.
 */
import type { DeviceId, GrantId, OpId } from './ids.ts'
import type { Lane } from './lane.ts'

export const MAYS = ['see', 'carry'] as const
export type May = (typeof MAYS)[number]

/** Longest purpose, in UTF-8 bytes: one sentence. */
export const MAX_PURPOSE_BYTES = 256
/** Most module names in one grant. */
export const MAX_GRANT_MODULES = 64
/** Time without word from the owner after which a recipient treats a grant as lapsed, in seconds: seven days. */
export const DEFAULT_LEASE_S = 604_800

interface ConsentOpBase {
  readonly opId: OpId
  readonly grantId: GrantId
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly atUnixMs: number
}

export interface GrantOp extends ConsentOpBase {
  readonly kind: 'grant'
  /** The operation this one replaces: the revoke of an earlier grant it knowingly follows, or none. */
  readonly prev: OpId | undefined
  /** The operation that had made the owner a member when it consented: the grant ends with that membership. */
  readonly ownerSince: OpId
  /** The same of the recipient: taken in again after a removal, it begins without grants. */
  readonly recipientSince: OpId
  readonly may: May
  readonly lanes: readonly Lane[]
  /** Module names, or undefined for every module, also those to come. */
  readonly modules: readonly string[] | undefined
  /** Parts, or undefined for every part. */
  readonly parts: readonly string[] | undefined
  /** Epochs that started before this time (Unix ms, owner's clock) stay closed; 0 opens all that is kept. */
  readonly sinceUnixMs: number
  /** Nothing admitted at or after this time (owner's clock) is opened; undefined is until revoked. */
  readonly untilUnixMs: number | undefined
  readonly purpose: string
  /** SHA-256 of the plain words the owner was shown when consenting. */
  readonly noticeHash: Uint8Array
  readonly leaseS: number
  /** True when the operation carries a critical field this version does not know: it then grants nothing. */
  readonly unknownCritical: boolean
}

export interface RevokeOp extends ConsentOpBase {
  readonly kind: 'revoke'
  /** The grant operation that ends here. */
  readonly prev: OpId
}

export type ConsentOp = GrantOp | RevokeOp

export type GrantState = 'active' | 'scheduled' | 'expired' | 'revoked' | 'lapsed' | 'void'
