import { describe, expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import { FrameDecoder } from '../../../src/wire/frame.ts'
import {
  decodePairMessage,
  encodePairMessage,
  MAX_PAIR_OPS,
  MAX_PAIR_REQUEST_BYTES,
  type PairMessage,
} from '../../../src/wire/pair-messages.ts'
import { MAX_NEARBY_VERSIONS } from '../../../src/wire/nearby-messages.ts'
import * as fx from './fixtures.ts'

const golden = fx.vectors('pair-messages')
const frameOf = (type: PairMessage['type']) => fx.hexBytes(golden.find(({ name }) => name === type)?.hex ?? '')
const messageOf = <Type extends PairMessage['type']>(type: Type) =>
  golden.find(({ name }) => name === type)?.value as Extract<PairMessage, { type: Type }>

function decodeFrame(frame: Uint8Array): PairMessage {
  const [read] = new FrameDecoder().push(frame)
  if (read === undefined) throw new Error('no whole frame')
  return decodePairMessage(read.kind, read.payload)
}

function changed(type: PairMessage['type'], key: number, value: CborValue): () => PairMessage {
  const map = new Map(decodeCbor(frameOf(type).subarray(6)) as CborMap)
  return () => decodePairMessage(frameOf(type)[1] as number, encodeCbor(map.set(key, value)))
}

function changedPart(type: 'show' | 'open', key: number, value: CborValue): () => PairMessage {
  const part = (decodeCbor(frameOf(type).subarray(6)) as CborMap).get(1) as CborMap
  return changed(type, 1, new Map([...part, [key, value]]))
}

const refused: { name: string; decode: () => PairMessage; code: string }[] = [
  { name: 'a kind of sync', decode: () => decodePairMessage(1, fx.bytes(0xa0, 1)), code: 'PAIR_KIND' },
  { name: 'a join of another version', decode: changed('join', 1, 2), code: 'WIRE_VERSION' },
  { name: 'a token instead of its id', decode: changed('join', 2, fx.bytes(0, 16)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a short nonce', decode: changed('join', 3, fx.bytes(0, 15)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a join without a card', decode: changed('join', 4, new Map()), code: 'WIRE_FIELD_MISSING' },
  { name: 'a short proof', decode: changed('join', 5, fx.bytes(0, 31)), code: 'WIRE_FIELD_RANGE' },
  { name: 'an offer of another version', decode: changed('offer', 1, 2), code: 'WIRE_VERSION' },
  { name: 'an empty operation', decode: changed('offer', 5, [fx.bytes(0, 0)]), code: 'WIRE_FIELD_RANGE' },
  {
    name: 'an operation too many',
    decode: changed(
      'offer',
      5,
      Array.from({ length: MAX_PAIR_OPS + 1 }, () => fx.bytes(0, 1)),
    ),
    code: 'WIRE_FIELD_RANGE',
  },
  { name: 'a short signature', decode: changed('accept', 1, fx.bytes(0, 63)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a caller that speaks nothing', decode: changed('seek', 1, []), code: 'WIRE_FIELD_RANGE' },
  {
    name: 'a caller that speaks too much',
    decode: changed(
      'seek',
      1,
      Array.from({ length: MAX_NEARBY_VERSIONS + 1 }, (_, n) => n),
    ),
    code: 'WIRE_FIELD_RANGE',
  },
  { name: 'a short commitment', decode: changed('commit', 2, fx.bytes(0, 31)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a part that is no map', decode: changed('show', 1, []), code: 'WIRE_FIELD_TYPE' },
  { name: 'a short nonce of a part', decode: changedPart('show', 1, fx.bytes(0, 31)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a part without a card', decode: changedPart('open', 2, new Map()), code: 'WIRE_FIELD_MISSING' },
  { name: 'a part of no mesh', decode: changedPart('open', 3, fx.bytes(0, 15)), code: 'WIRE_FIELD_RANGE' },
  { name: 'a number for yes or no', decode: changedPart('show', 4, 1), code: 'WIRE_FIELD_TYPE' },
  { name: 'words instead of a code', decode: changed('refuse', 1, 'go away'), code: 'WIRE_FIELD_RANGE' },
]

describe('pairing messages', () => {
  test.each(golden)('[PA1] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encodePairMessage(value as PairMessage))).toBe(hex)
    expect(decodeFrame(fx.hexBytes(hex))).toEqual(value)
  })

  test('[PA1] kinds are numbered from 32, apart from those of sync', () => {
    expect(golden.map(({ hex }) => fx.hexBytes(hex)[1])).toEqual([32, 33, 34, 35, 36, 37, 38, 39, 40, 41])
  })

  test('[PA1] every prefix of every payload is refused, and noise is refused or read', () => {
    for (const { hex } of golden) {
      const frame = fx.hexBytes(hex)
      const decode = (bytes: Uint8Array) => decodePairMessage(frame[1] as number, bytes)
      expect(fx.acceptedPrefixes(frame.subarray(6), decode)).toEqual([])
      expect(fx.surprises([frame.subarray(6)], decode)).toEqual([])
    }
  })

  test.each(refused)('[PA1] refused: $name', ({ decode, code }) => {
    expect(fx.refusal(decode)).toBe(code)
  })

  test('[PA2] whatever a joiner sends fits what an inviter reads from a stranger', () => {
    const join = messageOf('join')
    const largest = { ...join, card: { ...join.card, name: 'x'.repeat(64) } }
    expect(encodePairMessage(largest).length).toBeLessThan(MAX_PAIR_REQUEST_BYTES / 4)
    expect(encodePairMessage(messageOf('accept')).length).toBeLessThan(MAX_PAIR_REQUEST_BYTES / 4)
    const part = { ...messageOf('show').part, card: largest.card }
    expect(encodePairMessage({ type: 'show', part }).length).toBeLessThan(MAX_PAIR_REQUEST_BYTES / 4)
    const versions = Array.from({ length: MAX_NEARBY_VERSIONS }, () => Number.MAX_SAFE_INTEGER)
    expect(encodePairMessage({ type: 'seek', versions }).length).toBeLessThan(MAX_PAIR_REQUEST_BYTES / 4)
    expect(encodePairMessage({ type: 'refuse', code: 'X'.repeat(64) }).length).toBeLessThan(MAX_PAIR_REQUEST_BYTES / 4)
  })

  test('[PA2] an offer of more operations than a mesh can have is not sent', () => {
    const ops = Array.from({ length: MAX_PAIR_OPS + 1 }, () => fx.bytes(0, 1))
    expect(fx.refusal(() => encodePairMessage({ ...messageOf('offer'), ops }))).toBe('WIRE_FIELD_RANGE')
    expect(decodeFrame(encodePairMessage({ ...messageOf('offer'), ops: ops.slice(1) }))).toMatchObject({
      type: 'offer',
    })
  })
})
