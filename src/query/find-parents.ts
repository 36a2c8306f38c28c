/**
 * Which span each span's parent id means: among several of that id the one of the child's own device, else the best proven,
 * else the first (docs/spec/query.md QU5). A binary search for each span, however many share an id.
 */
import type { Steps } from '../base/steps.ts'
import type { CollectedSpans } from './collect-spans.ts'
import { compareEvidence } from './compare-copies.ts'
import { select, SPANS_PER_STEP, type KeptChunk } from './span-table.ts'

/** Names no parent. */
export const NO_PARENT = -1
/** Names one that is not here. */
export const MISSING_PARENT = -2

/** By number of a span: its parent's number, or one of the two above. */
export function* findParents(spans: CollectedSpans): Steps<Int32Array> {
  yield
  const { count, columns, device } = spans
  const ids = new IdIndex(spans)
  yield
  const parents = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    if (i % SPANS_PER_STEP === 0) yield
    const [high, low] = [columns.parentHigh[i] as number, columns.parentLow[i] as number]
    parents[i] = high === 0 && low === 0 ? NO_PARENT : ids.find(high, low, device[i] as number)
  }
  return parents
}

/** Spans by span id, and of each id the one that is meant. Four columns of their own: a search jumps about in them. */
class IdIndex {
  readonly #spans: CollectedSpans
  /** All in the order of {@link CollectedSpans.byId}. */
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  readonly #device: Uint32Array
  /** The best of all that have the id, and of those that have it on the same device. */
  readonly #best: Uint32Array
  readonly #bestOnDevice: Uint32Array

  constructor(spans: CollectedSpans) {
    this.#spans = spans
    this.#high = select(spans.columns.spanHigh, spans.byId)
    this.#low = select(spans.columns.spanLow, spans.byId)
    this.#device = select(spans.device, spans.byId)
    this.#best = spans.byId.slice()
    this.#bestOnDevice = spans.byId.slice()
    this.#rankRuns(this.#best, (a, b) => this.#hasSameId(a, b))
    this.#rankRuns(this.#bestOnDevice, (a, b) => this.#hasSameId(a, b) && this.#device[a] === this.#device[b])
  }

  /** The span that a child on a device means by an id. */
  find(high: number, low: number, device: number): number {
    const place = this.#firstPlace(high, low, device)
    if (this.#isAt(place, high, low)) {
      const best = this.#device[place] === device ? this.#bestOnDevice : this.#best
      return best[place] as number
    }
    return this.#isAt(place - 1, high, low) ? (this.#best[place - 1] as number) : MISSING_PARENT
  }

  /** Puts the best of each run of neighbours that belong together at every place of the run. */
  #rankRuns(best: Uint32Array, belong: (a: number, b: number) => boolean): void {
    const { byId } = this.#spans
    for (let from = 0, to = 1; from < byId.length; from = to, to++) {
      let found = byId[from] as number
      for (; to < byId.length && belong(from, to); to++) {
        if (this.#isBetter(byId[to] as number, found)) found = byId[to] as number
      }
      if (to > from + 1) best.fill(found, from, to)
    }
  }

  #isBetter(a: number, b: number): boolean {
    const { chunks, columns } = this.#spans
    const evidenceOf = (span: number) => (chunks[columns.chunk[span] as number] as KeptChunk).evidence
    return (compareEvidence(evidenceOf(a), evidenceOf(b)) || a - b) < 0
  }

  /** Of the places whose id and device are not below these. */
  #firstPlace(high: number, low: number, device: number): number {
    let [from, to] = [0, this.#high.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      const difference =
        (this.#high[middle] as number) - high ||
        (this.#low[middle] as number) - low ||
        (this.#device[middle] as number) - device
      if (difference < 0) from = middle + 1
      else to = middle
    }
    return from
  }

  #isAt(place: number, high: number, low: number): boolean {
    return this.#high[place] === high && this.#low[place] === low
  }

  #hasSameId(a: number, b: number): boolean {
    return this.#low[a] === this.#low[b] && this.#high[a] === this.#high[b]
  }
}
