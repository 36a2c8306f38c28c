/** The first traces of an order behind a place in it, of all that are shown to it, each once; the rest is forgotten. */
import type { TraceId } from '../../model/ids.ts'
import { compareText } from '../compare-copies.ts'
import type { TraceSummaryRow } from '../trace-source.ts'
import type { Place } from './search-cursor.ts'
import type { TraceSort } from './search-query.ts'

interface Placed extends Place {
  readonly row: TraceSummaryRow
  readonly foundUnixNano: bigint
}

export class TopTraces {
  readonly #sort: TraceSort
  readonly #limit: number
  readonly #after: Place | undefined
  readonly #kept: Placed[] = []
  readonly #ids = new Set<TraceId>()
  #hasMore = false
  #behindUnixNano = 0n

  constructor(sort: TraceSort, limit: number, after: Place | undefined) {
    this.#sort = sort
    this.#limit = limit
    this.#after = after
  }

  /** @param foundUnixNano the latest moment of the first chunk that has a match of it */
  add(row: TraceSummaryRow, foundUnixNano: bigint): void {
    const placed = { row, foundUnixNano, value: valueOf(row, this.#sort), tie: row.traceId }
    if (this.#ids.has(row.traceId)) return
    if (this.#after !== undefined && compare(placed, this.#after) <= 0) return
    const at = this.#kept.findIndex((other) => compare(placed, other) < 0)
    if (at >= 0) this.#kept.splice(at, 0, placed)
    else this.#kept.push(placed)
    this.#ids.add(row.traceId)
    if (this.#kept.length <= this.#limit) return
    const out = this.#kept.pop()
    if (out === undefined) return
    this.#ids.delete(out.row.traceId)
    this.noteBehind(out.foundUnixNano)
  }

  /** Of traces by their start: whether one that starts no later than this can still have a place. */
  mayStartAt(startUnixNano: bigint): boolean {
    const last = this.#kept[this.#limit - 1]
    return this.#sort !== 'newest' || last === undefined || startUnixNano >= last.value
  }

  /** A trace that is not shown: it starts behind the page. */
  noteBehind(foundUnixNano: bigint): void {
    this.#hasMore = true
    this.noteLeft(foundUnixNano)
  }

  /** A chunk of which nobody knows whether it has matches of traces behind the page. */
  noteLeft(latestUnixNano: bigint): void {
    if (latestUnixNano > this.#behindUnixNano) this.#behindUnixNano = latestUnixNano
  }

  /** No later chunk of those that were looked at has a match of a trace behind the page. */
  get behindUnixNano(): bigint {
    return this.#behindUnixNano
  }

  rows(): readonly TraceSummaryRow[] {
    return this.#kept.map(({ row }) => row)
  }

  /** Where the page ends; undefined while nothing is left to come behind it. `isCertain`: everything was shown. */
  end(isCertain: boolean): Place | undefined {
    const isFull = this.#kept.length === this.#limit
    return isFull && (this.#hasMore || !isCertain) ? this.#kept.at(-1) : undefined
  }
}

function valueOf({ startUnixNano, endUnixNano, spans }: TraceSummaryRow, sort: TraceSort): bigint {
  switch (sort) {
    case 'newest':
      return startUnixNano
    case 'duration':
      return endUnixNano > startUnixNano ? endUnixNano - startUnixNano : 0n
    case 'spans':
      return BigInt(spans)
  }
}

/** The largest value first; ties by trace id. */
function compare(a: Place, b: Place): number {
  if (a.value !== b.value) return a.value > b.value ? -1 : 1
  return compareText(a.tie, b.tie)
}
