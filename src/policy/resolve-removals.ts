/**
 * Decides which membership operations count: strong removal (docs/spec/membership.md MB4 to MB8).
 *
 * Whether an operation counts depends on the adds that made its author a member and on removals of its author that it
 * had not foreseen. Removals that depend on each other in a circle all count: whoever is accused by an accused device
 * is out with it, since an operation "concurrent" to one's own removal can be made up afterwards.
 */
import type { DeviceId } from '../model/ids.ts'
import type { MembershipOp } from '../model/membership.ts'
import { areConcurrent, isBefore, type CausalHistory } from './causal-history.ts'
import { dependencyGroups } from './dependency-groups.ts'
import { addToSet, meet, newOpSet, setHas, type OpSet } from './op-set.ts'

/** The operations that say something about one device. */
export interface Mentions {
  /** Numbers of the operations that take it in, in causal order. */
  readonly gives: number[]
  /** Numbers of the operations that remove it, in causal order. */
  readonly removals: number[]
  readonly removalSet: OpSet
}

export interface Resolution {
  /** The operations that count. */
  readonly counting: OpSet
  readonly mentions: ReadonlyMap<DeviceId, Mentions>
}

export function resolveRemovals(history: CausalHistory): Resolution {
  const { ops } = history
  const mentions = mentionsByDevice(ops)
  const counting = newOpSet(ops.length)
  const judge = new Judge(history, mentions)
  for (const group of dependencyGroups(ops.length, (number) => judge.dependenciesOf(number))) {
    if (group.length > 1) judge.settleCircle(group, counting)
    else for (const number of group) if (judge.counts(number, counting)) addToSet(counting, number)
  }
  return { counting, mentions }
}

/** Whether the operation numbered `give` still makes its device a member, given the removals in all of `within`. */
export function holdsAgainst(history: CausalHistory, give: number, { removalSet }: Mentions, within: OpSet[]): boolean {
  return !meet([removalSet, ...within], history.pasts[give] as OpSet)
}

class Judge {
  readonly #history: CausalHistory
  readonly #mentions: ReadonlyMap<DeviceId, Mentions>

  constructor(history: CausalHistory, mentions: ReadonlyMap<DeviceId, Mentions>) {
    this.#history = history
    this.#mentions = mentions
  }

  /** Adds of the author it had seen, and removals of the author that had not seen it. */
  *dependenciesOf(number: number): Iterable<number> {
    const about = this.#aboutAuthorOf(number)
    for (const give of about?.gives ?? []) if (isBefore(this.#history, give, number)) yield give
    for (const removal of about?.removals ?? []) {
      if (removal !== number && !isBefore(this.#history, number, removal)) yield removal
    }
  }

  counts(number: number, counting: OpSet): boolean {
    return this.#authorWasMember(number, counting) && !this.#isVoided(number, counting)
  }

  /** Removals first, blind to those of their own circle that they had not seen; then the adds, which see them all. */
  settleCircle(circle: readonly number[], counting: OpSet): void {
    const standing = counting.slice()
    for (const number of circle) {
      if (this.#authorWasMember(number, standing) && !this.#isVoided(number, counting)) addToSet(standing, number)
    }
    const isRemoval = (number: number): boolean => this.#history.ops[number]?.kind === 'remove'
    for (const number of circle) if (isRemoval(number) && setHas(standing, number)) addToSet(counting, number)
    for (const number of circle) if (!isRemoval(number) && this.counts(number, counting)) addToSet(counting, number)
  }

  #aboutAuthorOf(number: number): Mentions | undefined {
    const op = this.#history.ops[number] as MembershipOp
    return op.kind === 'found' ? undefined : this.#mentions.get(op.author)
  }

  #authorWasMember(number: number, counting: OpSet): boolean {
    if (this.#history.ops[number]?.kind === 'found') return true
    const past = this.#history.pasts[number] as OpSet
    const about = this.#aboutAuthorOf(number)
    return (about?.gives ?? []).some(
      (give) =>
        setHas(past, give) &&
        setHas(counting, give) &&
        holdsAgainst(this.#history, give, about as Mentions, [counting, past]),
    )
  }

  #isVoided(number: number, counting: OpSet): boolean {
    const removals = this.#aboutAuthorOf(number)?.removals ?? []
    return removals.some((removal) => setHas(counting, removal) && areConcurrent(this.#history, removal, number))
  }
}

function mentionsByDevice(ops: readonly MembershipOp[]): ReadonlyMap<DeviceId, Mentions> {
  const mentions = new Map<DeviceId, Mentions>()
  for (const [number, op] of ops.entries()) {
    const device = op.kind === 'remove' ? op.subject : op.card.deviceId
    const about = mentions.get(device) ?? { gives: [], removals: [], removalSet: newOpSet(ops.length) }
    mentions.set(device, about)
    if (op.kind === 'remove') {
      about.removals.push(number)
      addToSet(about.removalSet, number)
    } else about.gives.push(number)
  }
  return mentions
}
