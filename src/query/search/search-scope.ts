/** What a search can say before anything is opened: which chunks may hold a record it asks for. */
import type { DeviceId, TraceId } from '../../model/ids.ts'
import type { Token } from '../../wire/index/token.ts'
import type { Condition, SearchLane } from './condition.ts'
import type { RecordQuery } from './search-query.ts'
import { tokenGroups } from './token-groups.ts'

/** A source may give chunks beyond it, never leave out one within. */
export interface SearchScope {
  readonly lane: SearchLane
  readonly fromUnixNano: bigint | undefined
  readonly toUnixNano: bigint | undefined
  /** A chunk holds of every group at least one token. */
  readonly groups: readonly (readonly Token[])[]
  /** It holds a span of this trace, or a log record of it. */
  readonly traceId: TraceId | undefined
  /** It holds a span that took at least as long. */
  readonly minDurationNano: bigint
  /** It holds a span with an error. */
  readonly errorsOnly: boolean
  /** It is of one of these; undefined: of any. */
  readonly modules: readonly string[] | undefined
  readonly devices: readonly DeviceId[] | undefined
}

/**
 * @param indexVersion of the tokens that chunks are known by
 * @param devicesNamed those a condition on a device means
 */
export function scopeOf(
  query: RecordQuery,
  indexVersion: number,
  devicesNamed: (text: string) => readonly DeviceId[],
): SearchScope {
  const { lane, conditions, fromUnixNano, toUnixNano } = query
  const wanted = conditions.flatMap(({ not, test }) => (not ? [] : [test]))
  return {
    lane,
    fromUnixNano,
    toUnixNano,
    groups: tokenGroups(conditions, lane, indexVersion),
    traceId: wanted.flatMap((test) => (test.on === 'trace' && test.digits.length === 32 ? [test.digits] : []))[0] as
      TraceId | undefined,
    minDurationNano: minDuration(conditions),
    errorsOnly: wanted.some((test) => test.on === 'status' && test.status === 'error'),
    modules: inAll(
      wanted.flatMap((test) => (test.on === 'module' && test.value.is === 'equal' ? [[test.value.text]] : [])),
    ),
    devices: inAll(wanted.flatMap((test) => (test.on === 'device' ? [devicesNamed(test.device)] : []))),
  }
}

function minDuration(conditions: readonly Condition[]): bigint {
  const least = conditions.map(({ not, test }) => {
    if (test.on !== 'duration' || not || test.order === '<' || test.order === '<=') return 0n
    return test.order === '>' ? test.nanos + 1n : test.nanos
  })
  return least.reduce((max, nanos) => (nanos > max ? nanos : max), 0n)
}

function inAll<T>(lists: readonly (readonly T[])[]): readonly T[] | undefined {
  const [first, ...others] = lists
  return first?.filter((item) => others.every((list) => list.includes(item)))
}
