/** Why a session ends. The other side is told the code; rules: docs/spec/session.md. */
import { MeshError } from '../base/errors.ts'

export type SessionErrorCode =
  | 'SYNC_NO_HELLO'
  | 'SYNC_VERSION_UNKNOWN'
  | 'SYNC_OTHER_MESH'
  | 'SYNC_NOT_A_MEMBER'
  | 'SYNC_OUT_OF_ORDER'
  | 'SYNC_RUN_TOO_LARGE'
  | 'SYNC_REFUSED'
  | 'SYNC_SILENT'
  | 'SYNC_NOT_READING'
export class SessionError extends MeshError<SessionErrorCode> {}
