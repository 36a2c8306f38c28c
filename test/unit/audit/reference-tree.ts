/**
 * The definition of RFC 6962, section 2.1, written as it stands there, and the reference tree of its test suites
 * (leaves and roots transcribed from transparency-dev/merkle, testonly/constants.go, Apache-2.0).
 */
import { appendLeafHash, EMPTY_RANGE, leafHash, nodeHash, type CompactRange } from '../../../src/audit/merkle-tree.ts'
import { fromHex } from '../../../src/base/bytes.ts'
import type { Sha256 } from '../../../src/base/crypto.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'

export const sha256: Sha256 = (bytes) => nodeCrypto.sha256(bytes)

export const REFERENCE_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => fromHex(hex) as Uint8Array)

/** Roots of the trees over the first 0, 1, 2 ... 8 of those leaves. */
export const REFERENCE_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

export function referenceRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return leafHash(sha256, leaves[0] as Uint8Array)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(sha256, referenceRoot(leaves.slice(0, split)), referenceRoot(leaves.slice(split)))
}

export function treeOf(leaves: readonly Uint8Array[]): CompactRange {
  return leaves.reduce((range, leaf) => appendLeafHash(sha256, range, leafHash(sha256, leaf)), EMPTY_RANGE)
}
