import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { headsDigest, type RunRow } from '../../../../src/sync/core/heads-digest.ts'
import { logKey } from './run-rows.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes)
const row = (n: number, from: number, to: number, id = n): RunRow => ({
  ...logKey(n),
  from,
  to,
  id: new Uint8Array(32).fill(id),
})
const digest = (rows: readonly RunRow[]): string => toHex(headsDigest(rows, sha256))
const rows = [row(1, 0, 9), row(1, 12, 2 ** 33), row(2, 0, 0)]

describe('headsDigest', () => {
  test('[RC2] is the hash of the layout in the spec', () => {
    const hex = (byte: string, times: number): string => byte.repeat(times)
    const bytes = [
      Buffer.from('aico-mesh/heads-digest/1\0').toString('hex'),
      '00000002',
      hex('01', 32) + hex('01', 16) + hex('01', 16) + '000000000000000c0000000200000000' + hex('01', 32),
      hex('02', 32) + hex('02', 16) + hex('02', 16) + hex('00', 16) + hex('02', 32),
    ].join('')
    expect(digest(rows.slice(1))).toBe(createHash('sha256').update(Buffer.from(bytes, 'hex')).digest('hex'))
  })

  test('[RC2] golden vectors: nothing, and three rows', () => {
    expect(digest([])).toBe('18e756050285edccbc94499ce440cba2246cfa4f31c7615f140d3d19b93833ad')
    expect(digest(rows)).toBe('4cc07f7a9e41597f78c00afbc3322cb562b70912c89aba47ff8d4eccf41f1781')
  })

  test('[RC2] order and repetition do not matter', () => {
    const anyRow = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map(([n, from, more]) => row(n, from, from + more))
    fc.assert(
      fc.property(fc.array(anyRow), (some) => {
        expect(digest([...some.toReversed(), ...some])).toBe(digest(some))
      }),
    )
  })

  const differences: { name: string; rows: RunRow[] }[] = [
    { name: 'a missing row', rows: rows.slice(1) },
    { name: 'another start', rows: [row(1, 1, 9), ...rows.slice(1)] },
    { name: 'another end', rows: [row(1, 0, 8), ...rows.slice(1)] },
    { name: 'another id at the end', rows: [row(1, 0, 9, 7), ...rows.slice(1)] },
    { name: 'another author', rows: [{ ...row(1, 0, 9), author: logKey(3).author }, ...rows.slice(1)] },
    { name: 'another log', rows: [{ ...row(1, 0, 9), log: logKey(3).log }, ...rows.slice(1)] },
    { name: 'another incarnation', rows: [{ ...row(1, 0, 9), incarnation: logKey(3).incarnation }, ...rows.slice(1)] },
  ]
  test.each(differences)('[RC2] $name changes the digest', ({ rows: other }) => {
    expect(digest(other)).not.toBe(digest(rows))
  })
})
