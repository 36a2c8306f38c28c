/** The only errors the SDK throws, and only from `connect`: a module that cannot run, or cannot know where its agent is. */
import { MeshError } from '../base/errors.ts'

export type SdkErrorCode =
  'SDK_NODE_TOO_OLD' | 'SDK_CREDENTIAL_MISSING' | 'SDK_CREDENTIAL_UNREADABLE' | 'SDK_CREDENTIAL_INVALID'
export class SdkError extends MeshError<SdkErrorCode> {}
