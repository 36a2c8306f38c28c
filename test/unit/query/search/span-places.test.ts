import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spanKey, SpanPlaces } from '../../../../src/query/search/span-places.ts'

const seed = [1, 2] as const
const key = fc.tuple(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0x8000_0000, 0xffff_ffff))

test('[SQ14] finds every span where it was put first, however many there are', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), key, (keys, other) => {
      const places = new SpanPlaces(seed)
      const want = new Map<string, number>()
      for (const [place, each] of keys.entries()) {
        const name = JSON.stringify(each)
        expect(places.add(...each, place)).toBe(!want.has(name))
        if (!want.has(name)) want.set(name, place)
      }
      for (const each of [...keys, other]) expect(places.find(...each)).toBe(want.get(JSON.stringify(each)))
      expect(places.count).toBe(want.size)
    }),
  )
})

test('[SQ14] grows in steps, without losing any', () => {
  const places = new SpanPlaces(seed)
  let steps = 0
  for (let i = 0; i < 60_000; i += 1000) {
    const room = places.reserve(1000)
    while (room.next().done !== true) steps++
    for (let n = i; n < i + 1000; n++) places.add(n, 7 * n, n)
  }
  expect([0, 1, 4096, 59_999].map((i) => places.find(i, 7 * i))).toEqual([0, 1, 4096, 59_999])
  expect(places.find(60_000, 7 * 60_000)).toBeUndefined()
  // From 4,096 slots to 131,072: the last doublings take several steps each.
  expect(steps).toBe(1 + 1 + 1 + 2 + 4)
})

test('[SQ14] ids that differ in any one byte are different spans, and of another trace too', () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i + 1)
  const of = (changed?: number) => {
    const copy = bytes.slice()
    if (changed !== undefined) copy[changed] = 0xff
    return JSON.stringify(spanKey(copy, 0, 16))
  }
  const keys = new Set([of(), ...Array.from({ length: 24 }, (_, i) => of(i))])
  expect(keys.size).toBe(25)
})

test('[SQ14] ids that are counted from one, in many traces, are all different spans', () => {
  const keys = new Set<string>()
  for (let trace = 1; trace <= 60; trace++) {
    for (let span = 1; span <= 60; span++) {
      const bytes = new Uint8Array(24)
      ;[bytes[15], bytes[23]] = [trace, span]
      keys.add(JSON.stringify(spanKey(bytes, 0, 16)))
    }
  }
  expect(keys.size).toBe(3600)
})
