/** The start of a trace's id stands for the one trace here that begins so: whole ids are found by an index. */
import { tracesMeant } from '../find-trace.ts'
import type { TraceSource } from '../trace-source.ts'
import type { Condition } from './condition.ts'
import type { SearchQuery } from './search-query.ts'

const TRACE_DIGITS = 32

/** A start that several traces have, or none, stays as it is. */
export function withWholeTraces(query: SearchQuery, source: Pick<TraceSource, 'idsFrom'>): SearchQuery {
  return { ...query, conditions: query.conditions.map((condition) => whole(condition, source)) }
}

function whole(condition: Condition, source: Pick<TraceSource, 'idsFrom'>): Condition {
  const { not, test } = condition
  if (not || test.on !== 'trace' || test.digits === '' || test.digits.length === TRACE_DIGITS) return condition
  const [match, second] = tracesMeant(test.digits, source) ?? []
  return match === undefined || second !== undefined ? condition : { not, test: { ...test, digits: match } }
}
