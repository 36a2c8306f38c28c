/** The only errors the SDK throws, and only from `connect`: a module that cannot know where its agent is. */
import { MeshError } from '../base/errors.ts'

export type SdkErrorCode = 'SDK_CREDENTIAL_MISSING' | 'SDK_CREDENTIAL_UNREADABLE' | 'SDK_CREDENTIAL_INVALID'
export class SdkError extends MeshError<SdkErrorCode> {}
