/** The rules of docs/spec/membership.md checked by hand-made sets on random histories, not by the code's own bit sets. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId, OpId } from '../../../src/model/ids.ts'
import type { FoundOp, MembershipOp } from '../../../src/model/membership.ts'
import { causalHistory } from '../../../src/policy/causal-history.ts'
import { dependencyGroups } from '../../../src/policy/dependency-groups.ts'
import { setHas } from '../../../src/policy/op-set.ts'
import { resolveRemovals } from '../../../src/policy/resolve-removals.ts'
import { anyHistory } from './membership-ops.ts'

interface Naive {
  readonly ops: readonly MembershipOp[]
  readonly isBefore: (a: MembershipOp, b: MembershipOp) => boolean
  readonly counts: (op: MembershipOp) => boolean
}

function resolve(all: readonly MembershipOp[]): Naive {
  const known = new Map(all.map((op) => [op.opId, op]))
  const history = causalHistory(all[0] as FoundOp, known)
  const { counting } = resolveRemovals(history)
  const pasts = new Map<OpId, ReadonlySet<OpId>>()
  for (const op of history.ops) {
    pasts.set(op.opId, new Set(op.heads.flatMap((head) => [head, ...(pasts.get(head) as ReadonlySet<OpId>)])))
  }
  return {
    ops: history.ops,
    isBefore: (a, b) => pasts.get(b.opId)?.has(a.opId) === true,
    counts: (op) => setHas(counting, history.ops.indexOf(op)),
  }
}

const gives = (op: MembershipOp, device: DeviceId): boolean => op.kind !== 'remove' && op.card.deviceId === device
const removes = (op: MembershipOp, device: DeviceId): boolean => op.kind === 'remove' && op.subject === device

/** MB3: an add it knew made its author a member, and every removal it knew was known to that add. */
function wasMember({ ops, isBefore, counts }: Naive, op: MembershipOp): boolean {
  return ops.some(
    (give) =>
      gives(give, op.author) &&
      isBefore(give, op) &&
      counts(give) &&
      !ops.some((r) => removes(r, op.author) && counts(r) && isBefore(r, op) && !isBefore(r, give)),
  )
}

/** MB6: removals of its author that neither knew it nor were known to it. */
function voidersOf({ ops, isBefore, counts }: Naive, op: MembershipOp): readonly MembershipOp[] {
  return ops.filter((r) => r !== op && removes(r, op.author) && counts(r) && !isBefore(r, op) && !isBefore(op, r))
}

/** Whether what becomes of `b` can change what becomes of `a`, over any number of steps. */
function dependsOn({ ops, isBefore }: Naive, a: MembershipOp, b: MembershipOp): boolean {
  const seen = new Set<MembershipOp>()
  const open = [a]
  for (let op = open.pop(); op !== undefined; op = open.pop()) {
    for (const next of ops) {
      const isSupport = gives(next, op.author) && isBefore(next, op)
      const isThreat = next !== op && removes(next, op.author) && !isBefore(op, next)
      if ((isSupport || isThreat) && op.kind !== 'found' && !seen.has(next)) {
        seen.add(next)
        open.push(next)
      }
    }
  }
  return seen.has(b)
}

describe('resolveRemovals', () => {
  test('[MB3] an add counts exactly if its author was a member and no removal voids it', () => {
    fc.assert(
      fc.property(anyHistory(), (all) => {
        const naive = resolve(all)
        for (const op of naive.ops.filter(({ kind }) => kind === 'add')) {
          expect(naive.counts(op)).toBe(wasMember(naive, op) && voidersOf(naive, op).length === 0)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('[MB6] a removal that does not count has a reason', () => {
    fc.assert(
      fc.property(anyHistory(), (all) => {
        const naive = resolve(all)
        for (const op of naive.ops.filter((removal) => removal.kind === 'remove' && !naive.counts(removal))) {
          expect(!wasMember(naive, op) || voidersOf(naive, op).length > 0).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('[MB7] a removal of a removed author counts only in a circle, and whoever lacks standing only as part of one', () => {
    fc.assert(
      fc.property(anyHistory(), (all) => {
        const naive = resolve(all)
        for (const op of naive.ops.filter((removal) => removal.kind === 'remove' && naive.counts(removal))) {
          for (const voider of voidersOf(naive, op)) expect(dependsOn(naive, voider, op)).toBe(true)
          const wasTakenIn = naive.ops.some((give) => gives(give, op.author) && naive.isBefore(give, op))
          expect(wasTakenIn && (wasMember(naive, op) || dependsOn(naive, op, op))).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('dependencyGroups', () => {
  const SIZE = 9
  const edges = fc.array(fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1)), { maxLength: 25 })

  test('[MB7] two nodes are together exactly if each depends on the other, and dependencies come first', () => {
    fc.assert(
      fc.property(edges, (pairs) => {
        const next = (node: number): number[] => pairs.filter(([from]) => from === node).map(([, to]) => to)
        const reach = (from: number): Set<number> => {
          const seen = new Set([from])
          for (const node of seen) for (const to of next(node)) seen.add(to)
          return seen
        }
        const groups = dependencyGroups(SIZE, next)
        const placeOf = (node: number): number => groups.findIndex((group) => group.includes(node))
        expect(groups.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: SIZE }, (_, node) => node))
        for (let a = 0; a < SIZE; a++) {
          for (let b = 0; b < SIZE; b++) {
            expect(placeOf(a) === placeOf(b)).toBe(reach(a).has(b) && reach(b).has(a))
            if (reach(a).has(b)) expect(placeOf(b)).toBeLessThanOrEqual(placeOf(a))
          }
        }
      }),
    )
  })

  test('[MB9] a chain of any length is walked without recursion', () => {
    const groups = dependencyGroups(100_000, (node) => (node + 1 < 100_000 ? [node + 1] : []))
    expect(groups).toHaveLength(100_000)
  })
})
