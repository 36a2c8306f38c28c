/** Which trace somebody means: by its whole id, or by a start of it that no other trace here has (QU21). */
import { MeshError } from '../base/errors.ts'
import { toTraceId, type TraceId } from '../model/ids.ts'
import type { TraceSource } from './trace-source.ts'

export type QueryErrorCode =
  | 'TRACE_ID_INVALID'
  | 'TRACE_AMBIGUOUS'
  /** Something of the trace is stored, and nothing of that can be read. */
  | 'TRACE_UNREADABLE'
export class QueryError extends MeshError<QueryErrorCode> {}

/** Fewer would be a guess more often than a choice. */
export const MIN_TRACE_PREFIX_DIGITS = 4

const PREFIX = new RegExp(`^[0-9a-f]{${MIN_TRACE_PREFIX_DIGITS},31}$`)

/** @returns undefined if no trace here has this id or start. @throws {QueryError} */
export function findTrace(text: string, source: Pick<TraceSource, 'idsFrom'>): TraceId | undefined {
  const digits = text.toLowerCase()
  const whole = toTraceId(digits)
  if (whole !== undefined) return whole
  if (!PREFIX.test(digits)) {
    throw new QueryError(
      'TRACE_ID_INVALID',
      `a trace id is 32 hex digits, not all zero, or at least ${MIN_TRACE_PREFIX_DIGITS} of its first`,
    )
  }
  const found = source.idsFrom(digits, 2)
  if (found === undefined || found.length > 1) {
    throw new QueryError('TRACE_AMBIGUOUS', 'several traces here begin like that: give more digits')
  }
  return found[0]
}
