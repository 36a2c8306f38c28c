import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CLOCK_OFFSET_MS, traceClocks, traceTimeOf } from '../../../src/query/trace-order.ts'
import { deviceId, member, mesh, nanos, T0_NANO } from './make-chunk.ts'

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

describe('when clocks were set', () => {
  const T0_MS = Number(T0_NANO / 1_000_000n)
  const HOUR_MS = 3_600_000
  const point = (ms: number, offsetMs: number, isStep = false) => ({
    atUnixMs: T0_MS + ms,
    offsetMs,
    errorMs: 2,
    isStep,
  })
  const known = mesh(
    member('laptop'),
    member('phone', {
      clock: { offsetMs: 2 * HOUR_MS, errorMs: 2 },
      clockHistory: [point(-HOUR_MS, 5), point(-1_000, 5), point(0, 2 * HOUR_MS, true), point(HOUR_MS, 2 * HOUR_MS)],
    }),
  )
  const chunks = (ms: number) => ({
    chunks: [],
    first: { deviceId: phone, earliestUnixNano: nanos(ms) },
    spans: 1,
    lost: [],
  })

  test('[QU12] [RC9] a trace from before is drawn by what was measured then', () => {
    const at = traceTimeOf(chunks(-1_000 + 5), known)
    expect(at).toBe(T0_MS - 1_000)
    expect(traceClocks(known, at).of(phone)).toEqual({ offsetMs: 5, errorMs: 2 })
  })

  test('[QU12] [RC9] one from afterwards by what was measured since', () => {
    const at = traceTimeOf(chunks(3 * HOUR_MS), known)
    expect(at).toBe(T0_MS + HOUR_MS)
    expect(traceClocks(known, at).of(phone)).toEqual({ offsetMs: 2 * HOUR_MS, errorMs: 2 })
  })

  test('[QU12] without a time, and without a history, clocks are taken as they are now', () => {
    expect(traceClocks(known).of(phone)).toEqual({ offsetMs: 2 * HOUR_MS, errorMs: 2 })
    const unknown = mesh(member('laptop'), member('phone', { clock: { offsetMs: 7, errorMs: 1 } }))
    expect(traceTimeOf(chunks(7), unknown)).toBe(T0_MS)
    expect(traceClocks(unknown, T0_MS).of(phone)).toEqual({ offsetMs: 7, errorMs: 1 })
  })

  test('[QU12] our own records are on our clock, and nothing here has no time', () => {
    const own = { ...chunks(9), first: { deviceId: deviceId('laptop'), earliestUnixNano: nanos(9) } }
    expect(traceTimeOf(own, known)).toBe(T0_MS + 9)
    expect(traceTimeOf({ ...own, first: undefined }, known)).toBeUndefined()
  })
})
