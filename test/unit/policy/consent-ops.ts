/** Consent operations by short names, for tables; A is the owner and B the recipient unless said otherwise. */
import { utf8 } from '../../../src/base/bytes.ts'
import type { GrantOp, RevokeOp } from '../../../src/model/grant.ts'
import { toGrantId, type DeviceId, type GrantId, type OpId } from '../../../src/model/ids.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { reduceConsent, type ConsentRecord } from '../../../src/policy/reduce-consent.ts'
import { device, nameOf, opId } from './membership-ops.ts'

export const grantId = (name: string): GrantId =>
  toGrantId(nodeCrypto.sha256(utf8(`grant ${name}`)).slice(0, 16)) as GrantId

/** What makes a device a member in `meshOf`. */
const since = (id: DeviceId): OpId => opId(nameOf(id) === 'A' ? 'found' : `add ${nameOf(id)}`)

export const grant = (name: string, terms: Partial<GrantOp> = {}): GrantOp => ({
  kind: 'grant',
  opId: opId(`grant op ${name}`),
  grantId: grantId(name),
  owner: device('A'),
  recipient: device('B'),
  atUnixMs: 0,
  prev: undefined,
  ownerSince: since(terms.owner ?? device('A')),
  recipientSince: since(terms.recipient ?? device('B')),
  may: 'see',
  lanes: ['traces', 'logs'],
  modules: undefined,
  parts: undefined,
  sinceUnixMs: 0,
  untilUnixMs: undefined,
  purpose: 'to find out why it is slow',
  noticeHash: new Uint8Array(32),
  leaseS: 604_800,
  unknownCritical: false,
  ...terms,
})

export const revoke = (name: string, terms: Partial<RevokeOp> = {}): RevokeOp => ({
  kind: 'revoke',
  opId: opId(`revoke op ${name}`),
  grantId: grantId(name),
  owner: device('A'),
  recipient: device('B'),
  atUnixMs: 1,
  prev: opId(`grant op ${name}`),
  ...terms,
})

export const recordsOf = (...ops: (GrantOp | RevokeOp)[]): ConsentRecord[] => [...reduceConsent(ops).values()]
