/** Why an update of a document is refused. */
import { WireError } from '../wire-error.ts'

export type UpdateErrorCode =
  | 'DOCUMENT_TOO_LARGE'
  /** No Yjs update. */
  | 'DOCUMENT_MALFORMED'
  /** A Yjs update, and not one that stands on its own as ours do. */
  | 'DOCUMENT_SHAPE'
export class UpdateError extends WireError<UpdateErrorCode> {}

export function malformed(problem: string): UpdateError {
  return new UpdateError('DOCUMENT_MALFORMED', `an update cannot be read: ${problem}`)
}

export function misshapen(problem: string): UpdateError {
  return new UpdateError('DOCUMENT_SHAPE', `an update does not stand on its own: ${problem}`)
}
