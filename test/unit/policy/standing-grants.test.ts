import { describe, expect, test } from 'vitest'
import type { GrantOp } from '../../../src/model/grant.ts'
import { sameGrant, standingGrants, type GrantTerms } from '../../../src/policy/standing-grants.ts'
import { grant, grantId, recordsOf, revoke } from './consent-ops.ts'
import { device } from './membership-ops.ts'

const NOW = 1_000
const time = { nowUnixMs: NOW }
const parties = { owner: device('A'), recipient: device('B') }
/** What is asked for; the grant that stands says it word for word unless a case changes it. */
const asked: GrantTerms = {
  ...parties,
  may: 'see',
  lanes: ['traces', 'logs'],
  modules: ['core', 'otlp/app'],
  parts: undefined,
  sinceUnixMs: 500,
  untilUnixMs: 2_000,
  purpose: 'to find out',
}

describe('[CO17] grants that stand', () => {
  const cases: { name: string; standing: Partial<GrantOp>; stands: boolean }[] = [
    { name: 'one in force', standing: {}, stands: true },
    { name: 'one that begins later', standing: { sinceUnixMs: NOW + 1 }, stands: true },
    { name: 'one that ends now', standing: { untilUnixMs: NOW }, stands: false },
    { name: 'one that restricts what this version cannot see', standing: { unknownCritical: true }, stands: false },
    { name: 'one to another device', standing: { recipient: device('C') }, stands: false },
    { name: 'one of another owner', standing: { owner: device('C') }, stands: false },
    { name: 'one of an owner that was not heard of for longer than its lease', standing: { leaseS: 1 }, stands: true },
  ]
  test.each(cases)('$name: $stands', ({ standing, stands }) => {
    const found = standingGrants(recordsOf(grant('g', standing)), parties, time)
    expect(found.map((each) => each.grantId)).toEqual(stands ? [grantId('g')] : [])
  })

  test('a revoked one does not, and the oldest comes first', () => {
    const records = recordsOf(
      grant('young', { atUnixMs: 9 }),
      grant('old', { atUnixMs: 1 }),
      grant('ended'),
      revoke('ended'),
    )
    expect(standingGrants(records, parties, time).map((each) => each.grantId)).toEqual([
      grantId('old'),
      grantId('young'),
    ])
  })
})

describe('[CO16] a grant that stands already is not given twice', () => {
  const cases: { name: string; standing: Partial<GrantOp>; isSame: boolean }[] = [
    { name: 'word for word', standing: {}, isSame: true },
    {
      name: 'lists in another order, or with a name twice',
      standing: { lanes: ['logs', 'traces', 'logs'] },
      isSame: true,
    },
    { name: 'one that began earlier opens no less', standing: { sinceUnixMs: 0 }, isSame: true },
    { name: 'one that begins later opens less', standing: { sinceUnixMs: 501 }, isSame: false },
    { name: 'one that ends later', standing: { untilUnixMs: 2_001 }, isSame: false },
    { name: 'one without an end', standing: { untilUnixMs: undefined }, isSame: false },
    { name: 'another purpose', standing: { purpose: 'for fun' }, isSame: false },
    { name: 'carry for see', standing: { may: 'carry' }, isSame: false },
    { name: 'a lane less', standing: { lanes: ['traces'] }, isSame: false },
    { name: 'a lane more', standing: { lanes: ['traces', 'logs', 'metrics'] }, isSame: false },
    { name: 'another module', standing: { modules: ['core', 'other'] }, isSame: false },
    { name: 'every module', standing: { modules: undefined }, isSame: false },
    { name: 'no module', standing: { modules: [] }, isSame: false },
    { name: 'some parts only', standing: { parts: ['base'] }, isSame: false },
    { name: 'another device', standing: { recipient: device('C') }, isSame: false },
    { name: 'one that has expired', standing: { sinceUnixMs: 0, untilUnixMs: NOW }, isSame: false },
  ]
  test.each(cases)('$name: $isSame', ({ standing, isSame }) => {
    const { owner: _owner, ...terms } = asked
    const found = sameGrant(recordsOf(grant('g', { ...terms, ...standing })), asked, time)
    expect(found?.grantId).toBe(isSame ? grantId('g') : undefined)
  })

  test('one that was revoked is given again', () => {
    const records = recordsOf(grant('g', asked), revoke('g'))
    expect(sameGrant(records, asked, time)).toBeUndefined()
  })
})
