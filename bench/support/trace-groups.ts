/** Groups scanned spans by trace id without an object for each: open addressing over the ids' own bytes, which are random. */
import type { BareScan } from './bare-scan.ts'

export interface BareTrace {
  readonly traceId: Uint8Array
  /** Eight bytes as OTLP has them. */
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly spans: number
}

const ID_BYTES = 16
const EMPTY = -1

export class TraceGroups {
  /** Row of the first span of each trace, by slot. */
  readonly #slots: Int32Array
  readonly #mask: number
  /** By row of a trace's first span: its spans, and the rows of the earliest and the latest. */
  readonly #spans: Uint32Array
  readonly #earliest: Uint32Array
  readonly #latest: Uint32Array
  #firsts: number[] = []
  #scan: BareScan | undefined

  constructor(maxSpans: number) {
    this.#slots = new Int32Array(2 * maxSpans).fill(EMPTY)
    this.#mask = 2 * maxSpans - 1
    this.#spans = new Uint32Array(maxSpans)
    this.#earliest = new Uint32Array(maxSpans)
    this.#latest = new Uint32Array(maxSpans)
  }

  /** @param maxSpans above is a power of two, or slots are missed */
  group(bytes: Uint8Array, scan: BareScan): void {
    const used: number[] = []
    this.#scan = scan
    this.#firsts = []
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let row = 0; row < scan.count; row++) {
      const idAt = scan.traceIdAt[row] as number
      let slot = view.getUint32(idAt) & this.#mask
      let first = this.#slots[slot] as number
      while (first !== EMPTY && !isSame(view, scan.traceIdAt[first] as number, idAt)) {
        slot = (slot + 1) & this.#mask
        first = this.#slots[slot] as number
      }
      if (first === EMPTY) {
        this.#slots[slot] = row
        used.push(slot)
        this.#firsts.push(row)
        this.#spans[row] = 1
        this.#earliest[row] = row
        this.#latest[row] = row
        continue
      }
      this.#spans[first] = (this.#spans[first] as number) + 1
      if (isBefore(view, scan.startAt, row, this.#earliest[first] as number)) this.#earliest[first] = row
      if (isBefore(view, scan.endAt, this.#latest[first] as number, row)) this.#latest[first] = row
    }
    for (const slot of used) this.#slots[slot] = EMPTY
  }

  /** Those of the last {@link group}. */
  *traces(bytes: Uint8Array): Generator<BareTrace> {
    const { traceIdAt, startAt, endAt } = this.#scan as BareScan
    const slice = (at: number | undefined, length: number): Uint8Array => bytes.subarray(at, (at ?? 0) + length)
    for (const first of this.#firsts) {
      yield {
        traceId: slice(traceIdAt[first], ID_BYTES),
        start: slice(startAt[this.#earliest[first] as number], 8),
        end: slice(endAt[this.#latest[first] as number], 8),
        spans: this.#spans[first] as number,
      }
    }
  }
}

function isSame(view: DataView, a: number, b: number): boolean {
  return (
    view.getUint32(a) === view.getUint32(b) &&
    view.getUint32(a + 4) === view.getUint32(b + 4) &&
    view.getUint32(a + 8) === view.getUint32(b + 8) &&
    view.getUint32(a + 12) === view.getUint32(b + 12)
  )
}

/** Whether the time of row `a` is before that of row `b`; little-endian, so the high half decides first. */
function isBefore(view: DataView, at: Uint32Array, a: number, b: number): boolean {
  const [first, second] = [at[a] as number, at[b] as number]
  const [highA, highB] = [view.getUint32(first + 4, true), view.getUint32(second + 4, true)]
  return highA === highB ? view.getUint32(first, true) < view.getUint32(second, true) : highA < highB
}
