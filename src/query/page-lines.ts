/**
 * The lines of one page, each once: of all that are shown to it those nearest to where the page begins, and never more of
 * them than are wanted. What is left out is forgotten.
 *
 * The same lines in any order, some of them again, leave the same ones: a line once left out stays out, because
 * whatever pushed it out is nearer and still there.
 */
import { compareText, isBetterCopy } from './compare-copies.ts'
import type { LogLine } from './log-line.ts'
import type { Place } from './search/search-cursor.ts'

/** Its place: on this device's clock, then device and content. */
export interface PlacedLine extends Place {
  readonly line: LogLine
  /** Size of its record. */
  readonly bytes: number
}

export interface PageLimits {
  readonly lines: number
  /** Of their records together. One line is kept whatever its size. */
  readonly bytes: number
}

/** Which way a page goes from its beginning; without one, `older` begins with the newest line there is. */
export type PageDirection = 'older' | 'newer'

export class PageLines {
  readonly #limits: PageLimits
  readonly #direction: PageDirection
  readonly #begin: Place | undefined
  readonly #kept = new Map<string, { placed: PlacedLine; copies: number }>()
  #bytes = 0
  /** What is farther than this has no place any more. */
  #farthest: Place | undefined

  constructor(limits: PageLimits, direction: PageDirection = 'older', begin?: Place) {
    this.#limits = limits
    this.#direction = direction
    this.#begin = begin
  }

  /** Whether a line of this time, and any farther one, could still have a place. */
  hasPlaceAt(time: bigint): boolean {
    if (this.#farthest === undefined) return true
    return this.#direction === 'older' ? time >= this.#farthest.value : time <= this.#farthest.value
  }

  /** May keep more than is wanted until {@link trim} is called. @returns whether the line is on this side of the page's beginning */
  add(placed: PlacedLine): boolean {
    if (this.#begin !== undefined && this.#compare(placed, this.#begin) <= 0) return false
    if (this.#farthest !== undefined && this.#compare(placed, this.#farthest) > 0) return true
    const known = this.#kept.get(placed.tie)
    if (known === undefined) {
      this.#kept.set(placed.tie, { placed, copies: 1 })
      this.#bytes += placed.bytes
      return true
    }
    known.copies++
    if (isBetterCopy(evidenceOf(placed), evidenceOf(known.placed))) known.placed = placed
    return true
  }

  /** Leaves out what is too much. */
  trim(): void {
    const { lines, bytes } = this.#limits
    if (this.#kept.size < lines && this.#bytes <= bytes) return
    const sorted = [...this.#kept.values()].map(({ placed }) => placed).sort((a, b) => this.#compare(a, b))
    let [count, sum] = [0, 0]
    for (const placed of sorted) {
      if (count === lines || (count > 0 && sum + placed.bytes > bytes)) break
      count++
      sum += placed.bytes
    }
    for (const { tie } of sorted.slice(count)) this.#kept.delete(tie)
    this.#bytes = sum
    // Only a full number of lines rules out what is farther than the last; of too many bytes, a smaller line might fit.
    this.#farthest = (count === lines ? sorted[count - 1] : sorted[count]) ?? this.#farthest
  }

  /** Oldest first, and how many records they stand for. */
  result(): { readonly lines: readonly PlacedLine[]; readonly records: number } {
    this.trim()
    const kept = [...this.#kept.values()]
    const lines = kept.map(({ placed }) => placed).sort(comparePlaces)
    return { lines, records: kept.reduce((sum, { copies }) => sum + copies, 0) }
  }

  /** The nearest to the page's beginning first. */
  #compare(a: Place, b: Place): number {
    return this.#direction === 'older' ? comparePlaces(b, a) : comparePlaces(a, b)
  }
}

/** The oldest first. */
function comparePlaces(a: Place, b: Place): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return compareText(a.tie, b.tie)
}

function evidenceOf({ line }: PlacedLine) {
  return { evidence: line.provenance, module: line.module }
}
