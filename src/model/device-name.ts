/**
 * What a device may be called. A name is a label that its owner chose and others read: it must not pass for another
 * device, so it shows every character it has, and never looks like an id or the start of one (docs/spec/control.md CT12).
 */
import { utf8 } from '../base/bytes.ts'
import { hasUnseen } from '../base/unseen.ts'

/** Longest device name, in UTF-8 bytes. */
export const MAX_DEVICE_NAME_BYTES = 64

export type DeviceNameProblem = 'LENGTH' | 'UNSEEN' | 'LIKE_AN_ID'

/** Hex digits only, and as many as people use to name a device by its id: eight or more. */
const LIKE_AN_ID = /^[0-9a-f]{8,}$/i

/** Why nobody may be called so; undefined if it is a good name. */
export function deviceNameProblem(name: string): DeviceNameProblem | undefined {
  if (name === '' || utf8(name).length > MAX_DEVICE_NAME_BYTES) return 'LENGTH'
  if (hasUnseen(name) || name.startsWith(' ') || name.endsWith(' ')) return 'UNSEEN'
  return LIKE_AN_ID.test(name) ? 'LIKE_AN_ID' : undefined
}
