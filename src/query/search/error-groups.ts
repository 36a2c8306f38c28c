/**
 * Errors that are the same one, over spans that failed and log records of severity ERROR and more (docs/spec/search.md
 * SQ15): how often, since when, until when, on which devices, and one to look at.
 */
import { toHex, utf8 } from '../../base/bytes.ts'
import { sideBySide } from '../../base/side-by-side.ts'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import { deviceName } from '../device-name.ts'
import type { Condition, SearchLane } from './condition.ts'
import type { PartMaker } from './chunk-part.ts'
import { eachPart } from './each-part.ts'
import { logErrorPart, mergeErrors, spanErrorPart, type ErrorPart, type ErrorRow } from './error-part.ts'
import { Look, type Looked } from './look.ts'
import { prepareSearch, type PreparedSearch, type SearchDeps } from './prepared-search.ts'
import { logFilter, spanFilter, type ChunkOrigin } from './record-filter.ts'
import { atAnyTime, type SearchQuery } from './search-query.ts'

/** Groups when the caller names no limit. */
export const DEFAULT_ERROR_LIMIT = 50
/** Most groups counted apart; each weighs some 3 KB. */
export const MAX_ERROR_GROUPS = 2000
/** Most devices named in one group. */
const MAX_DEVICES = 16
const FINGERPRINT_BYTES = 8

export interface ErrorGroup {
  /** The same for the same error in the same module, on every device. */
  readonly fingerprint: string
  readonly module: string
  readonly service: string | null
  readonly type: string
  /** As the last one said it. */
  readonly message: string
  /** The innermost places first. */
  readonly frames: readonly string[]
  readonly count: number
  /** Of these, spans; the rest are log records. */
  readonly spans: number
  readonly firstUnixNano: string
  readonly lastUnixNano: string
  readonly devices: readonly { readonly deviceId: DeviceId; readonly name: string }[]
  /** One to look at, the last in a trace. */
  readonly traceId: string | null
  readonly spanId: string | null
}
export interface ErrorList {
  /** The most errors first. */
  readonly errors: readonly ErrorGroup[]
  /** Errors of groups that are not listed. */
  readonly others: number
  /** What was looked at of each kind of record; null where it was not asked for, or is not shown. */
  readonly looked: { readonly traces: Looked | null; readonly logs: Looked | null }
}

/** @param queries one for each kind of record that is looked at */
export function* errorGroups(queries: readonly SearchQuery[], deps: SearchDeps): Steps<ErrorList> {
  const groups = new Groups()
  const looked = yield* sideBySide(queries.map((query) => lookAt(query, groups, deps)))
  const all = groups.sorted()
  const limit = queries[0]?.limit ?? DEFAULT_ERROR_LIMIT
  const lookedAt = (lane: SearchLane): Looked | null =>
    looked[queries.findIndex((query) => query.lane === lane)] ?? null
  return {
    errors: all.slice(0, limit).map((group) => describe(group, deps)),
    others: all.slice(limit).reduce((sum, { row }) => sum + row.count, groups.others),
    looked: { traces: lookedAt('traces'), logs: lookedAt('logs') },
  }
}

/** What makes a record one that says of an error. */
const FAILED: Readonly<Record<SearchLane, Condition>> = {
  traces: { not: false, test: { on: 'status', status: 'error' } },
  logs: { not: false, test: { on: 'severity', from: 17, to: 24 } },
}

function* lookAt(query: SearchQuery, groups: Groups, deps: SearchDeps): Steps<Looked> {
  const { lane } = query
  const failed = { ...query, conditions: [...query.conditions, FAILED[lane]] }
  const search = prepareSearch(failed, deps)
  const look = new Look(deps.limits)
  const maker = {
    name: `errors ${search.key}`,
    make: lane === 'traces' ? spanErrors(failed, search) : logErrors(failed, search),
  }
  const ofChunks = yield* eachPart(search.scope, deps, look, maker, (part, chunk) => groups.add(part, chunk, lane))
  return look.result(ofChunks)
}

function spanErrors(query: SearchQuery, { isDevice }: PreparedSearch): PartMaker<ErrorPart>['make'] {
  const [bounded, unbounded] = [spanFilter(query, isDevice), spanFilter(atAnyTime(query), isDevice)]
  return (payload, chunk, isWhole) => spanErrorPart(isWhole ? unbounded : bounded, payload, chunk)
}

function logErrors(query: SearchQuery, { isDevice }: PreparedSearch): PartMaker<ErrorPart>['make'] {
  const [bounded, unbounded] = [logFilter(query, isDevice), logFilter(atAnyTime(query), isDevice)]
  return (payload, chunk, isWhole) => logErrorPart(isWhole ? unbounded : bounded, payload, chunk)
}

interface Group {
  readonly module: string
  readonly devices: Set<DeviceId>
  row: ErrorRow
  spans: number
}

class Groups {
  readonly #groups = new Map<string, Group>()
  others = 0

  add({ rows }: ErrorPart, { module, deviceId }: ChunkOrigin, lane: SearchLane): void {
    for (const row of rows) {
      const key = `${module}\n${row.key}`
      const known = this.#groups.get(key)
      if (known === undefined && this.#groups.size >= MAX_ERROR_GROUPS) {
        this.others += row.count
        continue
      }
      const group = known ?? { module, devices: new Set<DeviceId>(), row, spans: 0 }
      if (known === undefined) this.#groups.set(key, group)
      else group.row = mergeErrors(group.row, row)
      if (lane === 'traces') group.spans += row.count
      if (group.devices.size < MAX_DEVICES) group.devices.add(deviceId)
    }
  }

  sorted(): readonly Group[] {
    return [...this.#groups.values()].sort(
      (a, b) => b.row.count - a.row.count || Number(b.row.lastUnixNano - a.row.lastUnixNano),
    )
  }
}

function describe({ module, devices, row, spans }: Group, { knowledge, sha256 }: SearchDeps): ErrorGroup {
  const { key, service, type, message, frames, count, firstUnixNano, lastUnixNano, traceId, spanId } = row
  return {
    fingerprint: toHex(sha256(utf8(`${module}\n${key}`)).subarray(0, FINGERPRINT_BYTES)),
    module,
    service,
    type,
    message,
    frames,
    count,
    spans,
    firstUnixNano: firstUnixNano.toString(),
    lastUnixNano: lastUnixNano.toString(),
    devices: [...devices].sort().map((deviceId) => ({ deviceId, name: deviceName(deviceId, knowledge) })),
    traceId,
    spanId,
  }
}
