/**
 * Inclusion and consistency proofs of RFC 6962 trees, made and checked (algorithms: RFC 9162, sections 2.1.3 and 2.1.4).
 *
 * Checking takes sizes as bigint, for they come from others and are 64-bit there, and answers false for anything that is
 * not a proof. Making reads leaf hashes, O(n): logs of one device are small; a larger log would keep inner nodes.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import { AuditError } from './audit-error.ts'
import { appendLeafHash, EMPTY_RANGE, HASH_BYTES, nodeHash, rootOf } from './merkle-tree.ts'

/** Longest proof: one hash a level of a tree of 2^64 leaves. */
export const MAX_PROOF_HASHES = 64

type LeafHashAt = (index: number) => Uint8Array

/** @throws AuditError AUDIT_TREE_INVALID unless 0 <= index < size. */
export function inclusionProof(sha256: Sha256, leafHashAt: LeafHashAt, index: number, size: number): Uint8Array[] {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(index) && index >= 0 && index < size)) throw outside(size)
  const proof: Uint8Array[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const left = index < middle
    proof.push(left ? subtreeRoot(sha256, leafHashAt, middle, to) : subtreeRoot(sha256, leafHashAt, from, middle))
    if (left) to = middle
    else from = middle
  }
  return proof.toReversed()
}

/** @throws AuditError AUDIT_TREE_INVALID unless 0 < size1 <= size2: nothing is to be proved about an empty tree. */
export function consistencyProof(sha256: Sha256, leafHashAt: LeafHashAt, size1: number, size2: number): Uint8Array[] {
  if (!(Number.isSafeInteger(size2) && Number.isSafeInteger(size1) && size1 > 0 && size1 <= size2)) throw outside(size2)
  const proof: Uint8Array[] = []
  let [from, to] = [0, size2]
  while (to !== size1) {
    const middle = from + splitOf(to - from)
    const left = size1 <= middle
    proof.push(left ? subtreeRoot(sha256, leafHashAt, middle, to) : subtreeRoot(sha256, leafHashAt, from, middle))
    if (left) to = middle
    else from = middle
  }
  // The verifier knows the old root; only a subtree of the old tree has to be named.
  if (from > 0) proof.push(subtreeRoot(sha256, leafHashAt, from, to))
  return proof.toReversed()
}

export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: bigint
  readonly size: bigint
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): boolean {
  const { index, size, proof } = claim
  if (index < 0n || index >= size || !isProof(proof) || claim.leafHash.length !== HASH_BYTES) return false
  let [node, last, hash] = [index, size - 1n, claim.leafHash]
  for (const sibling of proof) {
    if (last === 0n) return false
    if (isRight(node) || node === last) {
      hash = nodeHash(sha256, sibling, hash)
      // A node without a right sibling moves up unchanged until it is one.
      while (!isRight(node) && node !== 0n) [node, last] = [node >> 1n, last >> 1n]
    } else {
      hash = nodeHash(sha256, hash, sibling)
    }
    ;[node, last] = [node >> 1n, last >> 1n]
  }
  return last === 0n && equalBytes(hash, claim.root)
}

export interface ConsistencyClaim {
  readonly size1: bigint
  readonly root1: Uint8Array
  readonly size2: bigint
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** False for an old size of 0 too: every log extends the empty one, so such a proof proves nothing. */
export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2 } = claim
  if (size1 <= 0n || size1 > size2 || !isProof(claim.proof)) return false
  if (size1 === size2) return claim.proof.length === 0 && equalBytes(root1, root2)
  // A perfect old tree is itself the first node of the path; its root is not repeated in the proof.
  const [first, ...path] = isPowerOfTwo(size1) ? [root1, ...claim.proof] : claim.proof
  if (first === undefined || first.length !== HASH_BYTES) return false
  let [node, last] = [size1 - 1n, size2 - 1n]
  while (isRight(node)) [node, last] = [node >> 1n, last >> 1n]
  let [old, now] = [first, first]
  for (const sibling of path) {
    if (last === 0n) return false
    if (isRight(node) || node === last) {
      ;[old, now] = [nodeHash(sha256, sibling, old), nodeHash(sha256, sibling, now)]
      while (!isRight(node) && node !== 0n) [node, last] = [node >> 1n, last >> 1n]
    } else {
      now = nodeHash(sha256, now, sibling)
    }
    ;[node, last] = [node >> 1n, last >> 1n]
  }
  return last === 0n && equalBytes(old, root1) && equalBytes(now, root2)
}

function isProof(proof: readonly Uint8Array[]): boolean {
  return proof.length <= MAX_PROOF_HASHES && proof.every((hash) => hash.length === HASH_BYTES)
}

function isRight(node: bigint): boolean {
  return (node & 1n) === 1n
}

function isPowerOfTwo(size: bigint): boolean {
  return (size & (size - 1n)) === 0n
}

/** Leaves in the left subtree of a tree of `size` > 1 leaves: the largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function subtreeRoot(sha256: Sha256, leafHashAt: LeafHashAt, from: number, to: number): Uint8Array {
  let range = EMPTY_RANGE
  for (let index = from; index < to; index++) range = appendLeafHash(sha256, range, leafHashAt(index))
  return rootOf(sha256, range)
}

function outside(size: number): AuditError {
  return new AuditError('AUDIT_TREE_INVALID', 'no such proof in this tree', { details: { size } })
}
