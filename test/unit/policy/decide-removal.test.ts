import { describe, expect, test } from 'vitest'
import type { Membership, Removal } from '../../../src/model/membership.ts'
import { denyRemoval, standingOf } from '../../../src/policy/decide-removal.ts'
import { reduceMembership } from '../../../src/policy/reduce-membership.ts'
import { device, meshOf, MESH, opId, remove } from './membership-ops.ts'

const { ops, head } = meshOf('B', 'C')
const mesh = reduceMembership(ops, MESH)
const withoutC = reduceMembership([...ops, remove('r', 'B', 'C', [head])], MESH)

describe('[MB11] removing a device', () => {
  const cases = [
    { name: 'another member may be removed', membership: mesh, by: 'A', whom: 'B', denial: undefined },
    { name: 'the founder too', membership: mesh, by: 'B', whom: 'A', denial: undefined },
    { name: 'a device does not cut itself off', membership: mesh, by: 'A', whom: 'A', denial: 'MEMBER_SELF' },
    { name: 'nobody removes a stranger', membership: mesh, by: 'A', whom: 'X', denial: 'MEMBER_UNKNOWN' },
    { name: 'nobody is removed twice', membership: withoutC, by: 'A', whom: 'C', denial: 'MEMBER_UNKNOWN' },
    { name: 'a removed device removes no member', membership: withoutC, by: 'C', whom: 'A', denial: 'MEMBER_REMOVED' },
    { name: 'nor itself again', membership: withoutC, by: 'C', whom: 'C', denial: 'MEMBER_REMOVED' },
  ]
  test.each(cases)('$name', ({ membership, by, whom, denial }) => {
    expect(denyRemoval(membership, device(by), device(whom))).toBe(denial)
  })
})

describe('[MB12] how a device stands', () => {
  test('a member is one, whoever else was removed', () => {
    expect(standingOf(withoutC, device('A'))).toEqual({ is: 'member' })
  })

  test('a removed device knows who removed it', () => {
    const removal = { deviceId: device('C'), by: device('B'), opId: opId('r'), atUnixMs: 0 }
    expect(standingOf(withoutC, device('C'))).toEqual({ is: 'out', removal })
  })

  test('of several removals the earliest is named, whatever their order', () => {
    const by = (name: string, atUnixMs: number): Removal => ({
      deviceId: device('C'),
      by: device(name),
      opId: opId(name),
      atUnixMs,
    })
    const membership: Membership = { ...withoutC, removed: [by('B', 7), by('A', 5), by('X', 6)] }
    expect(standingOf(membership, device('C'))).toMatchObject({ removal: { by: device('A') } })
  })

  test('a device whose place went with that of another is out, by nobody', () => {
    expect(standingOf(withoutC, device('X'))).toEqual({ is: 'out', removal: undefined })
  })
})
