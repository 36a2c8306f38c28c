import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConsentOp, GrantOp } from '../../../src/model/grant.ts'
import type { DeviceId } from '../../../src/model/ids.ts'
import { LANES } from '../../../src/model/lane.ts'
import type { MembershipOp } from '../../../src/model/membership.ts'
import { causalHistory, isBefore } from '../../../src/policy/causal-history.ts'
import {
  decideShare,
  isFromBeforeRemoval,
  type ShareDecision,
  type ShareRequest,
  type ShareView,
} from '../../../src/policy/decide-share.ts'
import { openedScopes, planKeyHandover } from '../../../src/policy/opened-scopes.ts'
import { reduceConsent } from '../../../src/policy/reduce-consent.ts'
import { reduceMembership } from '../../../src/policy/reduce-membership.ts'
import { resolveRemovals } from '../../../src/policy/resolve-removals.ts'
import { setHas } from '../../../src/policy/op-set.ts'
import { grant, grantId, recordsOf, revoke } from './consent-ops.ts'
import { add, anyHistory, device, found, meshOf, MESH, opId, remove } from './membership-ops.ts'

const NOW = 1000
const { ops: memberOps, head } = meshOf('B', 'C')
const members = reduceMembership(memberOps, MESH)
const without = (name: string) => reduceMembership([...memberOps, remove('r', 'A', name, [head])], MESH)

const again = (name: string) =>
  reduceMembership([...memberOps, remove('r', 'A', name, [head]), add('again', 'A', name, ['r'])], MESH)

const view = (grants: ConsentOp[], more: Partial<ShareView> = {}): ShareView => ({
  membership: members,
  grants: recordsOf(...grants),
  nowUnixMs: NOW,
  stageAllowsSharing: true,
  ...more,
})
const request = (more: Partial<ShareRequest> = {}): ShareRequest => ({
  owner: device('A'),
  recipient: device('B'),
  lane: 'traces',
  module: 'core',
  part: 'base',
  epochStartedUnixMs: 500,
  ...more,
})
const allow = (...names: string[]): ShareDecision => ({ effect: 'allow', grantIds: names.map(grantId).sort() })
const deny = (reason: (ShareDecision & { effect: 'deny' })['reason']): ShareDecision => ({ effect: 'deny', reason })

const cases: { name: string; view: ShareView; request?: Partial<ShareRequest>; want: ShareDecision }[] = [
  { name: '[CO8] without a grant nothing is shared', view: view([]), want: deny('NO_GRANT') },
  { name: '[CO8] a grant shares what it names', view: view([grant('g')]), want: allow('g') },
  {
    name: '[CO8] every grant that shares it is named',
    view: view([grant('g'), grant('h'), grant('i', { lanes: ['audit'] })]),
    want: allow('g', 'h'),
  },
  {
    name: '[CO8] below pro nothing is shared',
    view: view([grant('g')], { stageAllowsSharing: false }),
    want: deny('STAGE'),
  },
  {
    name: '[CO8] a removed recipient gets nothing',
    view: view([grant('g')], { membership: without('B') }),
    want: deny('NOT_A_MEMBER'),
  },
  {
    name: '[CO8] nothing of a removed owner is taken',
    view: view([grant('g', { owner: device('C') })], { membership: without('C') }),
    request: { owner: device('C') },
    want: deny('NOT_A_MEMBER'),
  },
  {
    name: '[CO9] a grant to another device says nothing of this one',
    view: view([grant('g', { recipient: device('C') })]),
    want: deny('NO_GRANT'),
  },
  {
    name: '[CO9] a grant is one way',
    view: view([grant('g', { owner: device('B'), recipient: device('A') })]),
    want: deny('NO_GRANT'),
  },
  {
    name: "[CO9] another owner's grant to the same device opens nothing of this one",
    view: view([grant('g', { owner: device('C') })]),
    want: deny('NO_GRANT'),
  },
  {
    name: '[CO9] another lane stays closed',
    view: view([grant('g')]),
    request: { lane: 'audit' },
    want: deny('OUTSIDE_SCOPE'),
  },
  {
    name: '[CO9] a module on the list is shared',
    view: view([grant('g', { modules: ['core', 'data'] })]),
    want: allow('g'),
  },
  {
    name: '[CO9] a module not on the list stays closed',
    view: view([grant('g', { modules: ['data'] })]),
    want: deny('OUTSIDE_SCOPE'),
  },
  { name: '[CO9] an empty list is no module', view: view([grant('g', { modules: [] })]), want: deny('OUTSIDE_SCOPE') },
  {
    name: '[CO9] a module that came after the grant is shared when every module is',
    view: view([grant('g')]),
    request: { module: 'new' },
    want: allow('g'),
  },
  {
    name: '[CO9] a part not on the list stays closed',
    view: view([grant('g', { parts: ['base'] })]),
    request: { part: 'sensitive' },
    want: deny('OUTSIDE_SCOPE'),
  },
  { name: '[CO9] a part on the list is shared', view: view([grant('g', { parts: ['base'] })]), want: allow('g') },
  {
    name: '[CO9] who may carry reads nothing',
    view: view([grant('g', { may: 'carry' })]),
    want: deny('CARRY_ONLY'),
  },
  { name: '[CO10] a revoked grant shares nothing', view: view([grant('g'), revoke('g')]), want: deny('GRANT_REVOKED') },
  {
    name: '[CO10] the revoke of one grant leaves another alone',
    view: view([grant('g'), grant('h'), revoke('g')]),
    want: allow('h'),
  },
  {
    name: '[CO10] an expired grant shares nothing, not even what it opened before',
    view: view([grant('g', { untilUnixMs: NOW })]),
    want: deny('GRANT_EXPIRED'),
  },
  {
    name: '[CO10] a lapsed grant shares nothing',
    view: view([grant('g', { leaseS: 1 })], { lastHeardUnixMs: 0 }),
    want: deny('GRANT_LAPSED'),
  },
  {
    name: '[CO19] a recipient that was removed and taken in again has nothing of what it was granted before',
    view: view([grant('g')], { membership: again('B') }),
    want: deny('GRANT_BEFORE_REMOVAL'),
  },
  {
    name: '[CO19] nor has anybody of an owner that was',
    view: view([grant('g', { owner: device('C') })], { membership: again('C') }),
    request: { owner: device('C') },
    want: deny('GRANT_BEFORE_REMOVAL'),
  },
  {
    name: '[CO19] what was granted since is shared',
    view: view([grant('g'), grant('h', { recipientSince: opId('again') })], { membership: again('B') }),
    want: allow('h'),
  },
  {
    name: '[CO19] being taken in twice, and never removed, ends nothing',
    view: view([grant('g')], {
      membership: reduceMembership([...memberOps, add('twice', 'C', 'B', [head])], MESH),
    }),
    want: allow('g'),
  },
  {
    name: '[CO19] a grant that names an operation nobody knows shares nothing',
    view: view([grant('g', { ownerSince: opId('unknown') })]),
    want: deny('GRANT_BEFORE_REMOVAL'),
  },
  {
    name: '[CO10] a void grant shares nothing',
    view: view([grant('g', { unknownCritical: true })]),
    want: deny('GRANT_VOID'),
  },
  {
    name: '[CO11] an epoch that began before the window stays closed',
    view: view([grant('g', { sinceUnixMs: 501 })]),
    want: deny('OUTSIDE_WINDOW'),
  },
  {
    name: '[CO11] an epoch that began with the window is open',
    view: view([grant('g', { sinceUnixMs: 500 })]),
    want: allow('g'),
  },
  {
    name: '[CO11] an epoch that began at the end of the window stays closed',
    view: view([grant('g', { untilUnixMs: 2000 })]),
    request: { epochStartedUnixMs: 2000 },
    want: deny('OUTSIDE_WINDOW'),
  },
  {
    name: '[CO11] the last epoch that began within the window is open',
    view: view([grant('g', { untilUnixMs: 2000 })]),
    request: { epochStartedUnixMs: 1999 },
    want: allow('g'),
  },
  {
    name: '[CO11] an epoch of no known time stays closed',
    view: view([grant('g')]),
    request: { epochStartedUnixMs: Number.NaN },
    want: deny('OUTSIDE_WINDOW'),
  },
  {
    name: '[CO11] a reader whose clock is behind may take what the owner opened',
    view: view([grant('g', { sinceUnixMs: NOW + 50 })]),
    request: { epochStartedUnixMs: NOW + 60 },
    want: allow('g'),
  },
  {
    name: '[CO11] of several refusals the nearest to an allow is given',
    view: view([
      grant('g', { unknownCritical: true }),
      grant('h', { untilUnixMs: 1 }),
      grant('i', { lanes: ['audit'] }),
    ]),
    want: deny('GRANT_EXPIRED'),
  },
]

describe('decideShare', () => {
  test.each(cases)('$name', ({ view: given, request: asked, want }) => {
    expect(decideShare(given, request(asked))).toEqual(want)
  })
})

describe('grants and removals', () => {
  const DEVICES = ['A', 'B', 'C', 'D', 'E'].map(device)
  /** The root aside, which nothing is without. */
  const root = found('found', 'A').opId

  /** Said another way than the code does: a removal that counts, of one of the two, that the named operation had not seen. */
  function isEndedBy(ops: readonly MembershipOp[], { owner, ownerSince, recipient, recipientSince }: GrantOp): boolean {
    const rootOp = ops.find(({ opId: id }) => id === root) as MembershipOp
    const history = causalHistory(rootOp, new Map(ops.map((op) => [op.opId, op])))
    const { counting } = resolveRemovals(history)
    const numberOf = (id: string): number => history.ops.findIndex((op) => op.opId === id)
    const isEnded = (whom: string, since: string): boolean =>
      !setHas(counting, numberOf(since)) ||
      history.ops.some(
        (op, n) =>
          op.kind === 'remove' && op.subject === whom && setHas(counting, n) && !isBefore(history, n, numberOf(since)),
      )
    return isEnded(owner, ownerSince) || isEnded(recipient, recipientSince)
  }

  test('[CO19] whatever was delivered when: a grant has ended if, and only if, a removal after it counts', () => {
    const anyDelivery = anyHistory().chain((ops) =>
      fc.record({
        ops: fc.constant(ops),
        known: fc.integer({ min: 1, max: ops.length }),
        delivered: fc.shuffledSubarray([...ops, ...ops], { minLength: ops.length * 2, maxLength: ops.length * 2 }),
        parties: fc.shuffledSubarray(DEVICES, { minLength: 2, maxLength: 2 }),
      }),
    )
    let [ended, alive] = [0, 0]
    fc.assert(
      fc.property(anyDelivery, ({ ops, known, delivered, parties }) => {
        const [owner, recipient] = parties as [DeviceId, DeviceId]
        const then = reduceMembership(ops.slice(0, known), MESH, root).members
        const [ownerSince, recipientSince] = [then.get(owner)?.since, then.get(recipient)?.since]
        fc.pre(ownerSince !== undefined && recipientSince !== undefined)
        const given = grant('g', { owner, recipient, ownerSince, recipientSince })
        const now = reduceMembership(delivered, MESH, root)
        const isEnded = isFromBeforeRemoval(given, now)
        expect(isEnded).toBe(isEndedBy(ops, given))
        const decision = decideShare(view([given], { membership: now }), request({ owner, recipient }))
        expect(decision.effect).toBe(isEnded ? 'deny' : 'allow')
        if (isEnded) ended++
        else alive++
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(ended, alive)).toBeGreaterThan(100)
  })
})

const anyGrant = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    may: fc.constantFrom('see', 'carry'),
    owner: fc.constantFrom('A', 'A', 'A', 'B', 'C'),
    recipient: fc.constantFrom('B', 'B', 'B', 'A', 'C'),
    lanes: fc.subarray([...LANES]),
    modules: fc.option(fc.subarray(['core', 'data']), { nil: undefined }),
    parts: fc.option(fc.subarray(['base', 'sensitive']), { nil: undefined }),
    sinceUnixMs: fc.constantFrom(0, 400, 600),
    untilUnixMs: fc.constantFrom(undefined, 450, 999, 1500),
    unknownCritical: fc.boolean(),
    isRevoked: fc.boolean(),
  })
  .map(({ name, owner, recipient, isRevoked, ...terms }) => {
    const parties = { owner: device(owner), recipient: device(recipient) }
    const op = grant(name, { ...terms, may: terms.may as 'see', ...parties })
    return isRevoked ? [op, revoke(name)] : [op]
  })
const anyRequest = fc.record({
  lane: fc.constantFrom(...LANES),
  module: fc.constantFrom('core', 'data', 'new'),
  part: fc.constantFrom('base', 'sensitive'),
  epochStartedUnixMs: fc.constantFrom(300, 400, 500, 1200),
})

describe('openedScopes and planKeyHandover', () => {
  test('[CO12] keys open exactly what the decision allows, whatever the grants', () => {
    fc.assert(
      fc.property(fc.array(anyGrant, { maxLength: 3 }), anyRequest, fc.boolean(), (ops, asked, isMember) => {
        const given = view(ops.flat(), { membership: isMember ? members : without('B') })
        const { lane, module, part, epochStartedUnixMs: startedUnixMs } = asked
        const isOpened = openedScopes(given, device('A'), device('B')).some((scope) => {
          const handover = planKeyHandover(scope, { lane, startedUnixMs })
          switch (handover.kind) {
            case 'nothing':
              return false
            case 'lane':
              return true
            case 'modules':
              return handover.modules.includes(module)
            case 'parts':
              return (handover.modules?.includes(module) ?? true) && handover.parts.includes(part)
          }
        })
        expect(isOpened).toBe(decideShare(given, request(asked)).effect === 'allow')
      }),
      { numRuns: 1000 },
    )
  })

  const epoch = { lane: 'traces', startedUnixMs: 500 } as const
  const handovers: { name: string; terms: Parameters<typeof grant>[1]; want: unknown }[] = [
    { name: 'every module: the key of the lane', terms: {}, want: { kind: 'lane' } },
    {
      name: 'listed modules: their keys, each once',
      terms: { modules: ['data', 'core', 'data'] },
      want: { kind: 'modules', modules: ['core', 'data'] },
    },
    {
      name: 'listed parts: never a key from which others follow',
      terms: { parts: ['base'] },
      want: { kind: 'parts', modules: undefined, parts: ['base'] },
    },
    {
      name: 'listed parts of listed modules: only those',
      terms: { modules: ['core'], parts: ['base'] },
      want: { kind: 'parts', modules: ['core'], parts: ['base'] },
    },
    { name: 'no module: nothing', terms: { modules: [] }, want: { kind: 'nothing' } },
    { name: 'no part: nothing', terms: { parts: [] }, want: { kind: 'nothing' } },
    { name: 'another lane: nothing', terms: { lanes: ['logs'] }, want: { kind: 'nothing' } },
    { name: 'an epoch before the window: nothing', terms: { sinceUnixMs: 501 }, want: { kind: 'nothing' } },
  ]
  test.each(handovers)('[CO12] $name', ({ terms, want }) => {
    const [scope] = openedScopes(view([grant('g', terms)]), device('A'), device('B'))
    expect(scope && planKeyHandover(scope, epoch)).toEqual(want)
  })

  test('[CO12] a scope names its grant, the operation it rests on, and one lane', () => {
    const op = grant('g', { untilUnixMs: 5000, sinceUnixMs: 7 })
    const scopes = openedScopes(view([op]), device('A'), device('B'))
    const { opId: id, sinceUnixMs, untilUnixMs, modules, parts } = op
    const shared = { grantId: grantId('g'), opId: id, sinceUnixMs, untilUnixMs, modules, parts }
    expect(scopes).toEqual([
      { ...shared, lane: 'traces' },
      { ...shared, lane: 'logs' },
    ])
  })

  test('[CO12] grants between others open nothing', () => {
    const others = [grant('g', { owner: device('C') }), grant('h', { recipient: device('C') })]
    expect(openedScopes(view(others), device('A'), device('B'))).toEqual([])
    expect(openedScopes(view([grant('g')], { stageAllowsSharing: false }), device('A'), device('B'))).toEqual([])
  })

  test('[CO12] the decision is the same whatever order the operations came in', () => {
    const ops = [grant('g'), revoke('g'), grant('h', { modules: ['core'] })]
    const decided = [ops, ops.toReversed()].map((order) =>
      decideShare(view([], { grants: reduceConsent(order).values() }), request()),
    )
    expect(decided).toEqual([allow('h'), allow('h')])
  })
})
