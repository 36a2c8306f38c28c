import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addClockPoint,
  clockAt,
  clockDrift,
  DRIFT_PPM,
  MAX_CLOCK_POINTS,
  POINT_EVERY_MS,
  type ClockHistory,
} from '../../../src/model/clock-history.ts'

const T0 = 1_700_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const at = (ms: number, offsetMs: number, errorMs = 1) => ({ atUnixMs: T0 + ms, offsetMs, errorMs })
const of = (...points: readonly ReturnType<typeof at>[]): ClockHistory => points.reduce(addClockPoint, [])

describe('what is kept', () => {
  test('[RC9] of many measurements one in ten minutes, the newest too', () => {
    const every15s = Array.from({ length: 241 }, (_, n) => at(n * 15_000, 5))
    const history = of(...every15s)
    expect(history.map(({ atUnixMs }) => (atUnixMs - T0) / MINUTE)).toEqual([0, 10, 20, 30, 40, 50, 60])
  })

  test('[RC9] one that says less than is known changes nothing', () => {
    const history = of(at(0, 5, 1), at(15_000, 5, 1))
    expect(addClockPoint(history, at(30_000, 40, 50))).toEqual(history)
  })

  test('[RC9] a clock that was set is a step, and stays', () => {
    const history = of(at(0, 5), at(HOUR, 7_200_005), at(HOUR + 15_000, 7_200_005), at(2 * HOUR, 7_200_005))
    expect(history.map(({ isStep }) => isStep)).toEqual([false, true, false])
  })

  test('[RC9] our own clock set back: what was measured at times still to come is forgotten', () => {
    const history = of(at(0, 5), at(2 * HOUR, 5), at(HOUR, 3_600_005))
    expect(history).toEqual([
      { ...at(0, 5), isStep: false },
      { ...at(HOUR, 3_600_005), isStep: true },
    ])
    expect(of(at(HOUR, 5), at(0, 3_600_005))).toEqual([{ ...at(0, 3_600_005), isStep: true }])
  })

  test('[RC9] a year fits, its last hours finer than its first months', () => {
    const history = of(...Array.from({ length: 365 * 24 }, (_, n) => at(n * HOUR, 5)))
    expect(history).toHaveLength(MAX_CLOCK_POINTS)
    const pausesMs = history.slice(1).map(({ atUnixMs }, i) => atUnixMs - (history[i]?.atUnixMs ?? 0))
    expect(pausesMs.at(-1)).toBeLessThanOrEqual(4 * HOUR)
    expect(Math.max(...pausesMs)).toBeLessThanOrEqual(60 * DAY)
  })

  test('[RC9] steps alone do not outgrow the bound', () => {
    const history = of(...Array.from({ length: 200 }, (_, n) => at(n * HOUR, n * DAY)))
    expect(history).toHaveLength(MAX_CLOCK_POINTS)
    expect(history.at(-1)?.offsetMs).toBe(199 * DAY)
  })
})

describe('the offset at a moment', () => {
  test('[RC9] never measured, nothing is said', () => {
    expect(clockAt([], T0)).toBeUndefined()
  })

  const cases = [
    { name: 'at a measurement', history: of(at(0, 50, 2)), ms: 0, offsetMs: 50, errorMs: 2 },
    {
      name: 'an hour before the first, by what clocks may drift',
      history: of(at(0, 50, 2)),
      ms: -HOUR,
      offsetMs: 50,
      errorMs: 362,
    },
    { name: 'an hour after the only one', history: of(at(0, 50, 2)), ms: HOUR, offsetMs: 50, errorMs: 362 },
    // Each of the two allows 180 ms and its own 2 around it.
    {
      name: 'between two that agree',
      history: of(at(0, 0, 2), at(HOUR, 100, 2)),
      ms: HOUR / 2,
      offsetMs: 50,
      errorMs: 132,
    },
    {
      name: 'between two of which the later is a step: any of both',
      history: of(at(0, 0, 2), at(HOUR, 7_200_000, 2)),
      ms: HOUR / 2,
      offsetMs: 3_600_000,
      errorMs: 3_600_182,
    },
    { name: 'before a step', history: of(at(0, 0, 2), at(HOUR, 7_200_000, 2)), ms: 0, offsetMs: 0, errorMs: 2 },
  ]
  test.each(cases)('[RC9] $name', ({ history, ms, offsetMs, errorMs }) => {
    const found = clockAt(history, T0 + ms)
    expect(found?.offsetMs).toBeCloseTo(offsetMs, 6)
    expect(found?.errorMs).toBeCloseTo(errorMs, 6)
  })

  test('[RC9] beyond the last the measured drift goes on, and its error grows with what is not known of it', () => {
    // 20 ppm: 72 ms an hour.
    const history = of(...Array.from({ length: 25 }, (_, n) => at(n * HOUR, n * 72, 1)))
    const { ppm = 0, errorPpm = 0 } = clockDrift(history) ?? {}
    expect(ppm).toBeCloseTo(20, 6)
    expect(errorPpm).toBeLessThan(11)
    const found = clockAt(history, T0 + 48 * HOUR)
    expect(found?.offsetMs).toBeCloseTo(48 * 72, 3)
    expect(found?.errorMs).toBeLessThan(1 + (24 * HOUR * 11) / 1e6)
  })

  test('[RC9] drift is of the time since a clock was set, and not said of too short a time', () => {
    expect(clockDrift(of(at(0, 0), at(10_000, 0)))).toBeUndefined()
    const history = of(at(0, 0), at(HOUR, 7_200_000), at(HOUR + 15_000, 7_200_000), at(25 * HOUR, 7_200_000))
    expect(clockDrift(history)?.ppm).toBeCloseTo(0, 6)
  })

  test('[RC9] clocks that drift by no more than they may: the true offset always lies within the error', () => {
    const walk = fc.array(
      fc.record({
        stepMs: fc.integer({ min: 1_000, max: DAY }),
        ppm: fc.double({ min: -DRIFT_PPM, max: DRIFT_PPM, noNaN: true }),
        noise: fc.double({ min: -1, max: 1, noNaN: true }),
        errorMs: fc.integer({ min: 1, max: 500 }),
        isMeasured: fc.boolean(),
      }),
      { minLength: 2, maxLength: 200 },
    )
    fc.assert(
      fc.property(walk, (steps) => {
        let [ms, offsetMs] = [0, 1_000]
        let history: ClockHistory = []
        const truth: { readonly ms: number; readonly offsetMs: number }[] = []
        for (const { stepMs, ppm, noise, errorMs, isMeasured } of steps) {
          ms += stepMs
          offsetMs += (stepMs * ppm) / 1e6
          truth.push({ ms, offsetMs })
          if (isMeasured) history = addClockPoint(history, at(ms, offsetMs + noise * errorMs, errorMs))
        }
        const lastMs = (history.at(-1)?.atUnixMs ?? T0) - T0
        for (const each of truth.filter((one) => one.ms <= lastMs)) {
          const { offsetMs: said = 0, errorMs = 0 } = clockAt(history, T0 + each.ms) ?? {}
          expect(Math.abs(said - each.offsetMs)).toBeLessThanOrEqual(errorMs + 1e-6)
        }
      }),
    )
  })

  test('[RC9] a step is never taken for drift, whenever it came', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: HOUR, max: DAY }), (when, byMs) => {
        const points = Array.from({ length: 48 }, (_, n) => at(n * POINT_EVERY_MS, n < when ? 0 : byMs))
        const history = of(...points)
        expect(clockAt(history, T0 + (when - 1) * POINT_EVERY_MS)?.offsetMs).toBeCloseTo(0, 6)
        expect(clockAt(history, T0 + when * POINT_EVERY_MS)?.offsetMs).toBeCloseTo(byMs, 6)
      }),
    )
  })
})
