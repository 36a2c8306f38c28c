import { describe, expect, test } from 'vitest'
import { NO_SYNC_LIMITS, syncRate, type SyncLimits } from '../../../src/model/sync-limits.ts'
import { Bandwidth } from '../../../src/sync/bandwidth.ts'
import { manualClock } from '../../support/manual-clock.ts'

const limits = (more: Partial<SyncLimits>): SyncLimits => ({ ...NO_SYNC_LIMITS, ...more })

test.each([
  { name: 'no limit', of: {}, isMetered: false, up: undefined, down: undefined },
  { name: 'a limit for one way', of: { up: 5 }, isMetered: false, up: 5, down: undefined },
  { name: 'metered', of: { meteredRate: 3 }, isMetered: true, up: 3, down: 3 },
  { name: 'metered, and a way slower still', of: { meteredRate: 3, up: 1 }, isMetered: true, up: 1, down: 3 },
  { name: 'metered, nothing at all', of: { meteredRate: 0, up: 9 }, isMetered: true, up: 0, down: 0 },
])('[LK23] $name', ({ of, isMetered, up, down }) => {
  expect([syncRate(limits(of), 'up', isMetered), syncRate(limits(of), 'down', isMetered)]).toEqual([up, down])
})

describe('a pace', () => {
  function paced(of: Partial<SyncLimits>) {
    const clock = manualClock()
    const bandwidth = new Bandwidth(clock)
    bandwidth.limits = limits(of)
    const network = { isMetered: false }
    return { clock, bandwidth, network, pace: bandwidth.pace(() => network.isMetered) }
  }
  /** Whether it resolves without time passing. */
  const isAtOnce = async (wait: Promise<void>): Promise<boolean> =>
    Promise.race([wait.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])

  test('[LK23] without a limit nothing waits', async () => {
    const { pace } = paced({})
    pace.spend('up', 1e12)
    expect(await isAtOnce(pace.until('up'))).toBe(true)
    expect(pace.askBytes(1_000_000)).toBe(1_000_000)
  })

  test('[LK23] a burst of a second passes, then the rate holds; the other way is free', async () => {
    const { clock, pace } = paced({ up: 1_000 })
    pace.spend('up', 3_000)
    expect(await isAtOnce(pace.until('down'))).toBe(true)
    const wait = pace.until('up')
    clock.advance(2_000)
    expect(await isAtOnce(wait)).toBe(false)
    clock.advance(1_000)
    expect(await isAtOnce(wait)).toBe(true)
  })

  test('[LK23] sessions share it', async () => {
    const { bandwidth, pace } = paced({ up: 1_000 })
    bandwidth.pace(() => false).spend('up', 5_000)
    expect(await isAtOnce(pace.until('up'))).toBe(false)
  })

  test('[LK23] what is asked for at once is two seconds of a limit, and never less than a segment or two', () => {
    expect(paced({ down: 1_000_000 }).pace.askBytes(16_000_000)).toBe(2_000_000)
    expect(paced({ down: 10 }).pace.askBytes(16_000_000)).toBe(65_536)
    expect(paced({ down: 1_000_000 }).pace.askBytes(500)).toBe(500)
  })

  test('[LK23] nothing passes at a rate of 0, until the limit is another or the network is', async () => {
    const { clock, bandwidth, network, pace } = paced({ meteredRate: 0 })
    network.isMetered = true
    const [first, second] = [pace.until('up'), pace.until('down')]
    clock.advance(3_600_000)
    expect(await isAtOnce(first)).toBe(false)
    network.isMetered = false
    clock.advance(1_000)
    expect(await isAtOnce(first)).toBe(true)
    network.isMetered = true
    const third = pace.until('down')
    expect(await isAtOnce(third)).toBe(false)
    bandwidth.limits = limits({})
    clock.advance(1_000)
    expect([await isAtOnce(second), await isAtOnce(third)]).toEqual([true, true])
  })

  test('[LK23] whoever waits is let go when the session ends', async () => {
    const { pace } = paced({ up: 0 })
    const wait = pace.until('up')
    pace.end()
    expect(await isAtOnce(wait)).toBe(true)
    expect(await isAtOnce(pace.until('up'))).toBe(true)
  })
})
