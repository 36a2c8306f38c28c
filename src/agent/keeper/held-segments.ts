/** Which segments the holds keep from being dropped, worked out anew for every run: what came since is held too. */
import { fromHex } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'
import type { TraceId } from '../../model/ids.ts'
import type { HoldScope } from '../../store/hold-table.ts'
import type { LogRowId } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { MAX_UNIX_NANO } from '../../wire/otlp/limits.ts'
import { traceToken } from '../../wire/index/token.ts'

export interface Held {
  has(id: SegmentRowId): boolean
  /** Of a log; they do not count towards the room of its lane, or a hold would push out what comes. */
  bytesOf(log: LogRowId): number
}

const NANOS_PER_MS = 1_000_000n
/** Segments looked at in one step. */
const AT_ONCE = 256

export function* heldSegments(store: Store, scopes: readonly HoldScope[]): Steps<Held> {
  const ids = new Set<SegmentRowId>()
  const bytes = new Map<LogRowId, number>()
  for (const scope of scopes) {
    let looked = 0
    for (const id of yield* segmentsOf(store, scope)) {
      if (++looked % AT_ONCE === 0) yield
      const segment = ids.has(id) ? undefined : store.kept.get(id)
      if (segment === undefined) continue
      ids.add(id)
      bytes.set(segment.log, (bytes.get(segment.log) ?? 0) + segment.bytes)
    }
    yield
  }
  return { has: (id) => ids.has(id), bytesOf: (log) => bytes.get(log) ?? 0 }
}

function* segmentsOf(store: Store, scope: HoldScope): Steps<Iterable<SegmentRowId>> {
  return scope.kind === 'trace' ? yield* ofTrace(store, scope.traceId) : ofRange(store, scope)
}

/** Its spans, and the log records and documents that name it. What only hashes alike is held with them. */
function* ofTrace({ traces, segments, postings }: Store, traceId: TraceId): Steps<readonly SegmentRowId[]> {
  const spans = yield* traces.segmentsOf(traceId, segments.lastId())
  return [...spans.map(({ segment }) => segment), ...postings.tokens.find(traceToken(fromHex(traceId) as Uint8Array))]
}

function* ofRange(store: Store, scope: Extract<HoldScope, { kind: 'range' }>): Generator<SegmentRowId> {
  const { deviceId, module } = scope
  const logs = store.logs
    .all()
    .filter((log) => (deviceId ?? log.author) === log.author && (module ?? log.module) === log.module)
  const range = { from: toNano(scope.fromUnixMs), to: toNano(scope.toUnixMs) + NANOS_PER_MS - 1n }
  const upTo = store.segments.lastId()
  for (const { rowId } of logs) for (const { id } of store.segments.latest(rowId, range, upTo)) yield id
}

/** What the database can hold. */
function toNano(unixMs: number): bigint {
  const nano = BigInt(Math.floor(unixMs)) * NANOS_PER_MS
  return nano > MAX_UNIX_NANO - NANOS_PER_MS ? MAX_UNIX_NANO - NANOS_PER_MS : nano
}
