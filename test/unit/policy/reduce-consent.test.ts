import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConsentOp, GrantState } from '../../../src/model/grant.ts'
import { grantState, type GrantTime } from '../../../src/policy/grant-state.ts'
import { reduceConsent } from '../../../src/policy/reduce-consent.ts'
import { grant, grantId, recordsOf, revoke } from './consent-ops.ts'
import { device, opId } from './membership-ops.ts'

const other = grant('g', { opId: opId('other'), lanes: ['audit'] })

const states: { name: string; ops: ConsentOp[]; time?: GrantTime; state: GrantState }[] = [
  { name: '[CO1] a grant lives until something ends it', ops: [grant('g')], state: 'active' },
  { name: '[CO1] the same operation twice is one operation', ops: [grant('g'), grant('g')], state: 'active' },
  { name: '[CO2] a revoke ends it', ops: [grant('g'), revoke('g')], state: 'revoked' },
  {
    name: '[CO2] a revoke ends it even if it names another operation as the one it ends',
    ops: [grant('g'), revoke('g', { prev: opId('unknown') })],
    state: 'revoked',
  },
  {
    name: '[CO2] a revoke with an earlier time still ends it',
    ops: [grant('g', { atUnixMs: 10 }), revoke('g', { atUnixMs: -10 })],
    state: 'revoked',
  },
  {
    name: '[CO2] a recipient that sends it back ends it: whatever names a grant can only take away',
    ops: [grant('g'), revoke('g', { owner: device('B'), recipient: device('A') })],
    state: 'revoked',
  },
  { name: '[CO2] the revoke of another grant changes nothing', ops: [grant('g'), revoke('h')], state: 'active' },
  {
    name: '[CO2] the same terms granted again after the revoke do not revive it',
    ops: [grant('g'), revoke('g'), { ...grant('g'), prev: opId('revoke op g'), opId: opId('again') }],
    state: 'revoked',
  },
  { name: '[CO3] two grants under one id are void', ops: [grant('g'), other], state: 'void' },
  {
    name: '[CO4] a critical field nobody knows makes it void',
    ops: [grant('g', { unknownCritical: true })],
    state: 'void',
  },
  {
    name: '[CO5] one millisecond before its end it lives',
    ops: [grant('g', { untilUnixMs: 101 })],
    state: 'active',
  },
  { name: '[CO5] at its end it has expired', ops: [grant('g', { untilUnixMs: 100 })], state: 'expired' },
  {
    name: '[CO5] an unknown time is past every end',
    ops: [grant('g', { untilUnixMs: 101 })],
    time: { nowUnixMs: Number.NaN },
    state: 'expired',
  },
  { name: '[CO5] before it begins it is scheduled', ops: [grant('g', { sinceUnixMs: 101 })], state: 'scheduled' },
  { name: '[CO5] when it begins it lives', ops: [grant('g', { sinceUnixMs: 100 })], state: 'active' },
  {
    name: '[CO6] a reader that heard from the owner within the lease may go on',
    ops: [grant('g', { leaseS: 1 })],
    time: { nowUnixMs: 2999, lastHeardUnixMs: 2000 },
    state: 'active',
  },
  {
    name: '[CO6] without word for the length of the lease it has lapsed',
    ops: [grant('g', { leaseS: 1 })],
    time: { nowUnixMs: 3000, lastHeardUnixMs: 2000 },
    state: 'lapsed',
  },
  {
    name: '[CO6] for the owner itself nothing lapses',
    ops: [grant('g', { leaseS: 1 })],
    time: { nowUnixMs: 1e12 },
    state: 'active',
  },
  {
    name: '[CO6] a last word at no known time has lapsed',
    ops: [grant('g')],
    time: { nowUnixMs: 100, lastHeardUnixMs: Number.NaN },
    state: 'lapsed',
  },
  {
    name: '[CO7] revoked is said before void and expired',
    ops: [grant('g', { untilUnixMs: 1 }), other, revoke('g')],
    state: 'revoked',
  },
]

describe('reduceConsent and grantState', () => {
  test.each(states)('$name', ({ ops, time, state }) => {
    for (const order of [ops, ops.toReversed(), [...ops, ...ops]]) {
      const record = reduceConsent(order).get(grantId('g'))
      expect(record && grantState(record, time ?? { nowUnixMs: 100 })).toBe(state)
    }
  })

  test('[CO1] a revoke alone shows nothing', () => {
    expect(reduceConsent([revoke('g')]).size).toBe(0)
  })

  test('[CO2] the record names the earliest revoke', () => {
    const [late, early] = [revoke('g', { atUnixMs: 9, opId: opId('late') }), revoke('g', { atUnixMs: 3 })]
    expect(recordsOf(grant('g'), late, early)[0]?.revokedBy).toEqual(early)
  })

  test('[CO1] every order and repetition gives the same records, sorted by id', () => {
    const op = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(3), fc.nat(4)).map(([name, variant, kind]) => {
      const terms = { opId: opId(`${name} ${variant}`), atUnixMs: variant % 2 }
      if (kind === 0) return revoke(name, { ...terms, opId: opId(`revoke ${name} ${variant}`) })
      return grant(name, { ...terms, unknownCritical: variant === 3 })
    })
    fc.assert(
      fc.property(fc.array(op, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (ops, picks) => {
        const again = ops.length === 0 ? [] : picks.map((pick) => ops[pick % ops.length] as ConsentOp)
        const reduced = reduceConsent(ops)
        expect([...reduceConsent([...again, ...ops.toReversed()])]).toEqual([...reduced])
        expect([...reduced.keys()]).toEqual([...reduced.keys()].sort())
      }),
    )
  })

  test('[CO2] whatever is added to a set of operations, what was ended stays ended', () => {
    const more = fc.constantFrom(
      grant('g'),
      grant('g', { opId: opId('again'), prev: opId('revoke op g'), atUnixMs: 99 }),
      revoke('g', { opId: opId('second') }),
      grant('h'),
    )
    fc.assert(
      fc.property(fc.array(more), (added) => {
        const record = reduceConsent([...added, grant('g'), revoke('g')]).get(grantId('g'))
        expect(record && grantState(record, { nowUnixMs: 0 })).toBe('revoked')
      }),
    )
  })
})
