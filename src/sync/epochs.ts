/**
 * The content keys of this device's lanes. An epoch lasts at most one UTC day of admission on the owner's clock; a
 * revocation, a grant's end or a change of stage starts the next, under a key of its own that nothing is derived from.
 */
import type { Crypto } from '../base/crypto.ts'
import type { Lane } from '../model/lane.ts'
import { planEpoch, type EpochPlan } from '../policy/epoch-plan.ts'
import type { Ledger } from './ledger.ts'
import type { OwnerClock } from './owner-clock.ts'

export interface OwnEpoch {
  readonly lane: Lane
  readonly n: number
  readonly startedUnixMs: number
  readonly key: Uint8Array
}
export interface EpochsDeps {
  readonly crypto: Crypto
  readonly ownerClock: OwnerClock
  readonly table: {
    current(lane: Lane): OwnEpoch | undefined
    insert(epoch: OwnEpoch): void
  }
  readonly ledger: Ledger
  readonly self: string
  /** When live grants for a lane begin or end: an epoch must not reach across such a time. */
  readonly boundaries: (lane: Lane) => readonly number[]
}

/** A plan that was asked to rotate is never `keep`. */
type PlannedEpoch = Exclude<EpochPlan, 'keep'>

const KEY_BYTES = 32

export class Epochs {
  readonly #deps: EpochsDeps
  readonly #current = new Map<Lane, OwnEpoch>()

  constructor(deps: EpochsDeps) {
    this.#deps = deps
  }

  /** The epoch that a record admitted now belongs to; starts a new one when the last may not go on. */
  current(lane: Lane): OwnEpoch {
    const { ownerClock, table, boundaries } = this.#deps
    const current = this.#current.get(lane) ?? table.current(lane)
    const plan = planEpoch(current, { nowUnixMs: ownerClock.now(), rotate: false, boundaries: boundaries(lane) })
    if (plan !== 'keep' || current === undefined) return this.#start(this.prepare(lane))
    this.#current.set(lane, current)
    return current
  }

  /** The next epoch of a lane, not in force yet: {@link commit} puts it there, inside the caller's transaction. */
  prepare(lane: Lane): OwnEpoch {
    const { ownerClock, table, crypto } = this.#deps
    const last = this.#current.get(lane) ?? table.current(lane)
    const plan = planEpoch(last, { nowUnixMs: ownerClock.now(), rotate: true, boundaries: [] }) as PlannedEpoch
    return { lane, n: plan.n, startedUnixMs: plan.startedUnixMs, key: crypto.randomBytes(KEY_BYTES) }
  }

  /** Whether a prepared epoch can still be the next: a day may have begun another while it was being sealed for readers. */
  isNext({ lane, n }: OwnEpoch): boolean {
    return n === (this.#deps.table.current(lane)?.n ?? -1) + 1
  }

  /** What is in force is read again from the table: the caller's transaction may still roll back. */
  commit(epoch: OwnEpoch): void {
    this.#deps.table.insert(epoch)
    this.#current.delete(epoch.lane)
  }

  /** Writes the leaf of a new key; before {@link commit}, like every leaf. */
  record(epoch: OwnEpoch): void {
    this.#deps.ledger.append({
      type: 'key.created',
      outcome: 'success',
      actor: { kind: 'device', ref: this.#deps.self },
      object: { kind: 'key', ref: epochRef(epoch) },
      payload: { lane: epoch.lane, epoch: epoch.n },
    })
  }

  #start(epoch: OwnEpoch): OwnEpoch {
    this.record(epoch)
    this.commit(epoch)
    return epoch
  }
}

/** What the leaf of an epoch names it by. */
export function epochRef({ lane, n }: Pick<OwnEpoch, 'lane' | 'n'>): string {
  return `${lane}/${n}`
}
