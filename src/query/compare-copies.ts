/** Orders and preferences among copies of records, independent of the order they arrived in. */
import type { Evidence } from './trace-source.ts'

const EVIDENCE_RANK: Readonly<Record<Evidence, number>> = { verified: 0, unverified: 1, tampered: 2 }

export interface RecordCopy {
  readonly evidence: Evidence
  readonly module: string
}

/** Best proven first. */
export function compareEvidence(a: Evidence, b: Evidence): number {
  return EVIDENCE_RANK[a] - EVIDENCE_RANK[b]
}

/** Of two equal records, the one to keep: a genuine copy proves the content, whatever carried the other. */
export function isBetterCopy(copy: RecordCopy, known: RecordCopy): boolean {
  return (compareEvidence(copy.evidence, known.evidence) || compareText(copy.module, known.module)) < 0
}

/** By UTF-16 code units: the same everywhere, whatever the locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
