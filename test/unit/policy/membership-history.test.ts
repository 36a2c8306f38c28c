import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MembershipOp } from '../../../src/model/membership.ts'
import { membershipHistory } from '../../../src/policy/membership-history.ts'
import { reduceMembership } from '../../../src/policy/reduce-membership.ts'
import { add, anyHistory, device, meshOf, MESH, nameOf, opId, remove } from './membership-ops.ts'

const at = <Op extends MembershipOp>(atUnixMs: number, op: Op): Op => ({ ...op, atUnixMs })
const history = (ops: readonly MembershipOp[], limit = 500) =>
  membershipHistory(ops, { mesh: MESH, root: opId('found'), limit })
/** Who knows of an operation, as `B@5 C@7`. */
const knowers = (ops: readonly MembershipOp[], id: string): string =>
  (history(ops).find(({ op }) => op.opId === opId(id))?.knownBy ?? [])
    .map(({ device: each, atUnixMs }) => `${nameOf(each)}@${atUnixMs}`)
    .join(' ')

const { ops: abc, head: top } = meshOf('B', 'C')

describe('membership history', () => {
  test('[MB14] lists every operation of the mesh after what it had seen, the newest of them where there is a limit', () => {
    const ops = [remove('r', 'A', 'C', [top]), ...abc.toReversed()]
    expect(history(ops).map(({ op }) => op.opId)).toEqual(['found', 'add B', 'add C', 'r'].map(opId))
    expect(history(ops, 2).map(({ op }) => op.opId)).toEqual(['add C', 'r'].map(opId))
    expect(membershipHistory(ops, { mesh: MESH, root: opId('gone'), limit: 5 })).toEqual([])
  })

  test('[MB14] who was taken in knows it, as it has signed it; others know what they have built upon', () => {
    const ops = [
      ...abc,
      at(5, remove('r', 'B', 'C', [top])),
      at(7, add('d', 'A', 'D', ['r'])),
      at(9, add('e', 'D', 'E', ['d'])),
    ]
    expect(knowers(ops, 'found')).toBe('B@5 D@9')
    expect(knowers(ops, 'add C')).toBe('C@0 B@5 D@9')
    expect(knowers(ops, 'r')).toBe('A@7 D@9')
    expect(knowers(ops, 'd')).toBe('D@7')
    expect(knowers(ops, 'e')).toBe('E@9')
  })

  test('[MB14] a clock that goes back counts by the least time it has named', () => {
    const ops = [...abc, at(9, add('d', 'B', 'D', [top])), at(4, add('e', 'B', 'E', ['d']))]
    expect(knowers(ops, 'add C')).toBe('C@0 B@4')
  })

  test('[MB14] [MB6] what a removal made void is said to have changed nothing', () => {
    const ops = [...abc, remove('r', 'A', 'C', [top]), add('x', 'C', 'X', [top])]
    expect(
      history(ops)
        .filter(({ counts }) => !counts)
        .map(({ op }) => op.opId),
    ).toEqual([opId('x')])
  })

  test('[MB14] whatever the operations and their order: one list, and every member was founded or added in it', () => {
    fc.assert(
      fc.property(anyHistory(), fc.infiniteStream(fc.nat()), (ops, order) => {
        const shuffled = ops.map((op) => ({ op, key: order.next().value as number })).toSorted((a, b) => a.key - b.key)
        const events = history(ops)
        expect(history(shuffled.map(({ op }) => op))).toEqual(events)
        const taken = events.flatMap(({ op, counts }) => (counts && op.kind !== 'remove' ? [op.card.deviceId] : []))
        for (const member of reduceMembership(ops, MESH, opId('found')).members.keys()) expect(taken).toContain(member)
      }),
    )
  })

  test('[MB14] a device that only heard of it is not claimed to know', () => {
    expect(knowers(abc, 'add B')).toBe(`${nameOf(device('B'))}@0`)
  })
})
