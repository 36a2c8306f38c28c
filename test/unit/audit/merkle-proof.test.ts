import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consistencyProof,
  inclusionProof,
  MAX_PROOF_HASHES,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/audit/merkle-proof.ts'
import { leafHash } from '../../../src/audit/merkle-tree.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { REFERENCE_LEAVES, referenceRoot, sha256 } from './reference-tree.ts'

const LEAVES = Array.from({ length: 65 }, (_, i) => Uint8Array.of(i))
const HASHES = LEAVES.map((leaf) => leafHash(sha256, leaf))
const hashAt = (index: number) => HASHES[index] as Uint8Array
const rootAt = (size: number) => referenceRoot(LEAVES.slice(0, size))
const flipped = (hash: Uint8Array, bit = 0) => hash.with(bit >> 3, (hash[bit >> 3] as number) ^ (1 << (bit & 7)))

describe('inclusion', () => {
  test('[AU12] every leaf of every tree to 33 leaves is proved, and no other index is', () => {
    for (let size = 1; size <= 33; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(sha256, hashAt, index, size)
        const claim = { leafHash: hashAt(index), size: BigInt(size), root: rootAt(size), proof }
        const accepted = Array.from({ length: size }, (_, at) => at).filter((at) =>
          verifyInclusion(sha256, { ...claim, index: BigInt(at) }),
        )
        expect([size, accepted]).toEqual([size, [index]])
      }
    }
  })

  test.each([
    [
      0,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      ],
    ],
    [
      3,
      [
        '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
        'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      ],
    ],
  ])('[AU12] the path of reference leaf %i begins as in the reference tree', (index, path) => {
    const hashes = REFERENCE_LEAVES.map((leaf) => leafHash(sha256, leaf))
    const proof = inclusionProof(sha256, (at) => hashes[at] as Uint8Array, index, 8)
    expect(proof.slice(0, 2).map(toHex)).toEqual(path)
    expect(proof).toHaveLength(3)
  })

  test('[AU12] a proof that is longer, shorter or altered in any bit proves nothing', () => {
    const proof = inclusionProof(sha256, hashAt, 40, 65)
    const claim = { leafHash: hashAt(40), index: 40n, size: 65n, root: rootAt(65) }
    expect(verifyInclusion(sha256, { ...claim, proof })).toBe(true)
    const altered = proof.flatMap((hash, at) =>
      Array.from({ length: 256 }, (_, bit) => proof.with(at, flipped(hash, bit))),
    )
    const wrong = [...altered, proof.slice(1), proof.slice(0, -1), [...proof, HASHES[0] as Uint8Array], []]
    expect(wrong.filter((one) => verifyInclusion(sha256, { ...claim, proof: one }))).toEqual([])
  })

  test('[AU12] sizes of 64 bits and beyond are compared exactly', () => {
    const claim = { leafHash: hashAt(0), root: rootAt(1), proof: [] }
    expect(verifyInclusion(sha256, { ...claim, index: 0n, size: 1n })).toBe(true)
    for (const [index, size] of [
      [-1n, 1n],
      [1n, 1n],
      [0n, 0n],
      [2n ** 64n - 1n, 1n],
      [0n, 2n ** 64n],
      [2n ** 53n, 2n ** 53n + 1n],
    ] as const) {
      expect(verifyInclusion(sha256, { ...claim, index, size })).toBe(false)
    }
  })

  test('[AU13] a proof of more hashes than a tree has levels is refused before any is hashed', () => {
    let hashed = 0
    const counting = (bytes: Uint8Array) => {
      hashed++
      return sha256(bytes)
    }
    const proof = Array.from({ length: MAX_PROOF_HASHES + 1 }, () => new Uint8Array(32))
    const claim = { leafHash: hashAt(0), index: 0n, size: 2n ** 64n, root: rootAt(1), proof }
    expect(verifyInclusion(counting, claim)).toBe(false)
    expect(
      verifyConsistency(counting, { size1: 1n, root1: rootAt(1), size2: 2n ** 64n, root2: rootAt(2), proof }),
    ).toBe(false)
    expect(hashed).toBe(0)
  })

  test('[AU12] hashes of another length prove nothing', () => {
    const claim = { leafHash: hashAt(0), index: 0n, size: 2n, root: rootAt(2), proof: [new Uint8Array(31)] }
    expect(verifyInclusion(sha256, claim)).toBe(false)
    expect(verifyInclusion(sha256, { ...claim, leafHash: new Uint8Array(0), size: 1n, proof: [] })).toBe(false)
  })
})

describe('consistency', () => {
  test('[AU12] every pair of sizes to 33 is proved, and against no other old root', () => {
    for (let size2 = 1; size2 <= 33; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = consistencyProof(sha256, hashAt, size1, size2)
        const claim = { size1: BigInt(size1), size2: BigInt(size2), root1: rootAt(size1), root2: rootAt(size2), proof }
        expect([size1, size2, verifyConsistency(sha256, claim)]).toEqual([size1, size2, true])
        expect(verifyConsistency(sha256, { ...claim, root1: flipped(claim.root1) })).toBe(false)
        expect(verifyConsistency(sha256, { ...claim, root2: flipped(claim.root2) })).toBe(false)
      }
    }
  })

  test('[AU12] a history that was rewritten is never consistent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 65 }), fc.nat(63), (a, b, at) => {
        const [size1, size2] = [Math.min(a, b), Math.max(a, b)]
        const changed = at % size1
        const other = LEAVES.with(changed, Uint8Array.of(200))
        const hashes = other.map((leaf) => leafHash(sha256, leaf))
        const proof = consistencyProof(sha256, (index) => hashes[index] as Uint8Array, size1, size2)
        const root2 = referenceRoot(other.slice(0, size2))
        const claim = { size1: BigInt(size1), size2: BigInt(size2), root1: rootAt(size1), root2, proof }
        expect(verifyConsistency(sha256, claim)).toBe(false)
      }),
    )
  })

  test('[AU12] a proof that is longer, shorter or altered in any bit proves nothing', () => {
    const proof = consistencyProof(sha256, hashAt, 23, 65)
    const claim = { size1: 23n, size2: 65n, root1: rootAt(23), root2: rootAt(65) }
    expect(verifyConsistency(sha256, { ...claim, proof })).toBe(true)
    const altered = proof.flatMap((hash, at) =>
      Array.from({ length: 256 }, (_, bit) => proof.with(at, flipped(hash, bit))),
    )
    const wrong = [...altered, proof.slice(1), proof.slice(0, -1), [...proof, HASHES[0] as Uint8Array], []]
    expect(wrong.filter((one) => verifyConsistency(sha256, { ...claim, proof: one }))).toEqual([])
  })

  test('[AU12] the empty tree is consistent with nothing', () => {
    const empty = rootAt(0)
    expect(verifyConsistency(sha256, { size1: 0n, size2: 0n, root1: empty, root2: empty, proof: [] })).toBe(false)
    expect(verifyConsistency(sha256, { size1: 0n, size2: 1n, root1: empty, root2: rootAt(1), proof: [] })).toBe(false)
  })
})

test.each<[string, () => unknown]>([
  ['an index outside the tree', () => inclusionProof(sha256, hashAt, 3, 3)],
  ['a negative index', () => inclusionProof(sha256, hashAt, -1, 3)],
  ['an index that is no integer', () => inclusionProof(sha256, hashAt, 0.5, 3)],
  ['an old size of nothing', () => consistencyProof(sha256, hashAt, 0, 3)],
  ['an old size above the new one', () => consistencyProof(sha256, hashAt, 4, 3)],
  ['a size beyond exact integers', () => consistencyProof(sha256, hashAt, 1, 2 ** 53)],
])('[AU12] no proof is made for %s', (_, make) => {
  let code: string | undefined
  try {
    make()
  } catch (err) {
    code = codeOf(err)
  }
  expect(code).toBe('AUDIT_TREE_INVALID')
})

// transparency-dev/merkle, testdata (Apache-2.0): 98 + 98 cases with their verdicts.
const vectors = join(import.meta.dirname, '../../../../shared/data/merkle')
describe.skipIf(!existsSync(vectors))(
  'the vectors of transparency-dev (skipped where ../shared/data is absent)',
  () => {
    interface Vector {
      readonly leafIdx: string
      readonly treeSize: string
      readonly leafHash: string
      readonly root: string
      readonly size1: string
      readonly size2: string
      readonly root1: string
      readonly root2: string
      readonly proof: readonly string[] | null
      readonly wantErr: boolean
    }
    const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))
    /** Sizes are 64-bit: quoted before parsing, so that no double ever holds them. */
    const read = (path: string) =>
      JSON.parse(
        readFileSync(path, 'utf8').replaceAll(/("(?:leafIdx|treeSize|size1|size2)": )(\d+)/g, '$1"$2"'),
      ) as Vector
    const load = (kind: string) => {
      const files = existsSync(vectors) ? readdirSync(join(vectors, kind), { recursive: true, encoding: 'utf8' }) : []
      return files
        .filter((file) => file.endsWith('.json'))
        .map((file) => ({ file, ...read(join(vectors, kind, file)) }))
    }
    const inclusion = load('inclusion')
    const consistency = load('consistency')

    test('there are 98 of each', () => expect([inclusion.length, consistency.length]).toEqual([98, 98]))

    test.each(inclusion)('[AU12] inclusion $file', (vector) => {
      const accepted = verifyInclusion(sha256, {
        leafHash: bytes(vector.leafHash),
        index: BigInt(vector.leafIdx),
        size: BigInt(vector.treeSize),
        root: bytes(vector.root),
        proof: (vector.proof ?? []).map(bytes),
      })
      expect(accepted).toBe(!vector.wantErr)
    })

    test.each(consistency)('[AU12] consistency $file', (vector) => {
      const accepted = verifyConsistency(sha256, {
        size1: BigInt(vector.size1),
        size2: BigInt(vector.size2),
        root1: bytes(vector.root1),
        root2: bytes(vector.root2),
        proof: (vector.proof ?? []).map(bytes),
      })
      expect(accepted).toBe(!vector.wantErr)
    })
  },
)
