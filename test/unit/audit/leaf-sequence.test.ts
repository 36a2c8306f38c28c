import { describe, expect, test } from 'vitest'
import { encodeLeaf, type AuditLeaf } from '../../../src/audit/leaf.ts'
import { LeafSequence } from '../../../src/audit/leaf-sequence.ts'
import { referenceRoot, sha256 } from './reference-tree.ts'

const leaf = (seq: number, change: Partial<AuditLeaf> = {}): Uint8Array =>
  encodeLeaf({
    v: 1,
    type: 'key.created',
    seq,
    ts: '2026-11-22T18:00:00.123Z',
    mono: 100 + seq,
    boot: 'AAECAwQFBgc=',
    sev: 'info',
    outcome: 'success',
    actor: { kind: 'device', ref: 'aa'.repeat(32) },
    ret: 'security-1y',
    ...change,
  })
const OTHER_BOOT = 'BwYFBAMCAQA='

/** What the sequence answers to each of these leaves. */
function verdicts(leaves: readonly Uint8Array[]): string[] {
  const sequence = new LeafSequence(sha256)
  return leaves.map((bytes) => {
    const verdict = sequence.add(bytes)
    return verdict.ok ? 'ok' : verdict.code
  })
}

describe('a sequence of leaves', () => {
  test('[AU7] ends with the root of the tree over the bytes as they were given', () => {
    const leaves = [leaf(0), leaf(1), leaf(2)]
    const sequence = new LeafSequence(sha256)
    for (const bytes of leaves) expect(sequence.add(bytes).ok).toBe(true)
    expect(sequence.size).toBe(3)
    expect(sequence.root()).toEqual(referenceRoot(leaves))
  })

  test.each<[string, Uint8Array[], string[]]>([
    ['a gap is found', [leaf(0), leaf(2)], ['ok', 'AUDIT_SEQ_WRONG']],
    ['a repeated leaf is found', [leaf(0), leaf(0)], ['ok', 'AUDIT_SEQ_WRONG']],
    ['a log that does not begin at 0 is found', [leaf(1)], ['AUDIT_SEQ_WRONG']],
    ['leaves in another order are found', [leaf(1), leaf(0)], ['AUDIT_SEQ_WRONG', 'ok']],
    ['a clock that stands still is fine', [leaf(0, { mono: 5 }), leaf(1, { mono: 5 })], ['ok', 'ok']],
    ['a clock that goes back is found', [leaf(0, { mono: 5 }), leaf(1, { mono: 4 })], ['ok', 'AUDIT_MONO_BACKWARDS']],
    ['a new boot starts its clock anew', [leaf(0, { mono: 5 }), leaf(1, { mono: 0, boot: OTHER_BOOT })], ['ok', 'ok']],
    [
      'a clock that goes back is found across another boot',
      [leaf(0, { mono: 5 }), leaf(1, { boot: OTHER_BOOT }), leaf(2, { mono: 4 })],
      ['ok', 'ok', 'AUDIT_MONO_BACKWARDS'],
    ],
    ['the wall clock may go back', [leaf(0), leaf(1, { ts: '2001-01-01T00:00:00.000Z' })], ['ok', 'ok']],
    ['bytes that are no leaf are found', [leaf(0), new Uint8Array(3)], ['ok', 'AUDIT_LEAF_INVALID']],
  ])('[AU7] %s', (_, leaves, expected) => {
    expect(verdicts(leaves)).toEqual(expected)
  })

  test('[AU7] a refused leaf is not counted', () => {
    const sequence = new LeafSequence(sha256)
    sequence.add(leaf(0))
    sequence.add(leaf(5))
    expect(sequence.size).toBe(1)
    expect(sequence.add(leaf(1)).ok).toBe(true)
  })
})
