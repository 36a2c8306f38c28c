/** Groups of errors, as the main thread may ask for them: the list, one in full, and what a person decides about one. */
import type { Steps } from '../../base/steps.ts'
import { decideError, ERROR_STATES, judgeError, type ErrorState } from '../../policy/error-state.ts'
import { CASUAL_MIN_SEVERITY } from '../../model/stage.ts'
import { decideView } from '../../policy/stage-gate.ts'
import { listLogs } from '../../query/list-logs.ts'
import type { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { Condition, SearchLane } from '../../query/search/condition.ts'
import { collectErrors, describeError, errorGroups, type ErrorDeps } from '../../query/search/error-groups.ts'
import type { CollectedError, ErrorGroup, ErrorsLooked } from '../../query/search/error-groups.ts'
import { errorHistory, type ErrorHistory } from '../../query/search/error-history.ts'
import type { LogLine } from '../../query/log-line.ts'
import { SearchError } from '../../query/search/search-error.ts'
import type { SearchDeps } from '../../query/search/prepared-search.ts'
import { readTotalsQuery, type SearchQuery } from '../../query/search/search-query.ts'
import { withWholeTraces } from '../../query/search/whole-traces.ts'
import { findErrorGroup } from './find-error.ts'
import type { Keeper } from './keeper.ts'
import { searchAnswers } from './search-answers.ts'

type Fields = Readonly<Record<string, unknown>>
interface Timeout {
  readonly timeoutMs?: number | undefined
}

/** Records of its module before the last error, most. */
export const MAX_BREADCRUMBS = 20

interface ErrorDetail extends ErrorGroup, ErrorHistory {
  /** The last records of its module on that device before the last error, the oldest first. */
  readonly breadcrumbs: readonly LogLine[]
  /** As of the list: where it was cut, there may be more errors of this group. */
  readonly looked: ErrorsLooked
}

export function errorCalls(keeper: Keeper, cache: ChunkCache) {
  const answer = searchAnswers(keeper, cache)
  const queries = (fields: Fields) =>
    queriesOf(lanesOfErrors(keeper), (lane) =>
      withWholeTraces(readTotalsQuery(fields, lane, keeper.deps.clock.now()), keeper.records),
    )
  return {
    errorGroups({ state, ...fields }: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) {
      const list = (deps: SearchDeps) => errorGroups(queries(fields), errorDeps(keeper, deps), stateOf(state))
      return answer('errors', list, { timeoutMs, signal })
    },
    errorShow(group: string, { timeoutMs }: Timeout = {}, signal?: AbortSignal) {
      const show = (deps: SearchDeps) => showError(keeper, group, queries({}), errorDeps(keeper, deps))
      return answer('errors', show, { timeoutMs, signal })
    },
    /** Committed when it is answered; with the group as it is then. */
    setErrorState(group: string, state: ErrorState, { timeoutMs }: Timeout = {}, signal?: AbortSignal) {
      const decide = (deps: SearchDeps) => setState(keeper, group, state, queries({}), errorDeps(keeper, deps))
      return answer('errors', decide, { timeoutMs, signal })
    },
  }
}

function errorDeps({ store }: Pick<Keeper, 'store'>, deps: SearchDeps): ErrorDeps {
  const states = store.errorStates.all()
  return { ...deps, stateOf: (fingerprint, lastUnixNano) => judgeError(states.get(fingerprint), lastUnixNano) }
}

function* showError(
  keeper: Keeper,
  text: string,
  queries: readonly SearchQuery[],
  deps: ErrorDeps,
): Steps<ErrorDetail> {
  const { groups, looked } = yield* collectErrors(queries, deps)
  const group = findErrorGroup(groups, text)
  const history = yield* errorHistory(queries, deps, group)
  const breadcrumbs = yield* breadcrumbsOf(keeper, group, history, deps)
  return { ...describeError(group, deps), ...history, breadcrumbs, looked }
}

/** What a stage does not show as logs is left out here too: then they are the errors before this one. */
function* breadcrumbsOf(
  keeper: Keeper,
  { module, row }: CollectedError,
  { lastDeviceId }: ErrorHistory,
  deps: SearchDeps,
): Steps<readonly LogLine[]> {
  if (lastDeviceId === null) return []
  const conditions: readonly Condition[] = [
    { not: false, test: { on: 'module', value: { is: 'equal', text: module } } },
    { not: false, test: { on: 'device', device: lastDeviceId } },
    ...(decideView(keeper.stage, 'logs').allow
      ? []
      : [{ not: false, test: { on: 'severity', from: CASUAL_MIN_SEVERITY, to: 24 } } as const]),
  ]
  const query: SearchQuery = {
    lane: 'logs',
    conditions,
    fromUnixNano: undefined,
    toUnixNano: row.lastUnixNano,
    sort: 'newest',
    limit: MAX_BREADCRUMBS,
    cursor: undefined,
  }
  return (yield* listLogs(query, deps)).logs
}

function* setState(
  keeper: Keeper,
  text: string,
  state: ErrorState,
  queries: readonly SearchQuery[],
  deps: ErrorDeps,
): Steps<ErrorGroup> {
  const { groups } = yield* collectErrors(queries, deps)
  const group = findErrorGroup(groups, text)
  const { fingerprint, row } = group
  const kept = decideError(state, row.lastUnixNano, keeper.deps.clock.now())
  const { errorStates } = keeper.store
  keeper.store.transaction(() => {
    if (kept === undefined) errorStates.delete(fingerprint)
    else errorStates.set(fingerprint, { ...kept, module: group.module })
  })
  keeper.errorWatch.decided()
  return describeError({ ...group, ...judgeError(kept, row.lastUnixNano) }, deps)
}

/** @throws {SearchError} */
function stateOf(state: unknown): ErrorState | undefined {
  if (state === undefined || state === null || state === 'all') return undefined
  const known = ERROR_STATES.find((each) => each === state)
  if (known !== undefined) return known
  throw new SearchError('SEARCH_QUERY', `state is one of ${ERROR_STATES.join(', ')}, all`, {
    details: { field: 'state' },
  })
}

/** Errors are shown at any stage, spans are not. */
function lanesOfErrors(keeper: Keeper): readonly SearchLane[] {
  return decideView(keeper.stage, 'traces').allow ? ['logs', 'traces'] : ['logs']
}

/** One for each lane whose records have all the fields it names. @throws {SearchError} if that is none */
function queriesOf(lanes: readonly SearchLane[], read: (lane: SearchLane) => SearchQuery): readonly SearchQuery[] {
  const problems: SearchError[] = []
  const queries = lanes.flatMap((lane) => {
    try {
      return [read(lane)]
    } catch (err) {
      if (!(err instanceof SearchError) || err.details['onlyOf'] === undefined) throw err
      problems.push(err)
      return []
    }
  })
  const [problem] = problems
  if (queries.length === 0 && problem !== undefined) throw problem
  return queries
}
