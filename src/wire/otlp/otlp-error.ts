/** Why OTLP bytes or text cannot be taken. Messages name fields, counts and limits, never content. */
import { MeshError } from '../../base/errors.ts'

export type OtlpErrorCode =
  /** Not protobuf, or not the message it should be. */
  | 'OTLP_MALFORMED'
  /** Values nested deeper than MAX_VALUE_DEPTH. */
  | 'OTLP_TOO_DEEP'
  /** More bytes or more elements than a limit of limits.ts. */
  | 'OTLP_TOO_LARGE'
  /** A trace or span id that is zero or of a wrong length. */
  | 'OTLP_BAD_ID'
  /** A string that is not UTF-8. */
  | 'OTLP_BAD_TEXT'
  /** A time past the year 2262. */
  | 'OTLP_BAD_TIME'
  /** A data point that fits in no series. */
  | 'OTLP_BAD_POINT'
  /** Text that is not a JSON document of the signal, or a field with a value of the wrong kind. */
  | 'OTLP_JSON'

export class OtlpError extends MeshError<OtlpErrorCode> {}

export function malformed(message: string): OtlpError {
  return new OtlpError('OTLP_MALFORMED', message)
}

export function tooLarge(what: string, limit: number): OtlpError {
  return new OtlpError('OTLP_TOO_LARGE', `${what}: more than ${limit}`, { details: { limit } })
}
