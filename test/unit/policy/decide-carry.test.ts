import { describe, expect, test } from 'vitest'
import type { ConsentOp, GrantOp } from '../../../src/model/grant.ts'
import { carryStanding, mayCarry, type CarryRequest, type CarryStanding } from '../../../src/policy/decide-carry.ts'
import { decideShare, type ShareView } from '../../../src/policy/decide-share.ts'
import { reduceMembership } from '../../../src/policy/reduce-membership.ts'
import { grant, recordsOf, revoke } from './consent-ops.ts'
import { add, device, meshOf, MESH, remove } from './membership-ops.ts'

/** A is the owner, B the reader, C the carrier. */
const NOW = 1000
const { ops: memberOps, head } = meshOf('B', 'C')
const members = reduceMembership(memberOps, MESH)
const without = (name: string) => reduceMembership([...memberOps, remove('r', 'A', name, [head])], MESH)
const again = (name: string) =>
  reduceMembership([...memberOps, remove('r', 'A', name, [head]), add('again', 'A', name, ['r'])], MESH)
const see = grant('see')
const carry = (terms: Partial<GrantOp> = {}): GrantOp =>
  grant('carry', { recipient: device('C'), may: 'carry', ...terms })
const carryRevoked = revoke('carry', { recipient: device('C') })
const view = (grants: ConsentOp[], more: Partial<ShareView> = {}): ShareView => ({
  membership: members,
  grants: recordsOf(...grants),
  nowUnixMs: NOW,
  stageAllowsSharing: true,
  ...more,
})
const request = (more: Partial<CarryRequest> = {}): CarryRequest => ({
  owner: device('A'),
  recipient: device('B'),
  carrier: device('C'),
  lane: 'traces',
  module: 'core',
  part: 'base',
  epochStartedUnixMs: 500,
  ...more,
})

const cases: { name: string; view: ShareView; request?: Partial<CarryRequest>; may: boolean }[] = [
  { name: '[CA1] both grants cover it', view: view([see, carry()]), may: true },
  { name: '[CA1] no grant to carry', view: view([see]), may: false },
  { name: '[CA2] no grant to see', view: view([carry()]), may: false },
  { name: '[CA1] another lane is carried', view: view([see, carry({ lanes: ['logs'] })]), may: false },
  { name: '[CA1] another module is carried', view: view([see, carry({ modules: ['voice'] })]), may: false },
  { name: '[CA1] another part is carried', view: view([see, carry({ parts: ['other'] })]), may: false },
  { name: '[CA1] the epoch began before what is carried', view: view([see, carry({ sinceUnixMs: 501 })]), may: false },
  { name: '[CA1] the grant to carry has expired', view: view([see, carry({ untilUnixMs: NOW })]), may: false },
  { name: '[CA1] the grant to carry is revoked', view: view([see, carry(), carryRevoked]), may: false },
  { name: '[CA1] the grant to see is revoked', view: view([see, revoke('see'), carry()]), may: false },
  { name: '[CA1] the grant says what is not known', view: view([see, carry({ unknownCritical: true })]), may: false },
  { name: '[CA1] the reader was removed', view: view([see, carry()], { membership: without('B') }), may: false },
  { name: '[CA1] the carrier was removed', view: view([see, carry()], { membership: without('C') }), may: false },
  {
    name: '[CO19] the carrier was removed and came back',
    view: view([see, carry()], { membership: again('C') }),
    may: false,
  },
  { name: '[CA1] below pro', view: view([see, carry()], { stageAllowsSharing: false }), may: false },
  {
    name: '[CA2] a grant to see makes no carrier',
    view: view([see, grant('other', { recipient: device('C') })]),
    may: false,
  },
  {
    name: '[CA1] nobody carries for itself',
    view: view([see, carry()]),
    request: { recipient: device('C') },
    may: false,
  },
  {
    name: '[CA1] an owner is no carrier of its own',
    view: view([see, carry()]),
    request: { carrier: device('A') },
    may: false,
  },
]

const standings: { name: string; view: ShareView; want: CarryStanding }[] = [
  { name: 'a grant is in force', view: view([carry()]), want: 'open' },
  {
    name: 'one of two is',
    view: view([carry(), carryRevoked, grant('more', { recipient: device('C'), may: 'carry' })]),
    want: 'open',
  },
  { name: 'there is none', view: view([]), want: 'ended' },
  { name: 'only a grant to see', view: view([grant('g', { recipient: device('C') })]), want: 'ended' },
  { name: 'it is revoked', view: view([carry(), carryRevoked]), want: 'ended' },
  { name: 'it has expired', view: view([carry({ untilUnixMs: NOW })]), want: 'ended' },
  {
    name: 'the owner was not heard of for the lease',
    view: view([carry({ leaseS: 1 })], { lastHeardUnixMs: 0, nowUnixMs: 1000 }),
    want: 'paused',
  },
  {
    name: 'the owner was heard of just in time',
    view: view([carry({ leaseS: 1 })], { lastHeardUnixMs: 1, nowUnixMs: 1000 }),
    want: 'open',
  },
  { name: 'the stage shares nothing', view: view([carry()], { stageAllowsSharing: false }), want: 'paused' },
  { name: 'the owner was removed', view: view([carry()], { membership: without('C') }), want: 'ended' },
]

describe('what a carrier may have', () => {
  test.each(cases)('$name', ({ view: given, request: more, may }) => {
    expect(mayCarry(given, request(more))).toBe(may)
  })

  test('[CA2] a grant to carry opens nothing to the carrier', () => {
    expect(decideShare(view([see, carry()]), { ...request(), recipient: device('C') })).toEqual({
      effect: 'deny',
      reason: 'CARRY_ONLY',
    })
  })

  test.each(standings)('[CA6] how it stands: $name', ({ view: given, want }) => {
    expect(carryStanding(given, device('A'), device('C'))).toBe(want)
  })
})
