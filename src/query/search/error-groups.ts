/**
 * Errors that are the same one, over spans that failed and log records of severity ERROR and more (docs/spec/search.md
 * SQ15): how often, since when, until when, on which devices, and one to look at.
 */
import { toHex, utf8 } from '../../base/bytes.ts'
import type { Sha256 } from '../../base/crypto.ts'
import { sideBySide } from '../../base/side-by-side.ts'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { ErrorState, JudgedError } from '../../policy/error-state.ts'
import { deviceName } from '../device-name.ts'
import type { Condition, SearchLane } from './condition.ts'
import type { PartMaker } from './chunk-part.ts'
import { eachPart } from './each-part.ts'
import { eachLogError, eachSpanError, errorPart, mergeErrors, type EachError } from './error-part.ts'
import type { ErrorPart, ErrorRow } from './error-part.ts'
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

export interface ErrorGroup extends JudgedError {
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
  /** `service.version` of the first and the last one that name it. */
  readonly firstRelease: string | null
  readonly lastRelease: string | null
  readonly devices: readonly { readonly deviceId: DeviceId; readonly name: string }[]
  /** One to look at, the last in a trace. */
  readonly traceId: string | null
  readonly spanId: string | null
}
export interface ErrorList {
  /** The most errors first. */
  readonly errors: readonly ErrorGroup[]
  /** Errors of groups that are not listed, those of another state left out. */
  readonly others: number
  /** Groups that were left out, for they are in another state than was asked for. */
  readonly otherStates: Readonly<Record<ErrorState, number>>
  /** What was looked at of each kind of record; null where it was not asked for, or is not shown. */
  readonly looked: ErrorsLooked
}
export interface ErrorsLooked {
  readonly traces: Looked | null
  readonly logs: Looked | null
}

export interface ErrorDeps extends SearchDeps {
  /** What became of a group that was seen last then. */
  readonly stateOf: (fingerprint: string, lastUnixNano: bigint) => JudgedError
}

/** @param queries one for each kind of record that is looked at. @param state undefined: any */
export function* errorGroups(queries: readonly SearchQuery[], deps: ErrorDeps, state?: ErrorState): Steps<ErrorList> {
  const { groups, others, looked } = yield* collectErrors(queries, deps)
  const listed = groups.filter((group) => state === undefined || group.state === state)
  const limit = queries[0]?.limit ?? DEFAULT_ERROR_LIMIT
  const leftOut = (of: ErrorState): number =>
    state === undefined || state === of ? 0 : groups.filter((group) => group.state === of).length
  return {
    errors: listed.slice(0, limit).map((group) => describeError(group, deps)),
    others: listed.slice(limit).reduce((sum, { row }) => sum + row.count, others),
    otherStates: { open: leftOut('open'), resolved: leftOut('resolved'), muted: leftOut('muted') },
    looked,
  }
}

/** A group, not yet put into words. */
export interface CollectedError extends JudgedError {
  readonly fingerprint: string
  readonly module: string
  readonly devices: ReadonlySet<DeviceId>
  readonly row: ErrorRow
  readonly spans: number
}

/** All groups there are, the most errors first. */
export function* collectErrors(
  queries: readonly SearchQuery[],
  deps: ErrorDeps,
): Steps<{ readonly groups: readonly CollectedError[]; readonly others: number; readonly looked: ErrorsLooked }> {
  const groups = new Groups()
  const looked = yield* sideBySide(queries.map((query) => lookAt(query, groups, deps)))
  const lookedAt = (lane: SearchLane): Looked | null =>
    looked[queries.findIndex((query) => query.lane === lane)] ?? null
  const judged = groups.sorted().map((group) => {
    const fingerprint = fingerprintOf(group.module, group.row.key, deps.sha256)
    return { ...group, fingerprint, ...deps.stateOf(fingerprint, group.row.lastUnixNano) }
  })
  return { groups: judged, others: groups.others, looked: { traces: lookedAt('traces'), logs: lookedAt('logs') } }
}

/** What makes a record one that says of an error. */
const FAILED: Readonly<Record<SearchLane, Condition>> = {
  traces: { not: false, test: { on: 'status', status: 'error' } },
  logs: { not: false, test: { on: 'severity', from: 17, to: 24 } },
}

/** Reads all errors of any chunk of this lane. */
export function errorReader(lane: SearchLane): EachError {
  const query = { lane, conditions: [FAILED[lane]], fromUnixNano: undefined, toUnixNano: undefined }
  const noDevice = (): boolean => false
  return lane === 'traces' ? eachSpanError(spanFilter(query, noDevice)) : eachLogError(logFilter(query, noDevice))
}

/** A search of errors, and how those of a chunk are read: of one that lies within the time range, and of any other. */
export function errorSearch(query: SearchQuery, deps: SearchDeps) {
  const failed = { ...query, conditions: [...query.conditions, FAILED[query.lane]] }
  const search = prepareSearch(failed, deps)
  const readers = query.lane === 'traces' ? spanErrors(failed, search) : logErrors(failed, search)
  return { ...search, readerFor: (isWhole: boolean): EachError => (isWhole ? readers.unbounded : readers.bounded) }
}

function* lookAt(query: SearchQuery, groups: Groups, deps: SearchDeps): Steps<Looked> {
  const { key, scope, readerFor } = errorSearch(query, deps)
  const look = new Look(deps.limits)
  const maker: PartMaker<ErrorPart> = {
    name: `errors ${key}`,
    make: (payload, chunk, isWhole) => errorPart(readerFor(isWhole), payload, chunk),
  }
  const ofChunks = yield* eachPart(scope, deps, look, maker, (part, chunk) => groups.add(part, chunk, query.lane))
  return look.result(ofChunks)
}

function spanErrors(query: SearchQuery, { isDevice }: PreparedSearch) {
  return {
    bounded: eachSpanError(spanFilter(query, isDevice)),
    unbounded: eachSpanError(spanFilter(atAnyTime(query), isDevice)),
  }
}

function logErrors(query: SearchQuery, { isDevice }: PreparedSearch) {
  return {
    bounded: eachLogError(logFilter(query, isDevice)),
    unbounded: eachLogError(logFilter(atAnyTime(query), isDevice)),
  }
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

/** @param key of the error within its module */
export function fingerprintOf(module: string, key: string, sha256: Sha256): string {
  return toHex(sha256(utf8(`${module}\n${key}`)).subarray(0, FINGERPRINT_BYTES))
}

export function describeError(group: CollectedError, { knowledge }: Pick<SearchDeps, 'knowledge'>): ErrorGroup {
  const { fingerprint, module, devices, row, spans, state, regressed, stateSinceUnixMs } = group
  const { key: _, firstUnixNano, lastUnixNano, ...words } = row
  return {
    fingerprint,
    module,
    state,
    regressed,
    stateSinceUnixMs,
    ...words,
    spans,
    firstUnixNano: firstUnixNano.toString(),
    lastUnixNano: lastUnixNano.toString(),
    devices: [...devices].sort().map((deviceId) => ({ deviceId, name: deviceName(deviceId, knowledge) })),
  }
}
