/** The only errors of the SDK. `connect` throws the first four: a module that cannot run, or cannot know where its agent is. */
import { MeshError } from '../base/errors.ts'

export type SdkErrorCode =
  | 'SDK_NODE_TOO_OLD'
  | 'SDK_CREDENTIAL_MISSING'
  | 'SDK_CREDENTIAL_UNREADABLE'
  | 'SDK_CREDENTIAL_INVALID'
  /** `request` rejects with one of these: not sent at all, not answered in time, or answered with a failure. */
  | 'SDK_REQUEST_NOT_SENT'
  | 'SDK_REQUEST_TIMEOUT'
  | 'SDK_REQUEST_FAILED'
export class SdkError extends MeshError<SdkErrorCode> {}
