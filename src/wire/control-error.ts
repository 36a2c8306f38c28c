/** What can be wrong with a control operation beyond its encoding; docs/spec/control.md. */
import { WireError } from './wire-error.ts'

export type ControlErrorCode =
  /** A signature the operation needs is missing, wrong, or one too many. */
  | 'CONTROL_BAD_SIGNATURE'
  /** The operation needs an extension this version does not have. */
  | 'CONTROL_UNKNOWN_CRITICAL'
  /** Two fields of the operation cannot both be true. */
  | 'CONTROL_CONTRADICTION'
export class ControlError extends WireError<ControlErrorCode> {}
