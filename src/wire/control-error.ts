/** What can be wrong with a control operation beyond its encoding; docs/spec/control.md. */
import type { Field } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { readCritical } from './shared-fields.ts'
import { WireError } from './wire-error.ts'

export type ControlErrorCode =
  /** A signature the operation needs is missing, wrong, or one too many. */
  | 'CONTROL_BAD_SIGNATURE'
  /** The operation needs an extension this version does not have. */
  | 'CONTROL_UNKNOWN_CRITICAL'
  /** Two fields of the operation cannot both be true. */
  | 'CONTROL_CONTRADICTION'
  /** A device has a name that hides characters, or passes for an id. */
  | 'CONTROL_DEVICE_NAME'
export class ControlError extends WireError<ControlErrorCode> {}

/** @throws {ControlError} `CONTROL_UNKNOWN_CRITICAL`: this version has no critical extension yet. */
export function refuseCritical(map: CborMap, field: Field): void {
  const [extension] = readCritical(map, field)
  if (extension === undefined) return
  throw new ControlError('CONTROL_UNKNOWN_CRITICAL', 'needs an extension this version does not have', {
    details: { extension },
  })
}
