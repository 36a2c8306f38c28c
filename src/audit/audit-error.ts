/** Errors of the audit room. Verification answers with a code instead of throwing: a bad log is an expected answer there. */
import { MeshError } from '../base/errors.ts'

export type AuditErrorCode =
  /** A value that is not JSON, or is nested too deep. */
  | 'AUDIT_JSON_INVALID'
  /** Bytes, or fields, that are not a leaf of version 1. */
  | 'AUDIT_LEAF_INVALID'
  | 'AUDIT_LEAF_TOO_LARGE'
  | 'AUDIT_PAYLOAD_TOO_LARGE'
  /** A proof was asked for a size or index the tree does not have, or a stored tree state is malformed. */
  | 'AUDIT_TREE_INVALID'
  /** The stored tree state does not belong to the stored leaves: nothing is appended to such a log. */
  | 'AUDIT_TREE_MISMATCH'

export class AuditError extends MeshError<AuditErrorCode> {}
