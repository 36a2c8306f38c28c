/** Quotas of a keeper: set and cleared, and what a run drops for them. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SETTING } from '../../../../src/agent/keeper/device-settings.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { quotaCalls } from '../../../../src/agent/keeper/quota-calls.ts'
import { MAX_QUOTAS } from '../../../../src/agent/keeper/quotas.ts'
import { LOOK_EVERY_MS } from '../../../../src/agent/keeper/retention.ts'
import { storeCalls } from '../../../../src/agent/keeper/store-calls.ts'
import { QUOTA_BYTES } from '../../../../src/policy/quotas.ts'
import { finish, openAll } from '../../../support/finish.ts'
import { auditPayloads, keeperHome, START_MS, takeSegment, type KeeperHome } from '../../../support/keeper-home.ts'
import { traceIdOf, traces } from '../../../support/otlp-records.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { grantTo, pairKeepers, syncOnce } from './keeper-pair.ts'

const LEAST = QUOTA_BYTES.least
/** Of text that hardly compresses, about 75 KB a segment: 28 of them fill the least quota. */
const CHARS = 100_000
const random = seededRandom(11)
const TEXT = Array.from({ length: CHARS }, () => String.fromCharCode(48 + Math.floor(random() * 64))).join('')
/** Of those, so many are over it for sure. */
const MANY = 40
let home: KeeperHome
let keeper: Keeper
let calls: ReturnType<typeof quotaCalls>

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  calls = quotaCalls(keeper)
})
afterEach(() => home.remove())

const EVERY = { device: undefined, module: undefined, lane: undefined }
const run = (of: Keeper = keeper): void => finish(of.retention.steps())
function runAt(day: number): void {
  home.clock.setWall(START_MS + day * 86_400_000)
  run()
}
const idle = async (): Promise<void> => {
  for (let n = 0; n < 2; n++) await keeper.turns.upkeep(function* () {})
}

/** One segment with one span of a trace. */
async function segment(module: string, trace: number): Promise<void> {
  await takeSegment(keeper, 'traces', module, traces('app', { trace, span: trace, text: TEXT }))
}

async function segments(module: string, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) await segment(module, n)
}

/** Which of the traces are here. */
function there(of: Keeper, from: number, count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, n) => from + n)
  return all.filter((n) => openAll(of.records.chunksOf(traceIdOf(n))).length > 0)
}

function kept(of: Keeper = keeper): Readonly<Record<string, number>> {
  return Object.fromEntries(of.store.logs.all().map(({ module, rowId }) => [module, of.store.kept.ofLog(rowId).bytes]))
}

function dropped(of: Keeper = keeper): readonly string[] {
  return of.store.dropped.all().map(({ log, reason }) => `${of.store.logs.byRow(log).module} ${reason}`)
}

const leaves = (type: string) => auditPayloads(keeper, type)

describe('a run', () => {
  test('[RE21] a module over its quota loses its oldest, counted as that, and nobody else loses anything', async () => {
    calls.setQuota({ ...EVERY, module: 'hearing', maxBytes: LEAST })
    await segments('core', 100, MANY)
    await segments('hearing', 1, MANY)
    run()
    expect(kept()['hearing']).toBeLessThanOrEqual(LEAST)
    expect(kept()['hearing']).toBeGreaterThan(LEAST * 0.9)
    expect(there(keeper, 100, MANY).length).toBe(MANY)
    const left = there(keeper, 1, MANY)
    expect(left).toEqual(Array.from({ length: left.length }, (_, n) => MANY - left.length + 1 + n))
    expect(dropped()).toEqual(['hearing quota'])
  })

  test('[RE21] modules of a device share its quota: the quiet one keeps all it has', async () => {
    calls.setQuota({ ...EVERY, device: keeper.card.name, maxBytes: LEAST })
    await segments('quiet', 100, 3)
    await segments('noisy', 1, MANY)
    run()
    expect(there(keeper, 100, 3).length).toBe(3)
    expect((kept()['noisy'] as number) + (kept()['quiet'] as number)).toBeLessThanOrEqual(LEAST)
    expect(dropped()).toEqual(['noisy quota'])
  })

  test('[RE23] what is held stays and does not count', async () => {
    for (const n of [1, 2]) {
      const scope = { kind: 'trace', traceId: traceIdOf(n) } as const
      keeper.store.holds.insert({ createdUnixMs: START_MS, reason: 'a complaint', scope })
    }
    await segments('hearing', 1, MANY)
    keeper.store.quotas.set({ module: 'hearing', lane: 'traces', maxBytes: LEAST })
    run()
    const left = there(keeper, 1, MANY)
    expect(left.slice(0, 2)).toEqual([1, 2])
    expect(left[2]).toBeGreaterThan(3)
    expect(kept()['hearing']).toBeGreaterThan(LEAST)
  })

  test('[RE21] age is looked at before quotas, and quotas before room', async () => {
    const reasons = () => keeper.store.dropped.all().map(({ reason, segments: count }) => [reason, count])
    await segments('hearing', 1, 2)
    for (const day of [0, 6, 12]) runAt(day)
    await segments('hearing', 11, MANY)
    keeper.store.settings.set(SETTING.retention, { traces: { maxBytes: LEAST } })
    keeper.store.quotas.set({ module: 'hearing', maxBytes: LEAST })
    runAt(14)
    expect(reasons()).toEqual([
      ['age', 2],
      ['quota', MANY - there(keeper, 11, MANY).length],
    ])
  })

  test('[RE24] stats say how much is gone for a quota, and the audit log is told', async () => {
    calls.setQuota({ ...EVERY, module: 'hearing', maxBytes: LEAST })
    await segments('hearing', 1, MANY)
    home.clock.advance(LOOK_EVERY_MS)
    await keeper.retention.run()
    const { lanes, quotas } = await storeCalls(keeper, join(home.folder, 'store.db')).storeStats()
    const gone = MANY - there(keeper, 1, MANY).length
    expect(gone).toBeGreaterThan(5)
    expect(lanes[0]?.sources[0]).toMatchObject({ module: 'hearing', gone: [{ reason: 'quota', records: gone }] })
    expect(quotas).toBe(1)
    expect(leaves('data.purged')).toEqual([{ kind: 'open', payload: { reason: 'retention', 'traces.quota': gone } }])
  })

  test('[RE11] a quota that is outgrown is looked at without waiting for the hour', async () => {
    calls.setQuota({ ...EVERY, module: 'hearing', maxBytes: LEAST })
    await idle()
    for (let n = 1; n <= MANY + 10; n++) {
      await segment('hearing', n)
      keeper.retention.grew()
      await idle()
    }
    expect(dropped()).toEqual(['hearing quota'])
    expect(kept()['hearing']).toBeLessThanOrEqual(LEAST * 1.25)
  })

  test('[RE21] what another device lets this one see is limited here, and stays there', async () => {
    const other = keeperHome(home.clock)
    try {
      const reader = other.create('laptop')
      await reader.setStage('developer')
      await pairKeepers(keeper, reader)
      await grantTo(keeper, reader)
      await segments('core', 1, MANY)
      await keeper.handedOver()
      while ((await syncOnce(keeper, reader)) > 0);
      expect(there(reader, 1, MANY).length).toBe(MANY)
      quotaCalls(reader).setQuota({ ...EVERY, device: keeper.card.name, module: 'core', maxBytes: LEAST })
      run(reader)
      expect(kept(reader)['core']).toBeLessThanOrEqual(LEAST)
      expect(dropped(reader)).toEqual(['core quota'])
      expect(await syncOnce(keeper, reader)).toBe(0)
      expect(there(keeper, 1, MANY).length).toBe(MANY)
    } finally {
      other.remove()
    }
  })
})

describe('setting and clearing', () => {
  test('[RE24] are audited, answered with a number, and there after a start too', async () => {
    const deviceId = keeper.card.deviceId
    const first = calls.setQuota({ device: keeper.card.name, module: 'core', lane: 'logs', maxBytes: LEAST })
    expect(first).toEqual({ id: 1, deviceId, module: 'core', lane: 'logs', maxBytes: LEAST })
    expect(calls.setQuota({ ...EVERY, module: 'core', maxBytes: LEAST }).id).toBe(2)
    expect(calls.setQuota({ ...EVERY, module: 'core', maxBytes: LEAST + 1 }).id).toBe(2)
    expect(calls.clearQuota(1)).toEqual(first)
    const scope = { deviceId, module: 'core', lane: 'logs' }
    expect(leaves('quota.changed').map((payload) => payload?.kind === 'open' && payload.payload)).toEqual([
      { ...scope, from: 'no quota', to: `${LEAST} bytes` },
      { module: 'core', from: 'no quota', to: `${LEAST} bytes` },
      { module: 'core', from: `${LEAST} bytes`, to: `${LEAST + 1} bytes` },
      { ...scope, from: `${LEAST} bytes`, to: 'no quota' },
    ])
    keeper.close()
    expect(await quotaCalls(home.reopen()).quotas()).toEqual([{ id: 2, module: 'core', maxBytes: LEAST + 1, used: [] }])
  })

  test('[RE24] say what each device has under them, without what is held', async () => {
    await segments('hearing', 1, 3)
    calls.setQuota({ ...EVERY, module: 'hearing', maxBytes: LEAST })
    const { deviceId } = keeper.card
    const [all] = await calls.quotas()
    expect(all).toMatchObject({ id: 1, used: [{ deviceId, bytes: kept()['hearing'] }] })
    keeper.store.holds.insert({
      createdUnixMs: START_MS,
      reason: 'why',
      scope: { kind: 'trace', traceId: traceIdOf(2) },
    })
    const [rest] = await calls.quotas()
    expect(rest?.used[0]?.bytes).toBeLessThan(all?.used[0]?.bytes ?? 0)
    expect(rest?.used[0]?.bytes).toBeGreaterThan(0)
  })

  test('[RE24] are in force without waiting for the hour', async () => {
    await segments('hearing', 1, MANY)
    calls.setQuota({ ...EVERY, module: 'hearing', maxBytes: LEAST })
    await idle()
    expect(kept()['hearing']).toBeLessThanOrEqual(LEAST)
  })

  test('[RE24] one that is cleared while a run is under way drops nothing more', async () => {
    await segments('hearing', 1, 80)
    keeper.store.quotas.set({ module: 'hearing', maxBytes: LEAST })
    const steps = keeper.retention.steps()
    while (keeper.store.dropped.all().length === 0) steps.next()
    const left = there(keeper, 1, 80).length
    calls.clearQuota(1)
    while (steps.next().done !== true);
    expect(there(keeper, 1, 80).length).toBe(left)
    expect(kept()['hearing']).toBeGreaterThan(LEAST)
  })

  test.each([
    { name: 'a number nobody was given', code: 'QUOTA_UNKNOWN', work: () => calls.clearQuota(7) },
    {
      name: 'a device that is not known',
      code: 'DEVICE_UNKNOWN',
      work: () => calls.setQuota({ ...EVERY, device: 'nobody', maxBytes: LEAST }),
    },
  ])('[RE24] $name is refused and leaves nothing', async ({ code, work }) => {
    expect(work).toThrow(expect.objectContaining({ code }))
    expect([...leaves('quota.changed'), ...(await calls.quotas())]).toEqual([])
  })

  test('[RE24] are bounded; one that is there can still be changed', () => {
    for (let n = 1; n < MAX_QUOTAS; n++) keeper.store.quotas.set({ module: `m${n}`, maxBytes: LEAST })
    calls.setQuota({ ...EVERY, module: 'last', maxBytes: LEAST })
    expect(() => calls.setQuota({ ...EVERY, module: 'more', maxBytes: LEAST })).toThrow(
      expect.objectContaining({ code: 'QUOTA_TOO_MANY' }),
    )
    expect(calls.setQuota({ ...EVERY, module: 'last', maxBytes: LEAST + 1 }).id).toBe(MAX_QUOTAS)
  })
})
