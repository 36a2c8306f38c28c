/** Investigations, as the main thread may ask for them: the list, one in full, and what a person changes in one. */
import type { Steps } from '../../base/steps.ts'
import { toTraceId, type TraceId } from '../../model/ids.ts'
import {
  describeInvestigation,
  marksOf,
  summarizeInvestigation,
  type InvestigationMarks,
  type InvestigationSummary,
  type InvestigationView,
} from '../../query/investigation/describe-investigation.ts'
import { readInvestigation } from '../../query/investigation/read-investigation.ts'
import type { StoredInvestigation } from '../../query/investigation/stored-investigation.ts'
import { findTrace } from '../../query/find-trace.ts'
import type { TraceSummaryRow } from '../../query/trace-source.ts'
import { investigationLines } from './investigation-lines.ts'
import { applyEdit, InvestigationError, type Edit } from './investigations.ts'
import type { Keeper } from './keeper.ts'
import { knowledgeOf, requireView } from './query-deps.ts'
import type { QueryLimits } from './turns.ts'

interface Timeout {
  readonly timeoutMs?: number | undefined
}

export function investigationCalls(keeper: Keeper) {
  const answer = <T>(work: () => Steps<T>, limits: QueryLimits): Promise<T> =>
    keeper.turns.run(function* () {
      requireView(keeper, 'documents')
      requireView(keeper, 'traces')
      return yield* work()
    }, limits)
  return {
    /** Those that were changed last first. */
    investigations: (limit: number, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(() => listed(keeper, limit), { timeoutMs, signal }),
    /** @throws {InvestigationError} `INVESTIGATION_NOT_FOUND`, {QueryError} */
    investigationShow: (trace: string, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(
        function* () {
          const traceId = yield* traceMeant(keeper, trace)
          const stored = yield* keeper.documents.of(traceId)
          if (stored === undefined) throw noInvestigation(traceId)
          return yield* described(keeper, traceId, stored)
        },
        { timeoutMs, signal },
      ),
    /** @returns the number of a watcher of what is written in it from now on; there may be none yet. @throws {TailError}, as above */
    investigationFollow: (trace: string, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(
        function* () {
          const traceId = yield* traceMeant(keeper, trace)
          return keeper.tails.open(
            'documents',
            investigationLines(traceId, () => knowledgeOf(keeper)),
          )
        },
        { timeoutMs, signal },
      ),
    /** Opens the investigation if nobody has. Without an edit that is all. @throws as above, {StoreError} */
    investigationEdit: (trace: string, edit: Edit | undefined, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(
        function* () {
          const traceId = yield* traceMeant(keeper, trace)
          const before = yield* keeper.documents.of(traceId)
          if (before === undefined) yield* requireTrace(keeper, traceId)
          const isChanged = applyEdit(editDeps(keeper), traceId, before, edit)
          const stored = isChanged ? yield* keeper.documents.of(traceId) : before
          return { isChanged, ...(yield* described(keeper, traceId, stored as StoredInvestigation)) }
        },
        { timeoutMs, signal },
      ),
  }
}

/** What the picture of a trace says of its investigation; undefined where there is none. */
export function* marksOfTrace(keeper: Keeper, traceId: TraceId): Steps<InvestigationMarks | undefined> {
  const stored = yield* keeper.documents.of(traceId)
  return stored === undefined || stored.entries.length === 0 ? undefined : marksOf(readInvestigation(stored.entries))
}

function editDeps(keeper: Keeper) {
  const { deps, ledger, card, intake } = keeper
  const keep = (payload: Uint8Array): void => intake.keepDocument(payload)
  return { clock: deps.clock, crypto: deps.crypto, ledger, self: card.deviceId, keep }
}

function* listed(keeper: Keeper, limit: number): Steps<readonly InvestigationSummary[]> {
  const traceIds = (yield* keeper.documents.traceIds()).slice(0, limit)
  const knowledge = knowledgeOf(keeper)
  const rows = yield* keeper.search.summariesOf(traceIds)
  const summaries: InvestigationSummary[] = []
  for (const traceId of traceIds) {
    const stored = yield* keeper.documents.of(traceId)
    if (stored !== undefined) summaries.push(summarizeInvestigation(traceId, stored, rows.get(traceId), knowledge))
  }
  return summaries
}

function* described(keeper: Keeper, traceId: TraceId, stored: StoredInvestigation): Steps<InvestigationView> {
  return describeInvestigation(traceId, stored, yield* summaryOf(keeper, traceId), knowledgeOf(keeper))
}

function* summaryOf(keeper: Keeper, traceId: TraceId): Steps<TraceSummaryRow | undefined> {
  return (yield* keeper.search.summariesOf([traceId])).get(traceId)
}

/** By a start of its id among traces that are here and those that only an investigation is here of. */
function* traceMeant(keeper: Keeper, text: string): Steps<TraceId> {
  const whole = toTraceId(text)
  if (whole !== undefined) return whole
  const investigated = yield* keeper.documents.traceIds()
  const traceId = findTrace(text, {
    idsFrom(prefix, limit) {
      const known = keeper.records.idsFrom(prefix, limit)
      return known && [...new Set([...known, ...investigated.filter((id) => id.startsWith(prefix))])].slice(0, limit)
    },
  })
  if (traceId === undefined) throw noTrace()
  return traceId
}

function* requireTrace(keeper: Keeper, traceId: TraceId): Steps<void> {
  if ((yield* summaryOf(keeper, traceId)) === undefined) throw noTrace()
}

function noTrace(): InvestigationError {
  return new InvestigationError('TRACE_NOT_FOUND', 'no trace here has this id, and nobody has opened an investigation')
}

function noInvestigation(traceId: TraceId): InvestigationError {
  return new InvestigationError('INVESTIGATION_NOT_FOUND', 'nobody has opened an investigation of this trace', {
    details: { traceId },
  })
}
