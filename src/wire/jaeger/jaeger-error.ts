/** Why a Jaeger span cannot be taken. Messages name members and limits, never content. */
import { MeshError } from '../../base/errors.ts'

export type JaegerErrorCode =
  /** No object with the members that a trace has. */
  | 'JAEGER_NOT_A_TRACE'
  /** More spans in one trace than a limit. */
  | 'JAEGER_TOO_LARGE'
  /** A trace or span id that is not hex of at most 32 or 16 digits, or zero. */
  | 'JAEGER_BAD_ID'
  /** A start or a duration that is no number of microseconds. */
  | 'JAEGER_BAD_TIME'

export class JaegerError extends MeshError<JaegerErrorCode> {}
