import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  appendLeafHash,
  EMPTY_RANGE,
  leafHash,
  nodeHash,
  rootOf,
  rootOfLeafHashes,
  toCompactRange,
} from '../../../src/audit/merkle-tree.ts'
import { concat, toHex } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { REFERENCE_LEAVES, REFERENCE_ROOTS, referenceRoot, treeOf, sha256 } from './reference-tree.ts'

describe('hashes', () => {
  // Transcribed from transparency-dev/merkle (Apache-2.0), rfc6962/rfc6962_test.go.
  test.each([
    [
      'the empty leaf',
      leafHash(sha256, new Uint8Array(0)),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    ],
    [
      'the leaf L123456',
      leafHash(sha256, new TextEncoder().encode('L123456')),
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    ],
    [
      'the node N123, N456',
      nodeHash(sha256, new TextEncoder().encode('N123'), new TextEncoder().encode('N456')),
      'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
    ],
    ['the empty tree', rootOf(sha256, EMPTY_RANGE), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ])('[AU10] %s', (_, hash, expected) => {
    expect(toHex(hash)).toBe(expected)
  })
})

describe('roots', () => {
  test.each(REFERENCE_ROOTS.map((root, size) => [size, root] as const))(
    '[AU10] the tree of %i reference leaves',
    (size, root) => {
      expect(toHex(rootOf(sha256, treeOf(REFERENCE_LEAVES.slice(0, size))))).toBe(root)
    },
  )

  test('[AU10] appending one by one gives the root of the definition, for every size to 70', () => {
    const leaves = Array.from({ length: 70 }, (_, i) => Uint8Array.of(i, 7))
    const hashes = leaves.map((leaf) => leafHash(sha256, leaf))
    for (let size = 0; size <= leaves.length; size++) {
      expect(rootOfLeafHashes(sha256, hashes.slice(0, size))).toEqual(referenceRoot(leaves.slice(0, size)))
    }
  })

  test('[AU10] appending does not change the range it starts from', () => {
    const range = treeOf(REFERENCE_LEAVES.slice(0, 3))
    const before = structuredClone(range)
    appendLeafHash(sha256, range, new Uint8Array(32))
    expect(range).toEqual(before)
  })
})

describe('stored state', () => {
  test('[AU11] a range survives being stored, for any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (size) => {
        const range = treeOf(Array.from({ length: size }, (_, i) => Uint8Array.of(i & 255, i >> 8)))
        expect(toCompactRange(range.size, concat(...range.hashes))).toEqual(range)
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    ['one hash too few', 3, 1],
    ['one hash too many', 3, 3],
    ['hashes of no leaves', 0, 1],
    ['a negative size', -1, 1],
    ['a fraction', 1.5, 1],
    ['a size beyond exact integers', 2 ** 53, 1],
  ])('[AU11] %s is refused', (_, size, hashes) => {
    let code: string | undefined
    try {
      toCompactRange(size, new Uint8Array(hashes * 32))
    } catch (err) {
      code = codeOf(err)
    }
    expect(code).toBe('AUDIT_TREE_INVALID')
  })

  test('[AU11] half a hash is refused', () => {
    expect(() => toCompactRange(1, new Uint8Array(31))).toThrow('malformed')
  })

  test('[AU11] sizes above 2^32 are exact', () => {
    const size = 2 ** 40 + 2 ** 33 + 1
    const range = toCompactRange(size, new Uint8Array(3 * 32))
    expect(appendLeafHash(sha256, range, new Uint8Array(32))).toMatchObject({ size: size + 1, hashes: { length: 3 } })
  })
})

// A log written by another implementation: transparency-dev/tessera, testdata/log (Apache-2.0).
const foreignLog = join(import.meta.dirname, '../../../../shared/data/tessera-log')
describe.skipIf(!existsSync(foreignLog))('a log of Tessera (skipped where ../shared/data is absent)', () => {
  test.each(Array.from({ length: 15 }, (_, i) => i + 1))(
    '[AU10] its entries give the root of its checkpoint %i',
    (size) => {
      const entries = bundleEntries(readFileSync(join(foreignLog, `tile/entries/000.p/${size}`)))
      const [, sizeLine, rootLine] = readFileSync(join(foreignLog, `checkpoint.${size}`), 'utf8').split('\n')
      expect(entries).toHaveLength(Number(sizeLine))
      expect(Buffer.from(rootOf(sha256, treeOf(entries))).toString('base64')).toBe(rootLine)
    },
  )
})

/** tlog-tiles entry bundle: each entry after its length in two bytes. */
function bundleEntries(bundle: Uint8Array): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength)
  const entries: Uint8Array[] = []
  for (let at = 0; at < bundle.length;) {
    const length = view.getUint16(at)
    entries.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}
