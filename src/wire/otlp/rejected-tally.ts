/** Counts rejected records by why they were: each distinct reason with its count, up to a few, the first one first. */
import type { RejectedReason, RejectedRecords } from './rows.ts'

/** Most distinct reasons that are told: they are words of ours, so that a sender rarely has more wrong at once. */
export const MAX_REJECTED_REASONS = 8

export class RejectedTally {
  #count = 0
  readonly #reasons = new Map<string, { code: string; message: string; count: number }>()

  /** `records` is what one rejected field stands for: its data points for a metric, else 1. */
  add({ code, message }: Pick<RejectedReason, 'code' | 'message'>, records: number): void {
    this.#count += records
    const key = `${code}: ${message}`
    const known = this.#reasons.get(key)
    if (known !== undefined) known.count += records
    else if (this.#reasons.size < MAX_REJECTED_REASONS) this.#reasons.set(key, { code, message, count: records })
  }

  result(): RejectedRecords | undefined {
    const [first] = this.#reasons.values()
    if (first === undefined) return undefined
    const { code, message } = first
    return { count: this.#count, code, message, reasons: [...this.#reasons.values()] }
  }

  /** Counts whatever another tally did; what that had no room to name has no reason here either. */
  addAll({ count, reasons }: RejectedRecords): void {
    for (const reason of reasons) this.add(reason, reason.count)
    this.#count += count - namedOf(reasons)
  }
}

/** Adds up what two steps rejected. */
export function addRejected(
  first: RejectedRecords | undefined,
  second: RejectedRecords | undefined,
): RejectedRecords | undefined {
  if (first === undefined || second === undefined) return first ?? second
  const tally = new RejectedTally()
  tally.addAll(first)
  tally.addAll(second)
  return tally.result()
}

/** How many of them were for reasons there was no room for. */
export function unnamedOf({ count, reasons }: RejectedRecords): number {
  return count - namedOf(reasons)
}

function namedOf(reasons: readonly RejectedReason[]): number {
  return reasons.reduce((sum, reason) => sum + reason.count, 0)
}
