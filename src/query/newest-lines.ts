/**
 * The newest of all lines shown to it, each once, and never more of them than are wanted: what is left out is forgotten.
 *
 * The same lines in any order, some of them again, leave the same ones: a line once left out stays out, because
 * whatever pushed it out is newer and still there.
 */
import { compareText, isBetterCopy } from './compare-copies.ts'
import type { LogLine } from './log-line.ts'

export interface PlacedLine {
  readonly line: LogLine
  /** On this device's clock. */
  readonly correctedTime: bigint
  /** Device and content. */
  readonly key: string
  /** Size of its record. */
  readonly bytes: number
}

export interface NewestLinesLimits {
  readonly lines: number
  /** Of their records together. One line is kept whatever its size. */
  readonly bytes: number
}

export class NewestLines {
  readonly #limits: NewestLinesLimits
  readonly #kept = new Map<string, { placed: PlacedLine; copies: number }>()
  #bytes = 0
  /** What is older than this has no place any more. */
  #floor: PlacedLine | undefined

  constructor(limits: NewestLinesLimits) {
    this.#limits = limits
  }

  /** Whether a line of this time could still have a place. */
  hasPlaceAt(correctedTime: bigint): boolean {
    return this.#floor === undefined || correctedTime >= this.#floor.correctedTime
  }

  /** May keep more than is wanted until {@link trim} is called. */
  add(placed: PlacedLine): void {
    if (this.#floor !== undefined && comparePlaced(placed, this.#floor) < 0) return
    const known = this.#kept.get(placed.key)
    if (known === undefined) {
      this.#kept.set(placed.key, { placed, copies: 1 })
      this.#bytes += placed.bytes
      return
    }
    known.copies++
    if (isBetterCopy(evidenceOf(placed), evidenceOf(known.placed))) known.placed = placed
  }

  /** Leaves out what is too much. */
  trim(): void {
    const { lines, bytes } = this.#limits
    if (this.#kept.size < lines && this.#bytes <= bytes) return
    const sorted = [...this.#kept.values()].map(({ placed }) => placed).sort((a, b) => comparePlaced(b, a))
    let [count, sum] = [0, 0]
    for (const placed of sorted) {
      if (count === lines || (count > 0 && sum + placed.bytes > bytes)) break
      count++
      sum += placed.bytes
    }
    for (const { key } of sorted.slice(count)) this.#kept.delete(key)
    this.#bytes = sum
    // Only a full number of lines rules out what is older than the last; of too many bytes, a smaller line might fit.
    this.#floor = (count === lines ? sorted[count - 1] : sorted[count]) ?? this.#floor
  }

  /** Oldest first, and how many records they stand for. */
  result(): { readonly lines: readonly LogLine[]; readonly records: number } {
    this.trim()
    const kept = [...this.#kept.values()].sort((a, b) => comparePlaced(a.placed, b.placed))
    return { lines: kept.map(({ placed }) => placed.line), records: kept.reduce((sum, { copies }) => sum + copies, 0) }
  }
}

function comparePlaced(a: PlacedLine, b: PlacedLine): number {
  if (a.correctedTime !== b.correctedTime) return a.correctedTime < b.correctedTime ? -1 : 1
  return compareText(a.key, b.key)
}

function evidenceOf({ line }: PlacedLine) {
  return { evidence: line.provenance, module: line.module }
}
