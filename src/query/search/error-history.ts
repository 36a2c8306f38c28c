/**
 * All there is of one group of errors, gone through a second time: how often over time, in which releases, and what the
 * last one said in full. Nothing of this is kept while groups are counted, for most of them are never looked at.
 */
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import { eachPart } from './each-part.ts'
import { errorSearch, type CollectedError } from './error-groups.ts'
import type { EachError, ReadError } from './error-part.ts'
import { Look } from './look.ts'
import type { SearchDeps } from './prepared-search.ts'
import type { SearchQuery } from './search-query.ts'
import type { SearchChunk } from './search-source.ts'

/** Cells of the line over time. */
const TIMELINE_CELLS = 30
/** Most releases told apart; errors of others count nowhere but in the sum. */
const MAX_RELEASES = 32

export interface ErrorRelease {
  readonly release: string
  readonly count: number
  readonly firstUnixNano: string
  readonly lastUnixNano: string
}
export interface ErrorHistory {
  /** As the program wrote it; of a long one the beginning and the end. */
  readonly stack: string
  /** Where the last one was recorded. */
  readonly lastDeviceId: DeviceId | null
  /** By when each was seen first. */
  readonly releases: readonly ErrorRelease[]
  /** Counts from the first to the last error, in cells of the same length. */
  readonly timeline: readonly number[]
}

/** @param queries as for the groups: nothing is found that those did not find */
export function* errorHistory(
  queries: readonly SearchQuery[],
  deps: SearchDeps,
  { module, row }: Pick<CollectedError, 'module' | 'row'>,
): Steps<ErrorHistory> {
  const history = new History(row.firstUnixNano, row.lastUnixNano)
  for (const query of queries) {
    const { conditions } = query
    const narrowed: SearchQuery = {
      ...query,
      conditions: [...conditions, { not: false, test: { on: 'module', value: { is: 'equal', text: module } } }],
      fromUnixNano: row.firstUnixNano,
      toUnixNano: row.lastUnixNano + 1n,
    }
    const { key, scope, readerFor } = errorSearch(narrowed, deps)
    const maker = {
      name: `error ${row.key} ${key}`,
      make: (payload: Uint8Array, chunk: SearchChunk, isWhole: boolean) =>
        historyPart(readerFor(isWhole), payload, chunk, row.key),
    }
    yield* eachPart(scope, deps, new Look(deps.limits), maker, (part, { deviceId }) => history.add(part, deviceId))
  }
  return history.result()
}

interface HistoryPart {
  readonly seen: readonly Pick<ReadError, 'unixNano' | 'release'>[]
  readonly last: ReadError | undefined
  readonly bytes: number
}

/** What one that was seen weighs, in bytes. */
const SEEN_BYTES = 100

function* historyPart(each: EachError, payload: Uint8Array, chunk: SearchChunk, key: string): Steps<HistoryPart> {
  const seen: Pick<ReadError, 'unixNano' | 'release'>[] = []
  let last: ReadError | undefined
  yield* each(payload, chunk, (error) => {
    if (error.key !== key) return
    seen.push({ unixNano: error.unixNano, release: error.release })
    if (last === undefined || isLater(error, last)) last = error
  })
  return { seen, last, bytes: SEEN_BYTES * (seen.length + 1) + 2 * (last === undefined ? 0 : last.stack.length) }
}

/** Of two at the same time the one that says where it came from. */
function isLater(a: ReadError, b: ReadError): boolean {
  return a.unixNano > b.unixNano || (a.unixNano === b.unixNano && b.stack === '')
}

class History {
  readonly #first: bigint
  readonly #span: bigint
  readonly #timeline: number[]
  readonly #releases = new Map<string, { count: number; first: bigint; last: bigint }>()
  #last: ReadError | undefined
  #lastDeviceId: DeviceId | null = null

  constructor(firstUnixNano: bigint, lastUnixNano: bigint) {
    this.#first = firstUnixNano
    this.#span = lastUnixNano - firstUnixNano + 1n
    this.#timeline = Array.from({ length: TIMELINE_CELLS }, () => 0)
  }

  add({ seen, last }: HistoryPart, deviceId: DeviceId): void {
    for (const { unixNano, release } of seen) {
      const cell = Number(((unixNano - this.#first) * BigInt(TIMELINE_CELLS)) / this.#span)
      this.#timeline[cell] = (this.#timeline[cell] ?? 0) + 1
      if (release !== null) this.#addRelease(release, unixNano)
    }
    if (last !== undefined && (this.#last === undefined || isLater(last, this.#last))) {
      this.#last = last
      this.#lastDeviceId = deviceId
    }
  }

  #addRelease(release: string, unixNano: bigint): void {
    const known = this.#releases.get(release)
    if (known === undefined) {
      if (this.#releases.size < MAX_RELEASES) this.#releases.set(release, { count: 1, first: unixNano, last: unixNano })
      return
    }
    known.count++
    if (unixNano < known.first) known.first = unixNano
    if (unixNano > known.last) known.last = unixNano
  }

  result(): ErrorHistory {
    const releases = [...this.#releases].sort(([, a], [, b]) => (a.first < b.first ? -1 : 1))
    return {
      stack: this.#last?.stack ?? '',
      lastDeviceId: this.#lastDeviceId,
      releases: releases.map(([release, { count, first, last }]) => ({
        release,
        count,
        firstUnixNano: first.toString(),
        lastUnixNano: last.toString(),
      })),
      timeline: this.#timeline,
    }
  }
}
