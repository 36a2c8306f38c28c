import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DRIFT_PPM } from '../../../../src/model/clock-history.ts'
import {
  addClockSample,
  CLOCK_RESOLUTION_MS,
  estimateClockOffset,
  MAX_CLOCK_SAMPLES,
  NO_SAMPLES,
  type ClockSample,
} from '../../../../src/sync/core/clock-offset.ts'

const START = 1_700_000_000_000

/** One exchange with a peer whose clock is `offset` ahead, `there` and `back` on the way. */
const exchange = (offset: number, there: number, back: number, at = 0, thinking = 1): ClockSample => ({
  sentUnixMs: START + at,
  peerReceivedUnixMs: START + at + there + offset,
  peerSentUnixMs: START + at + there + thinking + offset,
  receivedUnixMs: START + at + there + thinking + back,
  atMonotonicMs: at,
})
const after = (...samples: ClockSample[]) => samples.reduce(addClockSample, NO_SAMPLES)

describe('clock offset', () => {
  test('[RC8] without an exchange nothing is said', () => {
    expect(estimateClockOffset(NO_SAMPLES, 0)).toBeUndefined()
  })

  const one: { name: string; sample: ClockSample; offsetMs: number; errorMs: number }[] = [
    { name: 'a peer in step', sample: exchange(0, 5, 5), offsetMs: 0, errorMs: 5 },
    { name: 'a peer ahead', sample: exchange(90_000, 5, 5), offsetMs: 90_000, errorMs: 5 },
    { name: 'a peer behind', sample: exchange(-90_000, 5, 5), offsetMs: -90_000, errorMs: 5 },
    { name: 'an uneven way errs by less than it says', sample: exchange(0, 9, 1), offsetMs: 4, errorMs: 5 },
    { name: 'time the peer took to think does not count', sample: exchange(7, 5, 5, 0, 4000), offsetMs: 7, errorMs: 5 },
  ]
  test.each(one)('[RC8] $name', ({ sample, offsetMs, errorMs }) => {
    expect(estimateClockOffset(after(sample), 0)).toMatchObject({
      offsetMs,
      errorMs: errorMs + CLOCK_RESOLUTION_MS,
      samples: 1,
    })
  })

  test('[RC8] the exchange that waited least counts', () => {
    const samples = after(exchange(50, 30, 10, 0), exchange(50, 2, 2, 10), exchange(50, 10, 70, 20))
    expect(estimateClockOffset(samples, 20)).toMatchObject({ offsetMs: 50, samples: 3 })
  })

  test('[RC8] an estimate gets less certain with age, so a newer, slower exchange takes over', () => {
    const samples = after(exchange(50, 2, 2, 0), exchange(51, 4, 4, 60_000))
    expect(estimateClockOffset(samples, 60_000)?.offsetMs).toBe(51)
    const alone = after(exchange(50, 2, 2, 0))
    const hour = 3_600_000
    expect(estimateClockOffset(alone, hour)?.errorMs).toBe(2 + CLOCK_RESOLUTION_MS + (hour * DRIFT_PPM) / 1e6)
  })

  test('[RC8] only the last exchanges are kept', () => {
    const best = exchange(0, 1, 1, 0)
    const worse = Array.from({ length: MAX_CLOCK_SAMPLES }, (_, n) => exchange(0, 9, 9, n + 1))
    expect(estimateClockOffset(after(best, ...worse.slice(1)), 0)).toMatchObject({
      errorMs: 1 + CLOCK_RESOLUTION_MS,
      samples: MAX_CLOCK_SAMPLES,
    })
    expect(estimateClockOffset(after(best, ...worse), 9)?.errorMs).toBeGreaterThan(9)
  })

  test('[RC8] a clock that was set makes the older exchanges worthless', () => {
    const samples = after(exchange(0, 1, 1, 0), exchange(0, 1, 1, 10), exchange(5000, 9, 9, 20))
    expect(estimateClockOffset(samples, 20)).toEqual({
      offsetMs: 5000,
      errorMs: 9 + CLOCK_RESOLUTION_MS,
      roundTripMs: 18,
      samples: 1,
    })
  })

  const impossible: { name: string; sample: ClockSample }[] = [
    { name: 'an answer before the question', sample: { ...exchange(0, 5, 5), receivedUnixMs: START - 1 } },
    { name: 'a peer that answered before it was asked', sample: exchange(0, 5, 5, 0, -3) },
    { name: 'a peer that thought longer than we waited', sample: exchange(0, -50, 5, 0, 60) },
    { name: 'a time that is none', sample: { ...exchange(0, 5, 5), peerSentUnixMs: Number.NaN } },
    { name: 'an endless time', sample: { ...exchange(0, 5, 5), peerSentUnixMs: Infinity } },
    { name: 'no monotonic time', sample: { ...exchange(0, 5, 5), atMonotonicMs: Number.NaN } },
  ]
  test.each(impossible)('[RC8] $name changes nothing', ({ sample }) => {
    const samples = after(exchange(3, 5, 5))
    expect(addClockSample(samples, sample)).toBe(samples)
  })

  test('[RC8] a clock that counts whole milliseconds may seem to answer early', () => {
    const early = {
      sentUnixMs: START,
      peerReceivedUnixMs: START,
      peerSentUnixMs: START + 1,
      receivedUnixMs: START + 0.4,
    }
    expect(estimateClockOffset(after({ ...early, atMonotonicMs: 0 }), 0)?.errorMs).toBe(CLOCK_RESOLUTION_MS)
  })

  test('[RC8] with an honest peer the true offset lies within the error, whatever the way was like', () => {
    const way = fc.double({ min: 0, max: 500, noNaN: true })
    const legs = fc.array(fc.tuple(way, way, fc.nat(100)), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), legs, (offset, exchanges) => {
        const samples = exchanges.map(([there, back, thinking], n) => exchange(offset, there, back, n * 1000, thinking))
        const estimate = estimateClockOffset(after(...samples), exchanges.length * 1000)
        expect(estimate?.samples).toBe(Math.min(exchanges.length, MAX_CLOCK_SAMPLES))
        expect(Math.abs((estimate?.offsetMs ?? Infinity) - offset)).toBeLessThanOrEqual(estimate?.errorMs ?? 0)
      }),
    )
  })
})
