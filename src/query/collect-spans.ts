/**
 * One trace's spans out of stored chunks, each kept once, in the order of their starts (docs/spec/query.md QU2-QU5, QU22).
 * Any order of chunks, and any chunk delivered again, gives the same spans in the same order.
 */
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import type { DeviceId, TraceId } from '../model/ids.ts'
import { compareText } from './compare-copies.ts'
import { correctStarts, type CorrectedStarts } from './corrected-times.ts'
import { distinctSpans } from './distinct-spans.ts'
import { readSpans, type ReadSpans } from './read-spans.ts'
import { sortByWords } from './sort-words.ts'
import { select, selectSpans, type KeptChunk, type SpanColumns } from './span-table.ts'
import type { TraceClocks } from './trace-order.ts'
import type { TraceChunks } from './trace-source.ts'

/** By number of a span: corrected start; ties by device, span id and content, so that the order never depends on delivery. */
export interface CollectedSpans {
  readonly count: number
  readonly columns: SpanColumns
  readonly chunks: readonly KeptChunk[]
  /** In the order of their ids. */
  readonly devices: readonly DeviceId[]
  /** Which of {@link devices}. */
  readonly device: Uint32Array
  readonly corrected: CorrectedStarts
  /** 1: others are left under its span id. */
  readonly isConflict: Uint32Array
  /** The spans by span id; under one id, by device. */
  readonly byId: Uint32Array
  readonly unreadableChunks: number
  readonly omittedSpans: number
}

export interface CollectDeps {
  readonly sha256: Sha256
  readonly clocks: TraceClocks
  readonly maxSpans: number
}

export function* collectSpans(traceId: TraceId, stored: TraceChunks, deps: CollectDeps): Steps<CollectedSpans> {
  const read = yield* readSpans(traceId, stored, deps.maxSpans)
  const devices = [...new Set(read.chunks.map(({ deviceId }) => deviceId))].sort(compareText)
  const device = deviceNumbers(read, devices)
  yield
  const shifts = devices.map((deviceId) => deps.clocks.shift(deviceId))
  const starts = correctStarts(read.columns, device, shifts)
  const distinct = yield* distinctSpans(read, device, deps.sha256)
  const all = yield* sortByWords(distinct.items, starts.top, starts.high, starts.low, device)
  const items = all.subarray(0, deps.maxSpans)
  const columns = selectSpans(read.columns, items)
  const ownDevice = select(device, items)
  yield
  return {
    count: items.length,
    columns,
    chunks: read.chunks,
    devices,
    device: ownDevice,
    corrected: correctStarts(columns, ownDevice, shifts),
    isConflict: select(distinct.isConflict, items),
    byId: renumbered(distinct.items, items, read.count),
    unreadableChunks: read.unreadableChunks,
    omittedSpans: read.unreadSpans + all.length - items.length,
  }
}

function deviceNumbers({ columns, count, chunks }: ReadSpans, devices: readonly DeviceId[]): Uint32Array {
  const numbers = new Map(devices.map((deviceId, number) => [deviceId, number]))
  const ofChunk = Uint32Array.from(chunks, ({ deviceId }) => numbers.get(deviceId) as number)
  return select(ofChunk, columns.chunk.subarray(0, count))
}

/** `sorted` by the places that its items have in `items`; those that have none are left out. */
function renumbered(sorted: Uint32Array, items: Uint32Array, count: number): Uint32Array {
  const places = new Uint32Array(count).fill(items.length)
  for (let i = 0; i < items.length; i++) places[items[i] as number] = i
  const all = select(places, sorted)
  return items.length === sorted.length ? all : all.filter((place) => place < items.length)
}
