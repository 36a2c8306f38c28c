/**
 * Who knew what when: membership operations in causal order, each with the set of operations below it.
 *
 * Operations that do not hang on the root through known heads are left out (pending). Equal inputs give an equal
 * history whatever their order: operations are sorted by id among those that could come next.
 * Rules: docs/spec/membership.md MB1, MB2.
 */
import type { MembershipOp } from '../model/membership.ts'
import type { OpId } from '../model/ids.ts'
import { addToSet, newOpSet, setHas, uniteInto, type OpSet } from './op-set.ts'

export interface CausalHistory {
  /** Every attached operation, each after all operations below it. An operation's number is its place here. */
  readonly ops: readonly MembershipOp[]
  /** Per operation: the numbers of all operations strictly below it. */
  readonly pasts: readonly OpSet[]
}

export function causalHistory(root: MembershipOp, known: ReadonlyMap<OpId, MembershipOp>): CausalHistory {
  const ops = inCausalOrder(root, known)
  const numbers = new Map(ops.map((op, number) => [op.opId, number]))
  const pasts: OpSet[] = []
  for (const op of ops) {
    const past = newOpSet(ops.length)
    for (const head of op.heads) {
      const number = numbers.get(head) as number
      uniteInto(past, pasts[number] as OpSet)
      addToSet(past, number)
    }
    pasts.push(past)
  }
  return { ops, pasts }
}

export function isBefore(history: CausalHistory, a: number, b: number): boolean {
  return setHas(history.pasts[b] as OpSet, a)
}

/** Neither author had seen the other's operation. */
export function areConcurrent(history: CausalHistory, a: number, b: number): boolean {
  return a !== b && !isBefore(history, a, b) && !isBefore(history, b, a)
}

/** Generation by generation from the root; an operation with a head that never comes, or in a circle, is never reached. */
function inCausalOrder(root: MembershipOp, known: ReadonlyMap<OpId, MembershipOp>): MembershipOp[] {
  const missing = new Map<OpId, number>()
  const above = new Map<OpId, MembershipOp[]>()
  for (const op of known.values()) {
    const heads = new Set(op.heads)
    missing.set(op.opId, heads.size)
    for (const head of heads) {
      const referring = above.get(head)
      if (referring) referring.push(op)
      else above.set(head, [op])
    }
  }
  const ordered: MembershipOp[] = []
  for (let generation = [root]; generation.length > 0;) {
    ordered.push(...generation)
    const next: MembershipOp[] = []
    for (const op of generation.flatMap(({ opId }) => above.get(opId) ?? [])) {
      const left = (missing.get(op.opId) as number) - 1
      missing.set(op.opId, left)
      if (left === 0) next.push(op)
    }
    generation = next.sort((a, b) => (a.opId < b.opId ? -1 : 1))
  }
  return ordered
}
