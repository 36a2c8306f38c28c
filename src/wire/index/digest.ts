/**
 * What a chunk of records is found by: its times, its traces, its tokens. Made from the columns of the scan when a chunk is
 * admitted, added up when chunks become a segment.
 */
import type { TraceId } from '../../model/ids.ts'
import { TRACE_ID_BYTES } from '../../model/ids.ts'
import { rowsBetween, type Columns, type RowList } from '../otlp/columns.ts'
import type { Scan } from '../otlp/rows.ts'

/** OpenTelemetry's status code for an error. */
const STATUS_ERROR = 2

/** What a chunk holds of one trace. */
export interface TraceEntry {
  readonly traceId: TraceId
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly spans: number
  readonly errors: number
  /** Of the first span without a parent. */
  readonly rootName: string | undefined
}

export interface Digest {
  readonly records: number
  /** Earliest start and latest end of its records; 0 counts, as the time of a record that has none. */
  readonly minUnixNano: bigint
  readonly maxUnixNano: bigint
  /** Of its spans. */
  readonly maxDurationNano: bigint
  /** Of its spans, each trace once, in no order. */
  readonly traces: readonly TraceEntry[]
  /** Sorted, each once. */
  readonly tokens: Uint32Array
}

/** @param shared tokens of the resource and scopes around the rows */
export function digestOf(columns: Columns, rows: RowList, shared: readonly Uint32Array[]): Digest {
  return {
    records: rows.length,
    ...timesOf(columns, rows),
    traces: tracesOf(columns, rows),
    tokens: tokensOf(columns, rows, shared),
  }
}

/** Of every record of a message. */
export function digestOfScan({ columns, resources }: Scan): Digest {
  const shared = resources.flatMap(({ tokens, scopes }) => [tokens, ...scopes.map((scope) => scope.tokens)])
  return digestOf(columns, rowsBetween(0, columns.count), shared)
}

export function mergeDigests(digests: readonly Digest[]): Digest {
  const [first, ...others] = digests
  if (first === undefined) throw new RangeError('nothing to merge')
  if (others.length === 0) return first
  return {
    records: digests.reduce((sum, { records }) => sum + records, 0),
    minUnixNano: digests.reduce((min, { minUnixNano }) => smaller(min, minUnixNano), first.minUnixNano),
    maxUnixNano: digests.reduce((max, { maxUnixNano }) => larger(max, maxUnixNano), 0n),
    maxDurationNano: digests.reduce((max, { maxDurationNano }) => larger(max, maxDurationNano), 0n),
    traces: mergeTraces(digests.flatMap(({ traces }) => traces)),
    tokens: sortedOnce(concatenated(digests.map(({ tokens }) => tokens))),
  }
}

/** Entries of the same trace become one; the first one's root stays. */
export function mergeTraces(entries: Iterable<TraceEntry>): readonly TraceEntry[] {
  const byId = new Map<TraceId, TraceEntry>()
  for (const entry of entries) {
    const known = byId.get(entry.traceId)
    byId.set(entry.traceId, known === undefined ? entry : addEntry(known, entry))
  }
  return [...byId.values()]
}

function addEntry(a: TraceEntry, b: TraceEntry): TraceEntry {
  return {
    traceId: a.traceId,
    startUnixNano: smaller(a.startUnixNano, b.startUnixNano),
    endUnixNano: larger(a.endUnixNano, b.endUnixNano),
    spans: a.spans + b.spans,
    errors: a.errors + b.errors,
    rootName: a.rootName ?? b.rootName,
  }
}

function timesOf(columns: Columns, rows: RowList): Pick<Digest, 'minUnixNano' | 'maxUnixNano' | 'maxDurationNano'> {
  let earliest = rows[0] ?? 0
  let latest = earliest
  let longest = earliest
  let longestNano = -1
  for (const row of rows) {
    if (isEarlier(columns, row, earliest)) earliest = row
    if (isLater(columns, row, latest)) latest = row
    // Not exact beyond 104 days, which is when a double no longer holds every nanosecond: close enough to pick the longest.
    const nano = durationOf(columns, row)
    if (nano > longestNano) [longest, longestNano] = [row, nano]
  }
  if (rows.length === 0) return { minUnixNano: 0n, maxUnixNano: 0n, maxDurationNano: 0n }
  return {
    minUnixNano: columns.from(earliest),
    maxUnixNano: columns.to(latest),
    maxDurationNano: larger(0n, columns.to(longest) - columns.from(longest)),
  }
}

/** In nanoseconds; below 0 for a span that ends before it starts. */
function durationOf(columns: Columns, row: number): number {
  const high = (columns.toHigh[row] as number) - (columns.fromHigh[row] as number)
  return high * 2 ** 32 + (columns.toLow[row] as number) - (columns.fromLow[row] as number)
}

function isEarlier(columns: Columns, row: number, than: number): boolean {
  const { fromHigh, fromLow } = columns
  if (fromHigh[row] !== fromHigh[than]) return (fromHigh[row] as number) < (fromHigh[than] as number)
  return (fromLow[row] as number) < (fromLow[than] as number)
}

function isLater(columns: Columns, row: number, than: number): boolean {
  const { toHigh, toLow } = columns
  if (toHigh[row] !== toHigh[than]) return (toHigh[row] as number) > (toHigh[than] as number)
  return (toLow[row] as number) > (toLow[than] as number)
}

/** Rows of one trace, while they are counted. */
interface TraceRows {
  readonly first: number
  earliest: number
  latest: number
  spans: number
  errors: number
  root: number
}

function tracesOf(columns: Columns, rows: RowList): readonly TraceEntry[] {
  if (rows[0] === undefined || columns.nameEnd[rows[0]] === 0) return [] // no spans
  const found: TraceRows[] = []
  const slots = new Int32Array(slotCount(rows.length)).fill(-1)
  for (const row of rows) {
    const trace = rowsOfTrace(columns, row, slots, found)
    if (isEarlier(columns, row, trace.earliest)) trace.earliest = row
    if (isLater(columns, row, trace.latest)) trace.latest = row
    trace.spans++
    if (columns.level[row] === STATUS_ERROR) trace.errors++
    if (trace.root < 0 && columns.parentAt[row] === 0) trace.root = row
  }
  return found.map(({ first, earliest, latest, spans, errors, root }) => ({
    traceId: columns.traceId(first) as TraceId,
    startUnixNano: columns.from(earliest),
    endUnixNano: columns.to(latest),
    spans,
    errors,
    rootName: root < 0 ? undefined : columns.name(root),
  }))
}

/** Open addressing over the ids' bytes: 500,000 of them a second would be too many strings. */
function rowsOfTrace(columns: Columns, row: number, slots: Int32Array, found: TraceRows[]): TraceRows {
  const at = columns.traceAt[row] as number
  const mask = slots.length - 1
  for (let slot = hashOfId(columns.bytes, at) & mask; ; slot = (slot + 1) & mask) {
    const known = found[slots[slot] as number]
    if (known !== undefined && isSameId(columns.bytes, at, columns.traceAt[known.first] as number)) return known
    if (known !== undefined) continue
    const fresh = { first: row, earliest: row, latest: row, spans: 0, errors: 0, root: -1 }
    slots[slot] = found.push(fresh) - 1
    return fresh
  }
}

function hashOfId(bytes: Uint8Array, at: number): number {
  let hash = 0
  for (let i = at; i < at + TRACE_ID_BYTES; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash ^ (hash >>> 15)
}

function isSameId(bytes: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < TRACE_ID_BYTES; i++) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}

/** A power of two at most half filled. */
function slotCount(entries: number): number {
  return 2 ** Math.ceil(Math.log2(2 * entries + 1))
}

/** Slots that remember a token each, so that most repeats never reach the sort. */
const SEEN_SLOTS = 4096

function tokensOf(columns: Columns, rows: RowList, shared: readonly Uint32Array[]): Uint32Array {
  const seen = new Float64Array(SEEN_SLOTS).fill(-1)
  const { tokens } = columns
  const found: number[] = []
  const add = (token: number): void => {
    const slot = token & (SEEN_SLOTS - 1)
    if (seen[slot] === token) return
    seen[slot] = token
    found.push(token)
  }
  for (const list of shared) for (const token of list) add(token)
  for (const row of rows) {
    const end = columns.tokensEnd[row] as number
    for (let i = columns.tokensStart(row); i < end; i++) add(tokens[i] as number)
  }
  return sortedOnce(Uint32Array.from(found))
}

/** Sorts in place. */
function sortedOnce(tokens: Uint32Array): Uint32Array {
  tokens.sort()
  let count = 0
  for (let i = 0; i < tokens.length; i++) {
    if (i === 0 || tokens[i] !== tokens[i - 1]) tokens[count++] = tokens[i] as number
  }
  return tokens.slice(0, count)
}

function concatenated(lists: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const list of lists) {
    all.set(list, at)
    at += list.length
  }
  return all
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
