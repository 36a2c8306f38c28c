/**
 * The spans of one trace as columns of numbers: 50,000 of them are a dozen arrays, not objects for the garbage collector
 * to walk. What the answer shows beyond these columns is read from the span's own bytes when its row is written.
 */
import { toHex } from '../base/bytes.ts'
import type { DeviceId, SpanId } from '../model/ids.ts'
import type { SpanFields } from '../wire/otlp/span-fields.ts'
import type { Evidence } from './trace-source.ts'

/** What is kept of a chunk. */
export interface KeptChunk {
  readonly deviceId: DeviceId
  readonly module: string
  readonly evidence: Evidence
  /** The trace's records, one after the other: a view of the payload would keep the other traces' too. */
  readonly records: Uint8Array
}

const NAMES = [
  'spanHigh',
  'spanLow',
  'parentHigh',
  'parentLow',
  'startHigh',
  'startLow',
  'endHigh',
  'endLow',
  'kind',
  /** Number of its chunk, and its place in that chunk's records. */
  'chunk',
  'recordStart',
  'recordEnd',
] as const

/** Ids and times in two words each, as in {@link SpanFields}. */
export type SpanColumns = Readonly<Record<(typeof NAMES)[number], Uint32Array>>

const FIRST_CAPACITY = 64
/** Spans looked at between two yields of a pass over all: a millisecond or two. */
export const SPANS_PER_STEP = 8192

export class SpanTable {
  #columns = makeColumns(() => new Uint32Array(FIRST_CAPACITY))
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Longer than {@link size} perhaps; other arrays after the next {@link add}. */
  get columns(): SpanColumns {
    return this.#columns
  }

  add(fields: SpanFields, chunk: number, recordStart: number, recordEnd: number): void {
    if (this.#size === this.#columns.chunk.length) this.#grow()
    const [columns, i] = [this.#columns, this.#size++]
    columns.spanHigh[i] = fields.spanHigh
    columns.spanLow[i] = fields.spanLow
    columns.parentHigh[i] = fields.parentHigh
    columns.parentLow[i] = fields.parentLow
    columns.startHigh[i] = fields.startHigh
    columns.startLow[i] = fields.startLow
    columns.endHigh[i] = fields.endHigh
    columns.endLow[i] = fields.endLow
    columns.kind[i] = fields.kind
    columns.chunk[i] = chunk
    columns.recordStart[i] = recordStart
    columns.recordEnd[i] = recordEnd
  }

  /** Forgets the spans from `size` on. */
  truncate(size: number): void {
    this.#size = Math.min(this.#size, size)
  }

  #grow(): void {
    const old = this.#columns
    this.#columns = makeColumns((name) => {
      const column = new Uint32Array(old[name].length * 2)
      column.set(old[name])
      return column
    })
  }
}

/** These spans of the table, in this order. */
export function selectSpans(columns: SpanColumns, items: Uint32Array): SpanColumns {
  return makeColumns((name) => select(columns[name], items))
}

/** A loop: `map` with a function takes ten times as long. */
export function select(column: Uint32Array, items: Uint32Array): Uint32Array {
  const selected = new Uint32Array(items.length)
  for (let i = 0; i < items.length; i++) selected[i] = column[items[i] as number] as number
  return selected
}

function makeColumns(make: (name: keyof SpanColumns) => Uint32Array): SpanColumns {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)])) as SpanColumns
}

/** An id as text, from its two words. */
export function spanIdOf(high: number, low: number): SpanId {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, high)
  view.setUint32(4, low)
  return toHex(bytes) as SpanId
}
