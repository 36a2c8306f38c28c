/** Which group of errors somebody means: by its fingerprint, or by a start of it that no other group here has. */
import { MeshError } from '../../base/errors.ts'
import type { CollectedError } from '../../query/search/error-groups.ts'

export type ErrorGroupErrorCode =
  /** No digits of a fingerprint. */
  'ERROR_ID_INVALID' | 'ERROR_NOT_FOUND' | 'ERROR_AMBIGUOUS'
export class ErrorGroupError extends MeshError<ErrorGroupErrorCode> {}

/** Fewer would be a guess more often than a choice. */
export const MIN_GROUP_DIGITS = 4
const FINGERPRINT_DIGITS = 16
const START = new RegExp(`^[0-9a-f]{${MIN_GROUP_DIGITS},${FINGERPRINT_DIGITS}}$`)

/** @throws {ErrorGroupError} `ERROR_ID_INVALID` */
export function groupStart(text: string): string {
  const digits = text.toLowerCase()
  if (START.test(digits)) return digits
  const rule = `a group is named by the first ${MIN_GROUP_DIGITS} to ${FINGERPRINT_DIGITS} hex digits of its id`
  throw new ErrorGroupError('ERROR_ID_INVALID', rule)
}

/** @throws {ErrorGroupError} */
export function findErrorGroup(groups: readonly CollectedError[], text: string): CollectedError {
  const start = groupStart(text)
  const [found, second] = groups.filter(({ fingerprint }) => fingerprint.startsWith(start))
  if (found === undefined) throw new ErrorGroupError('ERROR_NOT_FOUND', 'no group of errors here begins like that')
  if (second !== undefined) {
    throw new ErrorGroupError('ERROR_AMBIGUOUS', 'several groups of errors here begin like that: give more digits')
  }
  return found
}
