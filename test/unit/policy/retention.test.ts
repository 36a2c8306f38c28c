import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../src/model/ids.ts'
import {
  AGE_DAYS,
  DEFAULT_RETENTION,
  excessBytes,
  fairShares,
  LANE_BYTES,
  oldestKeptUnixMs,
  readLimits,
  reasonToDrop,
  SLACK,
} from '../../../src/policy/retention.ts'

const NOW_MS = Date.UTC(2026, 10, 22)
const DAY_MS = 86_400_000
const device = (name: string): DeviceId => name as DeviceId

describe('shares', () => {
  const rows: readonly { name: string; room: number; sizes: readonly number[]; want: readonly number[] }[] = [
    { name: '[RE3] who needs less than a fair share gets what it needs', room: 90, sizes: [10, 20], want: [10, 20] },
    { name: '[RE3] of two that need more each gets half', room: 100, sizes: [80, 900], want: [50, 50] },
    { name: '[RE3] what one does not need goes to the others', room: 100, sizes: [10, 900, 70], want: [10, 45, 45] },
    { name: '[RE3] a small one between large ones keeps all it has', room: 100, sizes: [60, 5, 60], want: [47, 5, 48] },
    { name: '[RE3] no room is no share', room: 0, sizes: [5, 5], want: [0, 0] },
    { name: '[RE3] nobody there gets nothing', room: 100, sizes: [], want: [] },
  ]
  test.each(rows)('$name', ({ room, sizes, want }) => {
    const shares = fairShares(room, sizes)
    expect(shares).toEqual(want)
  })

  test('[RE3] shares never exceed the room or the need, use all the room, and nobody below its part is cut', () => {
    const sizes = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.nat(5_000_000), sizes, (room, of) => {
        const shares = fairShares(room, of)
        const total = shares.reduce((sum, each) => sum + each, 0)
        const needed = of.reduce((sum, each) => sum + each, 0)
        expect(total).toBeLessThanOrEqual(room)
        expect(total).toBeGreaterThan(Math.min(room, needed) - of.length)
        const cut = shares.filter((share, at) => share < (of[at] as number))
        for (const [at, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(of[at] as number)
          if (cut.length > 0) expect(share).toBeLessThanOrEqual(Math.min(...cut) + 1)
        }
      }),
    )
  })
})

describe('excess', () => {
  const limits = { maxAgeDays: 1, maxBytes: 3_200 }
  const source = (name: string, module: string, bytes: number) => ({ device: device(name), module, bytes })

  test('[RE3] a lane within its room loses nothing, to the byte', () => {
    expect(excessBytes(limits, [source('me', 'a', 3_000), source('me', 'b', 200)])).toEqual([0, 0])
    expect(excessBytes(limits, [source('me', 'a', 3_001), source('me', 'b', 200)])).not.toEqual([0, 0])
  })

  test('[RE3] a lane over its room is brought a little below it', () => {
    expect(excessBytes(limits, [source('me', 'a', 4_000)])).toEqual([4_000 - limits.maxBytes * (1 - SLACK)])
  })

  test('[RE3] one noisy module pays for itself', () => {
    expect(excessBytes(limits, [source('me', 'quiet', 1_000), source('me', 'noisy', 90_000)])).toEqual([0, 87_900])
  })

  test('[RE3] a device with a thousand modules has the share of one device', () => {
    const noisy = Array.from({ length: 1_000 }, (_, i) => source('guest', `m${i}`, 100))
    const [own, ...theirs] = excessBytes(limits, [source('me', 'a', 1_500), ...noisy])
    expect(own).toBe(0)
    expect(theirs.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(100_000 - 1_600)
  })
})

describe('reasons', () => {
  const rows = [
    {
      name: '[RE2] one that is old enough goes for its age',
      of: { isHeld: false, storedUnixMs: 100 },
      excess: 0,
      want: 'age',
    },
    {
      name: '[RE2] one that is a moment younger stays',
      of: { isHeld: false, storedUnixMs: 101 },
      excess: 0,
      want: undefined,
    },
    {
      name: '[RE4] a young one goes while its source has too much',
      of: { isHeld: false, storedUnixMs: 101 },
      excess: 1,
      want: 'size',
    },
    { name: '[RE4] age is told before size', of: { isHeld: false, storedUnixMs: 1 }, excess: 1, want: 'age' },
    {
      name: '[RE5] one that is held stays however old it is',
      of: { isHeld: true, storedUnixMs: 0 },
      excess: 9,
      want: undefined,
    },
  ]
  test.each(rows)('$name', ({ of, excess, want }) => {
    expect(reasonToDrop(of, 100, { bytes: excess, reason: 'size' })).toBe(want)
    expect(reasonToDrop(of, 100, { bytes: excess, reason: 'quota' })).toBe(want === 'size' ? 'quota' : want)
  })

  test('[RE2] an age in days', () => {
    expect(oldestKeptUnixMs({ maxAgeDays: 14, maxBytes: 0 }, NOW_MS)).toBe(NOW_MS - 14 * DAY_MS)
  })
})

describe('limits as they were set', () => {
  const rows: readonly { name: string; value: unknown; want: object }[] = [
    { name: '[RE1] none: the default', value: undefined, want: DEFAULT_RETENTION },
    {
      name: '[RE1] of one lane: the others stay the default',
      value: { logs: { maxAgeDays: 3 } },
      want: { ...DEFAULT_RETENTION, logs: { ...DEFAULT_RETENTION.logs, maxAgeDays: 3 } },
    },
    {
      name: '[RE1] out of bounds, or no number: the default',
      value: { traces: { maxAgeDays: 0, maxBytes: '1' }, metrics: 7 },
      want: DEFAULT_RETENTION,
    },
    {
      name: '[RE1] the bounds themselves are taken',
      value: { traces: { maxAgeDays: AGE_DAYS.most, maxBytes: LANE_BYTES.least } },
      want: { ...DEFAULT_RETENTION, traces: { maxAgeDays: AGE_DAYS.most, maxBytes: LANE_BYTES.least } },
    },
  ]
  test.each(rows)('$name', ({ value, want }) => {
    expect(readLimits(value)).toEqual(want)
  })
})
