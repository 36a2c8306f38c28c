import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CLOCK_OFFSET_MS, traceClocks } from '../../../src/query/trace-order.ts'
import { deviceId, member, mesh } from './make-chunk.ts'

const phone = deviceId('phone')
const clocksWith = (offsetMs: number, errorMs = 1): ReturnType<typeof traceClocks> =>
  traceClocks(
    mesh(member('laptop', { clock: { offsetMs: 5, errorMs: 5 } }), member('phone', { clock: { offsetMs, errorMs } })),
  )

describe('traceClocks', () => {
  test('[QU12] a clock ahead of ours is corrected back, one behind it forward', () => {
    expect(clocksWith(1840.25).corrected(phone, 5_000_000_000n)).toBe(3_159_750_000n)
    expect(clocksWith(-220).corrected(phone, 5_000_000_000n)).toBe(5_220_000_000n)
  })

  test('[QU12] our own clock is the reference, whatever is said of it', () => {
    expect(clocksWith(1).of(deviceId('laptop'))).toEqual({ offsetMs: 0, errorMs: 0 })
    expect(clocksWith(1).corrected(deviceId('laptop'), 7n)).toBe(7n)
  })

  test('[QU12] spans of one device never change order', () => {
    const nano = fc.bigInt({ min: 0n, max: 2n ** 63n })
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), nano, nano, (offsetMs, a, b) => {
        const clocks = clocksWith(offsetMs)
        expect(clocks.corrected(phone, a) < clocks.corrected(phone, b)).toBe(a < b)
      }),
    )
  })

  test.each([
    { name: 'too far off', offsetMs: MAX_CLOCK_OFFSET_MS + 1, errorMs: 1 },
    { name: 'not a number', offsetMs: Number.NaN, errorMs: 1 },
    { name: 'with a negative error', offsetMs: 1, errorMs: -1 },
  ])('[QU12] a measurement that is $name counts as none', ({ offsetMs, errorMs }) => {
    const clocks = clocksWith(offsetMs, errorMs)
    expect(clocks.of(phone)).toBeNull()
    expect(clocks.corrected(phone, 7n)).toBe(7n)
  })

  test('[QU12] two devices’ errors add up, and one device has a sure order', () => {
    const clocks = traceClocks(
      mesh(
        member('laptop'),
        member('phone', { clock: { offsetMs: 0, errorMs: 3 } }),
        member('tablet', { clock: { offsetMs: 0, errorMs: 4 } }),
      ),
    )
    const errorMs = (a: string, b: string): number => clocks.errorNanos(deviceId(a), deviceId(b)) / 1e6
    expect(errorMs('phone', 'tablet')).toBe(7)
    expect(errorMs('tablet', 'laptop')).toBe(4)
    expect(errorMs('phone', 'phone')).toBe(0)
    expect(errorMs('phone', 'watch')).toBe(Infinity)
    expect(errorMs('watch', 'watch')).toBe(0)
  })
})
