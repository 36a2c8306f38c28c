/** What giving, ending and taking consent can be refused for. */
import { MeshError } from '../base/errors.ts'

export type ConsentErrorCode =
  | 'CONSENT_NOT_A_MEMBER'
  | 'CONSENT_SELF'
  | 'CONSENT_WINDOW'
  | 'CONSENT_GRANT_UNKNOWN'
  | 'CONSENT_NOT_OWNER'
  | 'CONSENT_OUTSIDE_GRANT'
export class ConsentError extends MeshError<ConsentErrorCode> {}
