import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toMeshId, type MeshId } from '../../../src/model/ids.ts'
import type { MembershipOp } from '../../../src/model/membership.ts'
import {
  headsToBuildOn,
  MAX_MEMBERSHIP_OPS,
  NO_MEMBERSHIP,
  reduceMembership,
  removedBetween,
} from '../../../src/policy/reduce-membership.ts'
import { add, anyHistory, device, found, meshOf, MESH, nameOf, opId, remove } from './membership-ops.ts'

const membersOf = (ops: readonly MembershipOp[]): string =>
  [...reduceMembership(ops, MESH).members.keys()].map(nameOf).sort().join('')

const { ops: abc, head: top } = meshOf('B', 'C')
const { ops: abcd, head: top4 } = meshOf('B', 'C', 'D')

const cases: { name: string; ops: MembershipOp[]; members: string }[] = [
  { name: '[MB3] the founder of a mesh is its first member', ops: [found('f', 'A')], members: 'A' },
  { name: '[MB3] a member takes in others', ops: abc, members: 'ABC' },
  {
    name: '[MB3] a device taken in takes in the next',
    ops: [...abc, add('d', 'C', 'D', [top])],
    members: 'ABCD',
  },
  {
    name: '[MB3] an add by a device that was never taken in does not count',
    ops: [...abc, add('d', 'X', 'D', [top])],
    members: 'ABC',
  },
  {
    name: '[MB3] an add whose author was not yet a member as far as it knew does not count',
    ops: [...abc, add('d', 'C', 'D', ['add B'])],
    members: 'ABC',
  },
  {
    name: '[MB1] an operation above an unknown one waits',
    ops: [...abc, add('d', 'A', 'D', [top, 'unknown'])],
    members: 'ABC',
  },
  {
    name: '[MB1] an add that knows nothing is no root',
    ops: [...abc, add('d', 'D', 'D', [])],
    members: 'ABC',
  },
  {
    name: '[MB1] operations that refer to each other in a circle wait for ever',
    ops: [...abc, add('x', 'A', 'X', ['y', top]), add('y', 'A', 'Y', ['x', top])],
    members: 'ABC',
  },
  {
    name: '[MB1] an operation of another mesh is not looked at',
    ops: [...abc, { ...add('d', 'A', 'D', [top]), mesh: toMeshId('22'.repeat(16)) as MeshId }],
    members: 'ABC',
  },
  { name: '[MB2] two founders and nothing to tell them apart: nobody', ops: [...abc, found('x', 'X')], members: '' },
  {
    name: '[MB2] a founder that signs for another device founds nothing',
    ops: [{ ...found('f', 'A'), author: device('X') }],
    members: '',
  },
  { name: '[MB4] a removed device is out', ops: [...abc, remove('r', 'A', 'C', [top])], members: 'AB' },
  { name: '[MB4] a device may remove itself', ops: [...abc, remove('r', 'C', 'C', [top])], members: 'AB' },
  {
    name: '[MB4] a device may remove the founder, and the mesh lives on',
    ops: [...abc, remove('r', 'B', 'A', [top]), add('d', 'B', 'D', ['r'])],
    members: 'BCD',
  },
  {
    name: '[MB4] what a removed device did before its removal was written stands',
    ops: [...abc, add('d', 'C', 'D', [top]), remove('r', 'A', 'C', ['d'])],
    members: 'ABD',
  },
  {
    name: '[MB4] a removed device does nothing after its removal',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('d', 'C', 'D', ['r'])],
    members: 'AB',
  },
  {
    name: '[MB5] a removal beats an add of the same device that had not seen it',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('again', 'B', 'C', [top])],
    members: 'AB',
  },
  {
    name: '[MB5] an add that follows the removal takes the device in again',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('again', 'B', 'C', ['r'])],
    members: 'ABC',
  },
  {
    name: '[MB5] a re-add that saw one removal is beaten by a second it had not seen',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('again', 'A', 'C', ['r']), remove('r2', 'B', 'C', [top])],
    members: 'AB',
  },
  {
    name: '[MB5] a device taken in again acts again',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('again', 'B', 'C', ['r']), add('d', 'C', 'D', ['again'])],
    members: 'ABCD',
  },
  {
    name: '[MB6] what a removed device did at the same time is void',
    ops: [...abc, remove('r', 'A', 'C', [top]), add('d', 'C', 'D', [top])],
    members: 'AB',
  },
  {
    name: '[MB6] what was built upon a void add falls with it',
    ops: [
      ...abc,
      remove('r', 'A', 'C', [top]),
      add('d', 'C', 'D', [top]),
      add('x', 'D', 'X', ['d']),
      remove('rb', 'X', 'B', ['x']),
    ],
    members: 'AB',
  },
  {
    name: '[MB6] a void operation stays void when the device comes back',
    ops: [
      ...abc,
      remove('r', 'A', 'C', [top]),
      add('d', 'C', 'D', [top]),
      add('again', 'A', 'C', ['r']),
      add('e', 'B', 'E', ['again', 'd']),
    ],
    members: 'ABCE',
  },
  {
    name: '[MB6] a chain of concurrent removals: the first counts, so the second does not',
    ops: [...abc, remove('r1', 'A', 'B', [top]), remove('r2', 'B', 'C', [top])],
    members: 'AC',
  },
  {
    name: '[MB6] a longer chain: every other one counts',
    ops: [...abcd, remove('r1', 'A', 'B', [top4]), remove('r2', 'B', 'C', [top4]), remove('r3', 'C', 'D', [top4])],
    members: 'AC',
  },
  {
    name: '[MB6] an operation that only a void removal forbade counts',
    ops: [...abc, remove('r1', 'A', 'B', [top]), remove('r2', 'B', 'C', [top]), add('d', 'C', 'D', [top, 'r2'])],
    members: 'ACD',
  },
  {
    name: '[MB7] mutual removal removes both',
    ops: [...abc, remove('r1', 'A', 'B', [top]), remove('r2', 'B', 'A', [top])],
    members: 'C',
  },
  {
    name: '[MB7] a circle of three removals removes all three',
    ops: [...abcd, remove('r1', 'A', 'B', [top4]), remove('r2', 'B', 'C', [top4]), remove('r3', 'C', 'A', [top4])],
    members: 'D',
  },
  {
    name: '[MB7] an accused device cannot take a bystander with it',
    ops: [
      ...abcd,
      remove('r1', 'B', 'C', [top4]),
      remove('r2', 'C', 'B', [top4]),
      remove('r3', 'C', 'D', [top4]),
      remove('r4', 'B', 'A', [top4]),
    ],
    members: 'AD',
  },
  {
    name: '[MB7] a circle whose member is removed from outside it falls apart',
    ops: [...abcd, remove('r0', 'D', 'A', [top4]), remove('r1', 'A', 'B', [top4]), remove('r2', 'B', 'A', [top4])],
    members: 'BCD',
  },
  {
    name: '[MB7] a stranger cannot take along who bars it',
    ops: [...abc, remove('r1', 'A', 'X', [top]), remove('r2', 'X', 'A', [top])],
    members: 'ABC',
  },
  {
    name: '[MB7] a device removed before cannot take along who removes it again',
    ops: [...abc, remove('r0', 'A', 'C', [top]), remove('r1', 'B', 'C', ['r0']), remove('r2', 'C', 'B', ['r0'])],
    members: 'AB',
  },
  {
    name: '[MB7] who removed and was removed by turns, each knowing the last, is no circle',
    ops: [...abc, remove('r1', 'A', 'B', [top]), remove('r2', 'B', 'A', ['r1'])],
    members: 'AC',
  },
  {
    name: '[MB8] a puppet taken in at the same time cannot save its maker: accuser and accused are out, and the puppet too',
    ops: [...abc, remove('r', 'B', 'C', [top]), add('x', 'C', 'X', [top]), remove('rx', 'X', 'B', ['x'])],
    members: 'A',
  },
  {
    name: "[MB8] a puppet's removal of a bystander is void",
    ops: [...abc, remove('r', 'B', 'C', [top]), add('x', 'C', 'X', [top]), remove('rx', 'X', 'A', ['x'])],
    members: 'AB',
  },
]

describe('reduceMembership', () => {
  test.each(cases)('$name', ({ ops, members }) => {
    expect(membersOf(ops)).toBe(members)
    expect(membersOf(ops.toReversed())).toBe(members)
  })

  test('[MB2] the root a device joined under tells the founder from a forger', () => {
    const ops = [...abc, found('x', 'X'), add('y', 'X', 'Y', ['x'])]
    expect([...reduceMembership(ops, MESH, opId('found')).members.keys()].map(nameOf).sort()).toEqual(['A', 'B', 'C'])
    expect(reduceMembership(ops, MESH, opId('gone'))).toEqual(NO_MEMBERSHIP)
  })

  test('[MB3] a member says who took it in and by which operation; a re-add brings the newer card', () => {
    const again = { ...add('again', 'B', 'C', ['r']), card: { ...add('', 'B', 'C', []).card, name: 'new name' } }
    const { members } = reduceMembership([...abc, remove('r', 'A', 'C', [top]), again], MESH)
    expect(members.get(device('C'))).toEqual({
      card: again.card,
      since: opId('again'),
      standing: [opId('again')],
      addedBy: device('B'),
      addedUnixMs: 0,
    })
    expect(members.get(device('A'))).toMatchObject({ since: opId('found'), addedBy: device('A') })
  })

  test('[MB13] every taking-in that no removal has ended stands; a removal ends all that it had not seen', () => {
    const twice = [...abc, add('twice', 'B', 'C', [top])]
    const standing = (ops: readonly MembershipOp[]): readonly string[] =>
      reduceMembership(ops, MESH).members.get(device('C'))?.standing ?? []
    expect(standing(twice)).toEqual([opId('add C'), opId('twice')].sort())
    const again = [...twice, remove('r', 'A', 'C', [top]), add('again', 'B', 'C', ['r'])]
    expect(standing(again)).toEqual([opId('again')])
    expect(removedBetween(reduceMembership(abc, MESH), reduceMembership(twice, MESH))).toEqual([])
    expect(removedBetween(reduceMembership(twice, MESH), reduceMembership(again, MESH))).toEqual([device('C')])
  })

  test('[MB4] removals in force are listed, those undone by a re-add or void are not', () => {
    const ops = [
      ...abcd,
      remove('r1', 'A', 'B', [top4]),
      remove('r2', 'B', 'C', [top4]),
      remove('r3', 'A', 'D', ['r1']),
    ]
    const undone = reduceMembership([...ops, add('again', 'A', 'D', ['r3'])], MESH)
    expect(undone.removed).toEqual([{ deviceId: device('B'), by: device('A'), opId: opId('r1'), atUnixMs: 0 }])
    expect(reduceMembership(ops, MESH).removed).toHaveLength(2)
  })

  test('[MB10] heads are what the next operation builds upon, without those that do not count', () => {
    const headsOf = (...more: MembershipOp[]) => reduceMembership([...abc, ...more], MESH).heads
    expect(headsOf()).toEqual([opId(top)])
    const forked = [add('d', 'A', 'D', [top]), add('e', 'B', 'E', [top])]
    expect(headsOf(...forked)).toEqual([opId('d'), opId('e')].sort())
    expect(headsOf(...forked, add('x', 'X', 'X', ['d']))).toEqual([opId('d'), opId('e')].sort())
    expect(headsOf(...forked, add('g', 'A', 'G', ['d', 'e']))).toEqual([opId('g')])
  })

  test('[MB10] a flood of heads cannot prevent the removal of who made it', () => {
    const flood = Array.from({ length: 80 }, (_, n) => add(`flood ${n}`, 'C', 'D', [top]))
    const flooded = reduceMembership([...abc, ...flood], MESH)
    const heads = headsToBuildOn(flooded, device('B'), 64)
    expect(flooded.heads).toHaveLength(80)
    expect(heads).toHaveLength(64)
    expect(membersOf([...abc, ...flood, { ...remove('r', 'B', 'C', []), heads }])).not.toContain('C')
    expect(headsToBuildOn(reduceMembership(abc, MESH), device('B'), 64)).toEqual([opId(top)])
    expect(headsToBuildOn(flooded, device('X'), 64)).toHaveLength(64)
  })

  test('[MB9] one operation beyond the limit and nobody is a member', () => {
    const chain: MembershipOp[] = [found('f', 'A')]
    for (let n = 1; n < MAX_MEMBERSHIP_OPS; n++) chain.push(add(`${n}`, 'A', 'B', [n === 1 ? 'f' : `${n - 1}`]))
    expect(membersOf(chain)).toBe('AB')
    expect(reduceMembership([...chain, add('one more', 'A', 'C', ['f'])], MESH)).toEqual(NO_MEMBERSHIP)
    expect(membersOf([...chain, ...chain])).toBe('AB')
  })

  test('[MB9] the worst shapes of a full mesh are reduced in bounded time', () => {
    const names = 'ABCDEFGHIJ'.split('')
    const ops: MembershipOp[] = [...meshOf(...names.slice(1)).ops]
    for (let n = ops.length; n < MAX_MEMBERSHIP_OPS; n++) {
      const [author, other] = [names[n % 10] as string, names[(n * 7 + 3) % 10] as string]
      ops.push(n % 2 === 0 ? remove(`${n}`, author, other, ['add J']) : add(`${n}`, author, other, ['add J']))
    }
    const before = performance.now()
    reduceMembership(ops, MESH)
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  test('[MB1] every order and repetition of any operations gives the same state, and nothing throws', () => {
    fc.assert(
      fc.property(anyHistory(), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (ops, random) => {
        const shuffled = [...ops, ...ops.filter((_, n) => n % 3 === 0)]
          .map((op) => [random.next().value, op] as const)
          .sort(([a], [b]) => a - b)
          .map(([, op]) => op)
        expect(reduceMembership(shuffled, MESH)).toEqual(reduceMembership(ops, MESH))
      }),
      { numRuns: 300 },
    )
  })

  test('[MB4] once a device is removed, no operation of its own without a re-add brings it back', () => {
    fc.assert(
      fc.property(anyHistory(), (ops) => {
        const { members, heads } = reduceMembership(ops, MESH)
        fc.pre(members.has(device('A')) && members.has(device('B')))
        const removal = { ...remove('last', 'A', 'B', []), heads }
        const known = [...heads, (ops.at(-1) as MembershipOp).opId]
        const made = ['C', 'B', 'E'].map((whom) => ({ ...add(`B adds ${whom}`, 'B', whom, []), heads: known }))
        expect(reduceMembership([...ops, removal, ...made], MESH).members.has(device('B'))).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})
