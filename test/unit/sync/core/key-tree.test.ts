import { describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import { BASE_PART } from '../../../../src/model/lane.ts'
import { keyCommitment, moduleKey, partKey, segmentKey, type SegmentPlace } from '../../../../src/sync/core/key-tree.ts'
import { bytes, crypto, incarnation, log, vectors } from '../../wire/fixtures.ts'

interface Path {
  readonly epochKey: Uint8Array
  readonly module: string
  readonly part: string
  readonly place: SegmentPlace
}

describe('key tree', () => {
  test.each(vectors('key-tree'))('[SG9] golden: $name', ({ value, hex, derived }) => {
    const path = value as Path
    const forModule = moduleKey(crypto, path.epochKey, path.module)
    const forPart = partKey(crypto, forModule, path.part)
    expect(toHex(forModule)).toBe(derived?.['moduleKey'])
    expect(toHex(forPart)).toBe(derived?.['partKey'])
    expect(toHex(keyCommitment(crypto, forPart))).toBe(derived?.['commitment'])
    expect(toHex(segmentKey(crypto, forPart, path.place))).toBe(hex)
  })

  test('[SG9] no two places in the tree share a key', () => {
    const place = { salt: bytes(1, 16), log, incarnation, seq: 1 }
    const keys = [bytes(1, 32), bytes(2, 32)].flatMap((epoch) =>
      ['core', 'core2', ''].flatMap((module) => {
        const forModule = moduleKey(crypto, epoch, module)
        const forPart = partKey(crypto, forModule, BASE_PART)
        const places = [place, { ...place, seq: 2 }, { ...place, seq: 2 ** 32 + 1 }, { ...place, salt: bytes(2, 16) }]
        return [forModule, forPart, ...places.map((at) => segmentKey(crypto, forPart, at))]
      }),
    )
    expect(new Set(keys.map(toHex)).size).toBe(keys.length)
  })
})
