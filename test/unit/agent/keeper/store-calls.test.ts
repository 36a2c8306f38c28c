/** What a keeper says of its store, and what a person may ask of it. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_HOLDS } from '../../../../src/agent/keeper/holds.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { storeCalls } from '../../../../src/agent/keeper/store-calls.ts'
import { STORED_LANES } from '../../../../src/model/lane.ts'
import { DEFAULT_RETENTION } from '../../../../src/policy/retention.ts'
import { finish } from '../../../support/finish.ts'
import { auditPayloads, keeperHome, START_MS, takeSegment, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, manySpans, traceIdOf, traces } from '../../../support/otlp-records.ts'

const DAY_MS = 86_400_000
let home: KeeperHome
let keeper: Keeper
let calls: ReturnType<typeof storeCalls>

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  calls = storeCalls(keeper, join(home.folder, 'store.db'))
})
afterEach(() => home.remove())

async function store(module: string, bytes: Uint8Array, signal: 'traces' | 'logs' = 'traces'): Promise<void> {
  await takeSegment(keeper, signal, module, bytes)
}

function run(atDay: number): void {
  home.clock.setWall(START_MS + atDay * DAY_MS)
  finish(keeper.retention.steps())
}

const leaves = (type: string) => auditPayloads(keeper, type)

describe('stats', () => {
  test('[RE18] of an empty store', async () => {
    const { lanes, openRecords, holds } = await calls.storeStats()
    const nothing = { segments: 0, records: 0, bytes: 0, sinceUnixMs: null, gone: [], sources: [] }
    expect(lanes).toEqual(
      STORED_LANES.map((lane) => ({
        lane,
        limits: DEFAULT_RETENTION[lane],
        openRecords: 0,
        ...nothing,
      })),
    )
    expect([openRecords, holds]).toEqual([0, 0])
  })

  test('[RE18] what is kept, since when, and what is gone and why, by lane and source', async () => {
    await store('core', traces('app', { trace: 1, span: 1 }))
    run(0)
    run(6)
    await store('core', manySpans('app', 2, 5_000_000, 40))
    await store('data', manySpans('app', 3, 9_000_000, 2))
    await store('core', logs('app', 17), 'logs')
    await keeper.intake.take('logs', logs('app', 17, 18), { kind: 'bus', module: 'core' })
    run(12)
    run(14)
    const { lanes, openRecords, disk } = await calls.storeStats()
    const [traceLane, logLane] = lanes
    expect(lanes.map((lane) => lane.openRecords)).toEqual([0, 2, 0, 0])
    expect(traceLane).toMatchObject({ segments: 2, records: 42, sinceUnixMs: START_MS + 5_000 })
    expect(traceLane?.sources.map(({ module, records, sinceUnixMs }) => [module, records, sinceUnixMs])).toEqual([
      ['core', 40, START_MS + 5_000],
      ['data', 2, START_MS + 9_000],
    ])
    const at = START_MS + 14 * DAY_MS
    const gone = [expect.objectContaining({ reason: 'age', segments: 1, records: 1, firstUnixMs: at, lastUnixMs: at })]
    expect([traceLane?.gone, traceLane?.sources.map((source) => source.gone)]).toEqual([gone, [gone, []]])
    expect(logLane).toMatchObject({ segments: 1, records: 1 })
    expect(openRecords).toBe(2)
    expect(disk.packBytes).toBeGreaterThan(0)
    expect(disk.databaseBytes).toBeGreaterThan(disk.freeBytes)
  })

  test('[RE18] logs of one module under several incarnations are one source', async () => {
    await store('core', traces('app', { trace: 1, span: 1 }))
    await store('core', traces('app', { trace: 2, span: 2 }))
    keeper.store.db.prepare("UPDATE log SET incarnation = x'00112233445566778899aabbccddeeff'").run()
    keeper.close()
    const reopened = home.reopen()
    await reopened.intake.take('traces', traces('app', { trace: 3, span: 3 }), { kind: 'bus', module: 'core' })
    reopened.writer.cut(() => true)
    const [lane] = (await storeCalls(reopened, join(home.folder, 'store.db')).storeStats()).lanes
    expect(lane?.sources.map(({ module, records }) => [module, records])).toEqual([['core', 3]])
  })
})

describe('limits', () => {
  test('[RE19] are changed one by one, audited, and in force after a start too', () => {
    calls.setRetention('traces', { maxAgeDays: 3 })
    expect(calls.setRetention('traces', { maxBytes: 2 ** 30 }).traces).toEqual({ maxAgeDays: 3, maxBytes: 2 ** 30 })
    expect(leaves('retention.changed')).toEqual([
      { kind: 'open', payload: { lane: 'traces', from: '14 days, 2147483648 bytes', to: '3 days, 2147483648 bytes' } },
      { kind: 'open', payload: { lane: 'traces', from: '3 days, 2147483648 bytes', to: '3 days, 1073741824 bytes' } },
    ])
    keeper.close()
    const limits = home.reopen().retention.limits()
    expect(limits).toEqual({ ...DEFAULT_RETENTION, traces: { maxAgeDays: 3, maxBytes: 2 ** 30 } })
  })

  test('[RE19] what is too much under new ones goes without waiting for the hour', async () => {
    await store('core', traces('app', { trace: 1, span: 1 }))
    run(0)
    home.clock.setWall(START_MS + 4 * DAY_MS)
    calls.setRetention('traces', { maxAgeDays: 3 })
    await keeper.turns.upkeep(function* () {})
    expect(keeper.store.segments.totals().records).toBe(0)
  })
})

describe('holds', () => {
  test('[RE20] are placed on a trace by its first digits, listed, given up, and audited', async () => {
    await store('core', traces('app', { trace: 0xabc, span: 1 }))
    const digits = traceIdOf(0xabc).slice(0, 31)
    const placed = calls.placeHold({ trace: digits, reason: 'complaint 12' })
    expect(placed).toEqual({
      id: 1,
      createdUnixMs: START_MS,
      reason: 'complaint 12',
      scope: { kind: 'trace', traceId: traceIdOf(0xabc) },
    })
    expect(calls.holds()).toEqual([placed])
    expect(calls.liftHold(1)).toEqual(placed)
    expect(calls.holds()).toEqual([])
    const payload = { traceId: traceIdOf(0xabc), reason: 'complaint 12' }
    expect([leaves('hold.placed'), leaves('hold.removed')]).toEqual([
      [{ kind: 'open', payload }],
      [{ kind: 'open', payload }],
    ])
  })

  test('[RE20] on a time name a device as people do', () => {
    const range = { fromUnixMs: 5, toUnixMs: 9, module: 'core', device: keeper.card.name }
    const { scope } = calls.placeHold({ ...range, reason: 'outage' })
    const { deviceId } = keeper.card
    expect(scope).toEqual({ kind: 'range', fromUnixMs: 5, toUnixMs: 9, deviceId, module: 'core' })
    expect(keeper.store.holds.all()[0]?.scope).toEqual(scope)
  })

  test.each([
    { name: 'a number nobody was given', code: 'HOLD_UNKNOWN', work: () => calls.liftHold(7) },
    { name: 'a trace that is not here', code: 'TRACE_NOT_FOUND', work: () => place({ trace: 'abcd' }) },
    { name: 'a device that is not known', code: 'DEVICE_UNKNOWN', work: () => place({ ...RANGE, device: 'nobody' }) },
  ])('[RE20] $name is refused and leaves nothing', ({ code, work }) => {
    expect(work).toThrow(expect.objectContaining({ code }))
    expect([...leaves('hold.placed'), ...leaves('hold.removed'), ...calls.holds()]).toEqual([])
  })

  test('[RE20] are bounded', () => {
    const scope = { kind: 'trace', traceId: traceIdOf(1) } as const
    for (let n = 1; n < MAX_HOLDS; n++) keeper.store.holds.insert({ createdUnixMs: 0, reason: 'many', scope })
    place(RANGE)
    expect(() => place(RANGE)).toThrow(expect.objectContaining({ code: 'HOLD_TOO_MANY' }))
  })

  const RANGE = { fromUnixMs: 0, toUnixMs: 1, device: undefined, module: undefined }
  function place(what: { trace: string } | (Omit<typeof RANGE, 'device'> & { device: string | undefined })): unknown {
    return calls.placeHold({ reason: 'why', ...what })
  }
})
