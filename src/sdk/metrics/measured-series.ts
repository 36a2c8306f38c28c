/**
 * The series of an instrument as its calls see them: one door for every value. A value that is no number, that is negative
 * where only more can come, or whose attributes cannot be read is counted and changes nothing.
 */
import type { Attributes } from '@opentelemetry/api'
import type { MeterState } from './instrument.ts'
import { SeriesTable, type Series } from './series-table.ts'

/** Which values an instrument takes. */
export type Sign = 'any' | 'not-negative'

export class MeasuredSeries<T> {
  readonly #state: MeterState
  readonly #isSigned: boolean
  readonly #table: SeriesTable<T>
  /** Of no attributes: most instruments have no other. */
  #plain: T | undefined

  constructor(state: MeterState, sign: Sign, newPoint: () => T) {
    this.#state = state
    this.#isSigned = sign === 'any'
    this.#table = new SeriesTable(state.room, newPoint)
  }

  /** The point that a value changes; undefined if it is not taken, or the stage collects no metrics. */
  at(value: number, attributes: Attributes | undefined): T | undefined {
    const state = this.#state
    if (!state.isOn) return undefined
    try {
      if (Number.isFinite(value) && (value >= 0 || this.#isSigned)) {
        return attributes === undefined ? (this.#plain ??= this.#table.at({})) : this.#table.at(attributes)
      }
    } catch {
      // A getter of the module's own threw: the value is a bad one.
    }
    state.badValues++
    return undefined
  }

  all(): readonly Series<T>[] {
    return this.#table.all()
  }

  clear(): void {
    this.#table.clear()
    this.#plain = undefined
  }
}
