/** Counts rejected records and remembers why the first one was. */
import type { OtlpError } from './otlp-error.ts'
import type { RejectedRecords } from './rows.ts'

export class RejectedTally {
  #count = 0
  #first: OtlpError | undefined

  /** `records` is what one rejected field stands for: its data points for a metric, else 1. */
  add(why: OtlpError, records: number): void {
    this.#count += records
    this.#first ??= why
  }

  result(): RejectedRecords | undefined {
    const first = this.#first
    return first && { count: this.#count, code: first.code, message: first.message }
  }
}

/** Adds up what two steps rejected; the first reason is kept. */
export function addRejected(
  first: RejectedRecords | undefined,
  second: RejectedRecords | undefined,
): RejectedRecords | undefined {
  return first && second ? { ...first, count: first.count + second.count } : (first ?? second)
}
