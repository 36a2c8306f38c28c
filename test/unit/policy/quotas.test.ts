import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../src/model/ids.ts'
import { SIGNALS, type Signal } from '../../../src/model/lane.ts'
import type { Quota, QuotaScope } from '../../../src/model/quota.ts'
import { overQuota, quotaOf, quotaUse, type LaneSource } from '../../../src/policy/quotas.ts'
import { SLACK } from '../../../src/policy/retention.ts'

const [me, phone] = ['me' as DeviceId, 'phone' as DeviceId]
const MAX = 3_200
const LEFT = MAX * (1 - SLACK)

function source(device: DeviceId, module: string, lane: Signal, bytes = 0): LaneSource {
  return { device, module, lane, bytes }
}

test('[RE24] what is used is counted by device, the most first, and of each source for the most specific quota alone', () => {
  const quotas: readonly Quota[] = [
    { module: 'core', maxBytes: MAX },
    { deviceId: phone, maxBytes: MAX },
    { module: 'core', lane: 'logs', maxBytes: MAX },
    { module: 'ear', maxBytes: MAX },
  ]
  const sources = [
    source(me, 'core', 'traces', 1),
    source(me, 'core', 'metrics', 20),
    source(me, 'core', 'logs', 300),
    source(me, 'other', 'logs', 4_000),
    source(phone, 'core', 'logs', 50_000),
    source(phone, 'eye', 'traces', 600_000),
  ]
  expect(quotaUse(quotas, sources)).toEqual([
    [{ deviceId: me, bytes: 21 }],
    [{ deviceId: phone, bytes: 650_000 }],
    [{ deviceId: me, bytes: 300 }],
    [],
  ])
  const both = quotaUse([{ module: 'core', maxBytes: MAX }], sources)
  expect(both).toEqual([
    [
      { deviceId: phone, bytes: 50_000 },
      { deviceId: me, bytes: 321 },
    ],
  ])
})

describe('the most specific quota', () => {
  /** Each is more specific than those behind it; the last covers nothing that is asked for. */
  const byRank: readonly QuotaScope[] = [
    { deviceId: phone, module: 'core', lane: 'logs' },
    { deviceId: phone, module: 'core' },
    { deviceId: phone, lane: 'logs' },
    { deviceId: phone },
    { module: 'core', lane: 'logs' },
    { module: 'core' },
    { deviceId: me, module: 'core', lane: 'logs' },
  ]
  const quotas = byRank.map((scope, n) => ({ ...scope, maxBytes: n }))
  const asked = source(phone, 'core', 'logs')

  test.each(quotas.slice(0, -1).map((quota, at) => ({ quota, behind: quotas.slice(at) })))(
    '[RE22] $quota wins over all that are less specific, in whatever order they were set',
    ({ quota, behind }) => {
      expect(quotaOf(behind, asked)).toBe(quota)
      expect(quotaOf(behind.toReversed(), asked)).toBe(quota)
    },
  )

  const others: readonly { name: string; of: LaneSource; want: number | undefined }[] = [
    { name: 'of another lane: that of the module of the device', of: source(phone, 'core', 'traces'), want: 1 },
    { name: 'of another module: that of the device in the lane', of: source(phone, 'ear', 'logs'), want: 2 },
    { name: 'of another module and lane: that of the device', of: source(phone, 'ear', 'traces'), want: 3 },
    { name: 'of another device: that of modules of this name', of: source(me, 'core', 'traces'), want: 5 },
    { name: 'of another device and module: none', of: source(me, 'ear', 'logs'), want: undefined },
  ]
  test.each(others)('[RE22] $name', ({ of, want }) => {
    expect(quotaOf(quotas, of)?.maxBytes).toBe(want)
  })
})

describe('what is over', () => {
  const rows: readonly { name: string; quotas: readonly Quota[]; sources: readonly LaneSource[]; want: number[] }[] = [
    {
      name: '[RE21] without a quota nothing is too much',
      quotas: [],
      sources: [source(me, 'core', 'logs', 1e9)],
      want: [0],
    },
    {
      name: '[RE21] a source within its quota loses nothing, to the byte',
      quotas: [{ module: 'core', maxBytes: MAX }],
      sources: [source(me, 'core', 'logs', MAX)],
      want: [0],
    },
    {
      name: '[RE21] one that is a byte over is brought a little below it',
      quotas: [{ module: 'core', maxBytes: MAX }],
      sources: [source(me, 'core', 'logs', MAX + 1)],
      want: [MAX + 1 - LEFT],
    },
    {
      name: '[RE21] a module of each device has the quota for itself',
      quotas: [{ module: 'core', maxBytes: MAX }],
      sources: [source(me, 'core', 'logs', MAX), source(phone, 'core', 'logs', MAX), source(me, 'ear', 'logs', 1e6)],
      want: [0, 0, 0],
    },
    {
      name: '[RE21] the lanes of a module share one that names none, and the small one keeps what it has',
      quotas: [{ module: 'core', maxBytes: MAX }],
      sources: [source(me, 'core', 'logs', 100), source(me, 'core', 'traces', 5_000)],
      want: [0, 5_000 - (LEFT - 100)],
    },
    {
      name: '[RE21] the modules of a device share its own, and only who has more than its part loses',
      quotas: [{ deviceId: phone, maxBytes: MAX }],
      sources: [
        source(phone, 'quiet', 'logs', 1_000),
        source(phone, 'noisy', 'logs', 9_000),
        source(me, 'noisy', 'logs', 9_000),
      ],
      want: [0, 9_000 - (LEFT - 1_000), 0],
    },
    {
      name: '[RE22] what has a quota of its own is no part of a wider one',
      quotas: [
        { deviceId: phone, maxBytes: MAX },
        { deviceId: phone, module: 'noisy', maxBytes: 2 * MAX },
      ],
      sources: [source(phone, 'quiet', 'logs', MAX), source(phone, 'noisy', 'logs', 2 * MAX)],
      want: [0, 0],
    },
    {
      name: '[RE22] a more specific quota may be the smaller one',
      quotas: [
        { module: 'core', maxBytes: 100 * MAX },
        { module: 'core', lane: 'logs', maxBytes: MAX },
      ],
      sources: [source(me, 'core', 'logs', 2 * MAX), source(me, 'core', 'traces', 2 * MAX)],
      want: [2 * MAX - LEFT, 0],
    },
  ]
  test.each(rows)('$name', ({ quotas, sources, want }) => {
    expect(overQuota(quotas, sources)).toEqual(want)
  })

  const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values)
  const anySource: fc.Arbitrary<LaneSource> = fc.record({
    device: oneOf(me, phone),
    module: oneOf('a', 'b', 'c'),
    lane: oneOf(...SIGNALS),
    bytes: fc.nat(10_000),
  })
  const anyQuota: fc.Arbitrary<Quota> = fc.record({
    deviceId: oneOf(me, phone, undefined),
    module: oneOf('a', 'b', undefined),
    lane: oneOf(...SIGNALS, undefined),
    maxBytes: fc.integer({ min: 1, max: 20_000 }),
  })
  const nameOf = ({ device, module, lane }: LaneSource): string => `${device} ${module} ${lane}`

  test('[RE21] [RE22] no source gives more than it has, or for no quota, and what is left of a device is within each', () => {
    const sources = fc.uniqueArray(anySource, { selector: nameOf, maxLength: 18 })
    fc.assert(
      fc.property(fc.array(anyQuota, { maxLength: 6 }), sources, (quotas, of) => {
        const over = overQuota(quotas, of)
        const left = new Map<string, number>()
        for (const [at, each] of of.entries()) {
          const quota = quotaOf(quotas, each)
          expect(over[at]).toBeGreaterThanOrEqual(0)
          expect(over[at]).toBeLessThanOrEqual(quota === undefined ? 0 : each.bytes)
          if (quota === undefined) continue
          const name = `${quotas.indexOf(quota)} ${each.device}`
          left.set(name, (left.get(name) ?? 0) + each.bytes - (over[at] as number))
          expect(left.get(name)).toBeLessThanOrEqual(quota.maxBytes)
        }
      }),
    )
  })
})
