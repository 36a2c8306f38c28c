/**
 * RFC 6962 Merkle tree, append-only, kept as a compact range: the roots of its perfect subtrees, largest first.
 * Appending and the root cost O(log n) and no other leaf. Sizes are exact up to 2^53.
 */
import { concat } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import { AuditError } from './audit-error.ts'

export const HASH_BYTES = 32

export interface CompactRange {
  readonly size: number
  /** One hash for each bit that is set in `size`, highest first. */
  readonly hashes: readonly Uint8Array[]
}

export const EMPTY_RANGE: CompactRange = { size: 0, hashes: [] }

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

export function leafHash(sha256: Sha256, leaf: Uint8Array): Uint8Array {
  return sha256(concat(LEAF_PREFIX, leaf))
}

export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE_PREFIX, left, right))
}

export function appendLeafHash(sha256: Sha256, range: CompactRange, hash: Uint8Array): CompactRange {
  const hashes = [...range.hashes]
  let last = hash
  // A set bit at the low end of the size is a perfect subtree as large as the new one: they join.
  for (let rest = range.size; rest % 2 === 1; rest = (rest - 1) / 2) {
    last = nodeHash(sha256, hashes.pop() as Uint8Array, last)
  }
  return { size: range.size + 1, hashes: [...hashes, last] }
}

/** The root; of the empty tree, the hash of nothing. */
export function rootOf(sha256: Sha256, range: CompactRange): Uint8Array {
  const [last, ...rest] = range.hashes.toReversed()
  if (last === undefined) return sha256(new Uint8Array(0))
  return rest.reduce((right, left) => nodeHash(sha256, left, right), last)
}

/** Root of the tree over these leaf hashes. */
export function rootOfLeafHashes(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  return rootOf(
    sha256,
    hashes.reduce<CompactRange>((range, hash) => appendLeafHash(sha256, range, hash), EMPTY_RANGE),
  )
}

/** @throws AuditError AUDIT_TREE_INVALID if the hashes cannot be those of a tree of this size. */
export function toCompactRange(size: number, bytes: Uint8Array): CompactRange {
  const count = Number.isSafeInteger(size) && size >= 0 ? onesIn(size) : -1
  if (bytes.length !== count * HASH_BYTES) throw new AuditError('AUDIT_TREE_INVALID', 'the tree state is malformed')
  return { size, hashes: Array.from({ length: count }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES)) }
}

function onesIn(size: number): number {
  return BigInt(size).toString(2).replaceAll('0', '').length
}
