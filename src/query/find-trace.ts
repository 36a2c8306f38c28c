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

/** An id of 64 bits, as Jaeger and B3 have them: it is kept with as many zeros before it. */
const SHORT_DIGITS = 16
const PADDING = '0'.repeat(SHORT_DIGITS)

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
  const found = tracesMeant(digits, source)
  if (found === undefined || found.length > 1) {
    throw new QueryError('TRACE_AMBIGUOUS', 'several traces here begin like that: give more digits')
  }
  return found[0]
}

/** Traces here that begin with these digits, or whose shorter id does; some of them if they are several, undefined if too many may. */
export function tracesMeant(digits: string, source: Pick<TraceSource, 'idsFrom'>): readonly TraceId[] | undefined {
  const found = source.idsFrom(digits, 2)
  if (digits.length > SHORT_DIGITS) return found
  const padded = source.idsFrom(PADDING + digits, 2)
  return found && padded && [...new Set([...found, ...padded])]
}
