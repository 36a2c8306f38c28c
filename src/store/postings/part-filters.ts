/** Filters of trace keys, by part: kept in memory only, within a bound, and made again from the parts after a start. */
import { KeyFilter } from './key-filter.ts'
import type { Part, PartId } from './part-table.ts'
import { TRACES } from './posting-source.ts'

/** Of trace keys, some 800 are in a block. */
const BYTES_PER_BLOCK = 1_024
/** Enough for six million traces. Older parts beyond it are looked into. */
const MAX_FILTER_BYTES = 8 * 2 ** 20

export class PartFilters {
  readonly #filters = new Map<PartId, KeyFilter>()

  get bytes(): number {
    return [...this.#filters.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get(id: PartId): KeyFilter | undefined {
    return this.#filters.get(id)
  }

  /** Whether a part has none and may have one. */
  hasRoomFor(part: Part): boolean {
    return !this.#filters.has(part.id) && this.bytes + bytesFor(part) <= MAX_FILTER_BYTES
  }

  /** Empty: say so of no key before all of the part's are in it. */
  make(part: Part): KeyFilter {
    return new KeyFilter(bytesFor(part))
  }

  add(id: PartId, filter: KeyFilter): void {
    this.#filters.set(id, filter)
  }

  /** Forgets all others: ids of parts that are gone are given again. */
  keep(ids: ReadonlySet<PartId>): void {
    for (const id of this.#filters.keys()) if (!ids.has(id)) this.#filters.delete(id)
  }
}

function bytesFor(part: Part): number {
  return part.keys[TRACES].fences.length * BYTES_PER_BLOCK
}
