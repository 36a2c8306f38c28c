/**
 * The error of every decoder and encoder of our own binary formats.
 *
 * One class to catch at a border: whatever bytes a peer sends, a decoder of this room throws this or returns a value.
 */
import { MeshError } from '../base/errors.ts'

export class WireError<Code extends string = string> extends MeshError<Code> {}

/** Codes of the field readers, shared by every format; `details.field` names the field. */
export type WireFieldErrorCode =
  'WIRE_FIELD_MISSING' | 'WIRE_FIELD_TYPE' | 'WIRE_FIELD_RANGE' | 'WIRE_FIELD_ORDER' | 'WIRE_VERSION' | 'WIRE_TOO_LARGE'

export function fieldError(
  code: WireFieldErrorCode,
  field: string,
  problem: string,
  details: Record<string, string | number | boolean> = {},
): WireError<WireFieldErrorCode> {
  return new WireError(code, `${field}: ${problem}`, { details: { field, ...details } })
}

/** Refuses a whole message before any of it is read. @throws {WireError} `WIRE_TOO_LARGE`. */
export function limitBytes(bytes: Uint8Array, limit: number, field: string): void {
  if (bytes.length > limit) {
    throw fieldError('WIRE_TOO_LARGE', field, 'over its limit', { length: bytes.length, limit })
  }
}
