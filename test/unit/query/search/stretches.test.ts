import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LONGEST_GAP_MS, Stretches } from '../../../../src/query/search/stretches.ts'

/** Sorted, gap by gap. */
function naiveLength(times: readonly number[], fromMs: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.reduce((sum, time, i) => {
    const before = sorted[i - 1] ?? time
    return time - before > LONGEST_GAP_MS ? sum : sum + Math.max(0, time - Math.max(before, fromMs))
  }, 0)
}

test('[SQ13] the time in which there is something is the same in whatever order and parts it comes', () => {
  const time = fc.integer({ min: 0, max: 20 }).map((halfDays) => (halfDays * LONGEST_GAP_MS) / 2 + (halfDays % 3))
  fc.assert(
    fc.property(fc.array(fc.array(time)), time, (parts, fromMs) => {
      const [whole, joined] = [new Stretches(), new Stretches()]
      for (const part of parts) {
        const own = new Stretches()
        for (const each of part) {
          own.add(each)
          whole.add(each)
        }
        joined.addAll(own.pairs())
      }
      expect(joined.pairs()).toEqual(whole.pairs())
      expect(whole.lengthMs(fromMs)).toBe(naiveLength(parts.flat(), fromMs))
    }),
  )
})
