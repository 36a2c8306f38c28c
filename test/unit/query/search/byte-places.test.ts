import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BytePlaces } from '../../../../src/query/search/byte-places.ts'

const byte = fc.constantFrom(1, 2)

test('[SQ6] bytes are found where they begin, in whatever order is asked', () => {
  const ranges = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })), { maxLength: 10 })
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 40 }),
      fc.array(byte, { minLength: 1, maxLength: 4 }),
      ranges,
      (all, wanted, asked) => {
        const payload = Uint8Array.of(9, ...all).subarray(1)
        const places = new BytePlaces(payload, Uint8Array.from(wanted))
        const begins = all.flatMap((_, at) => (wanted.every((each, i) => all[at + i] === each) ? [at] : []))
        for (const [start, end] of asked) {
          expect(places.isIn(start, end)).toBe(begins.some((at) => at >= start && at < end))
        }
      },
    ),
  )
})
