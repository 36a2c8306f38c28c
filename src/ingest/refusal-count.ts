/** What of one batch of a plugin was refused: records, told to the sender, and details of records that were taken. */
import type { PluginRefusalCode } from '../policy/plugins/refusal-codes.ts'
import { refusalWords } from '../policy/plugins/refusal-codes.ts'
import { OtlpError } from '../wire/otlp/otlp-error.ts'
import { RejectedTally } from '../wire/otlp/rejected-tally.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'

/** A record that a plugin may not have written. */
export class RefusedRecord extends Error {
  readonly code: PluginRefusalCode

  constructor(code: PluginRefusalCode) {
    super(code)
    this.code = code
  }
}

export type PluginRefusalCounts = ReadonlyMap<PluginRefusalCode, number>

/** Counts what turned out to be malformed before or after the manifest was looked at. */
export function withMalformed(
  refusals: PluginRefusalCounts,
  rejected: RejectedRecords | undefined,
): PluginRefusalCounts {
  if (rejected === undefined) return refusals
  const count = (refusals.get('PLUGIN_MALFORMED') ?? 0) + rejected.count
  return new Map([...refusals, ['PLUGIN_MALFORMED', count]])
}

export class RefusalCount {
  readonly #records = new RejectedTally()
  readonly #all = new Map<PluginRefusalCode, number>()

  /** Records that are not taken. */
  record(why: PluginRefusalCode | OtlpError, records: number): void {
    const code = why instanceof OtlpError ? 'PLUGIN_MALFORMED' : why
    this.#records.add(why instanceof OtlpError ? why : { code, message: refusalWords(code) }, records)
    this.#add(code, records)
  }

  /** A detail that was left out or cut. */
  detail(code: PluginRefusalCode): void {
    this.#add(code, 1)
  }

  get rejected(): RejectedRecords | undefined {
    return this.#records.result()
  }

  get all(): PluginRefusalCounts {
    return this.#all
  }

  #add(code: PluginRefusalCode, count: number): void {
    this.#all.set(code, (this.#all.get(code) ?? 0) + count)
  }
}
