/** What a keeper keeps, drops and says of it. Runs are taken step by step, at times that the test sets. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DROPPED_AT_ONCE, dropSegments } from '../../../../src/agent/keeper/drop-segments.ts'
import { SETTING } from '../../../../src/agent/keeper/device-settings.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { DOUBT_MS } from '../../../../src/agent/keeper/age-clock.ts'
import { FIRST_LOOK_MS, LOOK_EVERY_MS } from '../../../../src/agent/keeper/retention.ts'
import type { ConsentRecord } from '../../../../src/policy/reduce-consent.ts'
import { LANE_BYTES, type RetentionLimits } from '../../../../src/policy/retention.ts'
import type { StitchedTrace } from '../../../../src/query/stitched-trace.ts'
import { stitchTrace } from '../../../../src/query/stitch-trace.ts'
import { queryDeps } from '../../../../src/agent/keeper/query-deps.ts'
import type { HoldScope } from '../../../../src/store/hold-table.ts'
import { finish, openAll, parseParts } from '../../../support/finish.ts'
import { keeperHome, START_MS, takeSegment, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, logsOfTrace, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { grantTo, meet, pairKeepers, syncOnce } from './keeper-pair.ts'

const DAY_MS = 86_400_000
/** Three quarters of it, compressed: 30 of them are over the least limit. */
const CHARS = 100_000
let home: KeeperHome
let keeper: Keeper
let random: () => number

beforeEach(async () => {
  random = seededRandom(7)
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** Text that does not compress to less than three quarters. */
function noise(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(48 + Math.floor(random() * 64))).join('')
}

/** One segment of a module, with one span of a trace. */
async function segment(of: Keeper, module: string, trace: number, chars = 10): Promise<void> {
  await takeSegment(of, 'traces', module, traces('app', { trace, span: trace, text: noise(chars) }))
}

function spansOf(of: Keeper, trace: number): number {
  return openAll(of.records.chunksOf(traceIdOf(trace))).filter(({ provenance }) => provenance === 'verified').length
}

function run(of: Keeper, atDay: number): void {
  comeTo(of, atDay)
  look(of, atDay)
}

/** To a time at which the clock is believed: one that has jumped so far is not, for a while. */
function comeTo(of: Keeper, atDay: number): void {
  look(of, atDay)
  home.clock.advance(DOUBT_MS)
  home.clock.setWall(START_MS + atDay * DAY_MS)
}

function look(of: Keeper, atDay: number): void {
  home.clock.setWall(START_MS + atDay * DAY_MS)
  finish(of.retention.steps())
}

function limit(of: Keeper, limits: Partial<Record<keyof RetentionLimits, object>>): void {
  of.store.settings.set(SETTING.retention, limits)
}

function dropped(of: Keeper): Readonly<Record<string, number>> {
  const { dropped: table, logs: logTable } = of.store
  return Object.fromEntries(
    table.all().map(({ log, reason, segments }) => [`${logTable.byRow(log).module} ${reason}`, segments]),
  )
}

function kept(of: Keeper): Readonly<Record<string, number>> {
  return Object.fromEntries(keptLogs(of).map(({ module, segments }) => [module, segments]))
}

function keptLogs(of: Keeper) {
  const counts = of.store.logs.all().map((log) => ({ ...log, ...of.store.kept.ofLog(log.rowId) }))
  return counts.filter(({ segments }) => segments > 0)
}

/** Resolves when the store has nothing more to do, and what waited for that has gone on. */
async function idle(): Promise<void> {
  for (let n = 0; n < 2; n++) await keeper.turns.upkeep(function* () {})
}

function leaves(of: Keeper, type: string) {
  return of.audit.list({ fromSeq: 0, limit: 1000 }).filter(({ leaf }) => leaf.type === type)
}

describe('age', () => {
  test('[RE2] what was stored longer ago than its lane keeps goes, to the day, and what is younger stays', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 0)
    home.clock.setWall(START_MS + DAY_MS)
    await segment(keeper, 'core', 2)
    run(keeper, 1)
    run(keeper, 14 - 1e-6)
    expect(spansOf(keeper, 1)).toBe(1)
    run(keeper, 14)
    expect([spansOf(keeper, 1), spansOf(keeper, 2)]).toEqual([0, 1])
    expect(dropped(keeper)).toEqual({ 'core age': 1 })
    run(keeper, 15)
    expect(spansOf(keeper, 2)).toBe(0)
  })

  test('[RE2] what records claim of their times changes nothing', async () => {
    // All spans of these tests say they are of one moment; only when they came counts.
    run(keeper, 100)
    home.clock.setWall(START_MS + 100 * DAY_MS)
    await segment(keeper, 'core', 1)
    run(keeper, 101)
    expect(spansOf(keeper, 1)).toBe(1)
  })

  test('[RE2] segments that came since the last look are as young as that look', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 20)
    expect(spansOf(keeper, 1)).toBe(1)
    run(keeper, 34)
    expect(spansOf(keeper, 1)).toBe(0)
  })

  test('[RE1] each lane has its own age', async () => {
    await segment(keeper, 'core', 1)
    await keeper.intake.take('logs', logs('app', 17), { kind: 'bus', module: 'core' })
    keeper.writer.cut(() => true)
    run(keeper, 0)
    run(keeper, 14)
    expect(keptLogs(keeper).map(({ lane }) => lane)).toEqual(['logs'])
    run(keeper, 30)
    expect(keptLogs(keeper)).toEqual([])
  })

  test('[RE11] the agent looks by itself after its start, and every hour', async () => {
    await segment(keeper, 'core', 1)
    look(keeper, 0)
    home.clock.setWall(START_MS + 20 * DAY_MS)
    home.clock.advance(FIRST_LOOK_MS)
    await idle()
    expect(spansOf(keeper, 1)).toBe(1)
    home.clock.advance(LOOK_EVERY_MS)
    await idle()
    expect(spansOf(keeper, 1)).toBe(0)
    expect(home.failures).toEqual([])
  })
})

describe('a clock that jumps', () => {
  beforeEach(async () => {
    await segment(keeper, 'core', 1)
    look(keeper, 0)
  })

  test('[RE17] far ahead deletes nothing for an hour, and nothing at all once it is put right', () => {
    look(keeper, 400)
    home.clock.advance(DOUBT_MS - 1)
    look(keeper, 400)
    look(keeper, 1)
    home.clock.advance(DOUBT_MS)
    look(keeper, 2)
    expect(spansOf(keeper, 1)).toBe(1)
    look(keeper, 9 - 1e-6)
    look(keeper, 15)
    expect(spansOf(keeper, 1)).toBe(0)
  })

  test('[RE17] is doubted after a start as well', () => {
    keeper.close()
    home.clock.setWall(START_MS + 400 * DAY_MS)
    const reopened = home.reopen()
    look(reopened, 400)
    expect(spansOf(reopened, 1)).toBe(1)
    run(reopened, 400)
    expect(spansOf(reopened, 1)).toBe(0)
  })

  test('[RE17] what was stored while it was ahead counts from when it was put right', async () => {
    look(keeper, 400)
    await segment(keeper, 'core', 2)
    look(keeper, 401)
    look(keeper, 1)
    home.clock.advance(DOUBT_MS)
    look(keeper, 7)
    look(keeper, 13)
    expect([spansOf(keeper, 1), spansOf(keeper, 2)]).toEqual([1, 1])
    look(keeper, 14)
    expect([spansOf(keeper, 1), spansOf(keeper, 2)]).toEqual([0, 1])
    look(keeper, 15)
    expect(spansOf(keeper, 2)).toBe(0)
  })

  test('[RE2] the end of a run says when its last segments were stored', async () => {
    home.clock.setWall(START_MS + 1 * DAY_MS)
    await segment(keeper, 'core', 2)
    keeper.close()
    home.clock.setWall(START_MS + 6 * DAY_MS)
    const reopened = home.reopen()
    look(reopened, 6)
    look(reopened, 12)
    look(reopened, 15)
    expect(spansOf(reopened, 2)).toBe(0)
  })
})

describe('holds', () => {
  const hold = (scope: HoldScope): number => {
    const id = keeper.store.holds.insert({ createdUnixMs: START_MS, reason: 'a complaint', scope })
    keeper.retention.holdsChanged()
    return id
  }
  /** Spans of these tests begin a microsecond apart, from START_MS on. */
  const ofTrace = (n: number): HoldScope => ({ kind: 'trace', traceId: traceIdOf(n) })
  const there = (count: number): readonly number[] =>
    Array.from({ length: count }, (_, n) => n + 1).filter((n) => spansOf(keeper, n) > 0)

  test('[RE5] a trace that is held stays when all else is too old, and goes once the hold is lifted', async () => {
    for (let n = 1; n <= 4; n++) await segment(keeper, 'core', n)
    const id = hold(ofTrace(2))
    run(keeper, 0)
    run(keeper, 20)
    expect(there(4)).toEqual([2])
    keeper.store.holds.delete(id)
    keeper.retention.holdsChanged()
    run(keeper, 21)
    expect(there(4)).toEqual([])
  })

  test('[RE5] log records that name a held trace stay with it', async () => {
    const bytes = traces('app', { trace: 3, span: 1 })
    await keeper.intake.take('traces', bytes, { kind: 'bus', module: 'core' })
    await keeper.intake.take('logs', logsOfTrace(3), { kind: 'bus', module: 'core' })
    await keeper.intake.take('logs', logs('app', 17), { kind: 'bus', module: 'other' })
    keeper.writer.cut(() => true)
    hold(ofTrace(3))
    run(keeper, 0)
    run(keeper, 40)
    expect(keptLogs(keeper).map(({ lane, module }) => `${lane} ${module}`)).toEqual(['traces core', 'logs core'])
  })

  test.each([
    { name: 'a time', module: undefined, held: ['a', 'b'] },
    { name: 'a module in a time', module: 'a', held: ['a'] },
  ])('[RE5] $name that is held stays', async ({ module, held }) => {
    await segment(keeper, 'a', 1)
    await segment(keeper, 'b', 2)
    hold({ kind: 'range', fromUnixMs: START_MS, toUnixMs: START_MS, module })
    hold({ kind: 'range', fromUnixMs: START_MS - DAY_MS, toUnixMs: START_MS - 1 })
    run(keeper, 0)
    run(keeper, 20)
    expect(Object.keys(kept(keeper))).toEqual(held)
  })

  test('[RE5] what is held takes no room from the rest', async () => {
    limit(keeper, { traces: { maxBytes: LANE_BYTES.least } })
    for (let n = 1; n <= 30; n++) hold(ofTrace(n))
    for (let n = 1; n <= 60; n++) await segment(keeper, 'core', n, CHARS)
    run(keeper, 0)
    const [log] = keptLogs(keeper)
    expect(there(30).length).toBe(30)
    expect(log?.bytes).toBeGreaterThan(LANE_BYTES.least * 1.5)
  })

  test('[RE5] a hold that is placed while a run is under way keeps what is left', async () => {
    const count = DROPPED_AT_ONCE * 3
    for (let n = 1; n <= count; n++) await segment(keeper, 'core', n)
    run(keeper, 0)
    limit(keeper, { traces: { maxAgeDays: 100 } })
    comeTo(keeper, 20)
    limit(keeper, {})
    const steps = keeper.retention.steps()
    while (keeper.store.dropped.all().length === 0) steps.next()
    hold(ofTrace(count))
    while (steps.next().done !== true);
    expect(there(count)).toEqual([count])
  })

  test('[RE5] what comes to a held trace while a run is under way stays', async () => {
    limit(keeper, { traces: { maxBytes: LANE_BYTES.least } })
    for (let n = 1; n <= 40; n++) await segment(keeper, 'core', n, CHARS)
    hold(ofTrace(99))
    const steps = keeper.retention.steps()
    while (keeper.store.dropped.all().length === 0) steps.next()
    // As little room as this leaves to nobody but what is held.
    await segment(keeper, 'core', 99, CHARS)
    while (steps.next().done !== true);
    expect(spansOf(keeper, 99)).toBe(1)
  })
})

describe('room', () => {
  test('[RE3] [RE4] one noisy module loses its oldest, and no other loses anything', async () => {
    limit(keeper, { traces: { maxBytes: LANE_BYTES.least } })
    await segment(keeper, 'quiet', 100, CHARS)
    for (let n = 1; n <= 32; n++) await segment(keeper, 'noisy', n, CHARS)
    await segment(keeper, 'quiet', 101, CHARS)
    run(keeper, 0)
    const { quiet, noisy } = kept(keeper)
    expect(quiet).toBe(2)
    expect(noisy).toBeGreaterThan(15)
    expect(dropped(keeper)).toEqual({ 'noisy size': 32 - (noisy as number) })
    const there = Array.from({ length: 32 }, (_, n) => spansOf(keeper, n + 1))
    expect(there.lastIndexOf(0)).toBeLessThan(there.indexOf(1))
    const bytes = keptLogs(keeper).reduce((sum, each) => sum + each.bytes, 0)
    expect(bytes).toBeLessThanOrEqual(LANE_BYTES.least)
    expect(bytes).toBeGreaterThan(LANE_BYTES.least * 0.9)
  })

  test('[RE11] a lane that outgrows its room is looked at without waiting for the hour', async () => {
    limit(keeper, { traces: { maxBytes: LANE_BYTES.least } })
    for (let n = 1; n <= 32; n++) {
      await segment(keeper, 'core', n, CHARS)
      keeper.retention.grew()
    }
    await keeper.retention.run()
    expect(Object.keys(dropped(keeper))).toEqual(['core size'])
  })

  test('[RE16] the files get smaller', async () => {
    limit(keeper, { traces: { maxBytes: LANE_BYTES.least } })
    for (let n = 1; n <= 60; n++) await segment(keeper, 'core', n, CHARS)
    const before = keeper.store.packs.bytes()
    run(keeper, 0)
    run(keeper, 20)
    run(keeper, 34)
    await keeper.turns.upkeep(() => keeper.store.packs.reclaim())
    expect(keeper.store.packs.bytes()).toBeLessThan(before / 20)
    expect(readdirSync(join(home.folder, 'packs')).length).toBeLessThan(2)
  })
})

describe('what was dropped', () => {
  beforeEach(async () => {
    for (let n = 1; n <= 3; n++) await segment(keeper, 'core', n)
    run(keeper, 0)
    home.clock.advance(LOOK_EVERY_MS)
    run(keeper, 20)
    await segment(keeper, 'core', 4)
  })

  test('[RE6] keeps its place in the chain: numbers go on, and what comes after is proven', async () => {
    const [log] = keeper.store.logs.ofAuthor(keeper.card.deviceId)
    const { rowId } = log as NonNullable<typeof log>
    expect(keeper.store.segments.runs(rowId)).toEqual([{ from: 0, to: 3 }])
    expect(keeper.store.segments.keptRuns(rowId)).toEqual([{ from: 3, to: 3 }])
    expect(spansOf(keeper, 4)).toBe(1)
    keeper.close()
    const reopened = home.reopen()
    await segment(reopened, 'core', 5)
    expect(reopened.store.segments.last(rowId)?.seq).toBe(4)
    expect([spansOf(reopened, 4), spansOf(reopened, 5)]).toEqual([1, 1])
  })

  test('[RE7] is in no answer and no count', () => {
    const { segments, db } = keeper.store
    expect(segments.totals()).toEqual({ segments: 1, records: 1 })
    expect(keeper.records.idsFrom('0000', 10)).toEqual([traceIdOf(4)])
    expect(db.prepare('SELECT count(*) AS n FROM trace_summary').get()).toEqual({ n: 1 })
    expect(segments.get(1)).toBeUndefined()
  })

  test('[RE7] a trace is found by its first digits among any number of traces that are gone', async () => {
    for (let n = 1000; n < 1200; n++) await segment(keeper, 'core', n)
    run(keeper, 21)
    run(keeper, 40)
    await segment(keeper, 'core', 0xffff)
    expect(keeper.records.idsFrom('0000', 2)).toEqual([traceIdOf(0xffff)])
  })

  test('[RE12] is told to the audit log: how much, of which lane and why, never what', () => {
    const [leaf, ...others] = leaves(keeper, 'data.purged')
    expect(leaf?.payload).toEqual({ kind: 'open', payload: { reason: 'retention', 'traces.age': 3 } })
    expect(others).toEqual([])
    run(keeper, 20)
    expect(leaves(keeper, 'data.purged').length).toBe(1)
  })
})

describe('a trace that lost spans', () => {
  const shown = (trace: number): StitchedTrace =>
    parseParts(finish(stitchTrace(traceIdOf(trace), queryDeps(keeper))) as readonly Uint8Array[]) as StitchedTrace

  test('[RE9] says so: records of its time are gone, whose and why', async () => {
    await segment(keeper, 'old', 1)
    run(keeper, 0)
    run(keeper, 13)
    await segment(keeper, 'new', 1)
    expect(shown(1)).toMatchObject({ complete: true })
    run(keeper, 14)
    const gap = { reason: 'expired', deviceId: keeper.card.deviceId, parentSpanId: null, count: null }
    expect(shown(1)).toMatchObject({ complete: false, gaps: [gap] })
  })

  test('[RE9] one that is younger than all that is gone does not', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 0)
    run(keeper, 20)
    await segment(keeper, 'core', 9) // spans are the later the higher their number
    expect(shown(9)).toMatchObject({ complete: true, gaps: [] })
  })
})

describe('keys', () => {
  const epochs = (of: Keeper): readonly number[] => of.store.epochs.all('traces').map(({ n }) => n)

  test('[RE13] the key of a day goes with the last of its records, and is told; the key in use stays', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 0)
    home.clock.setWall(START_MS + 2 * DAY_MS)
    await segment(keeper, 'core', 2)
    run(keeper, 2)
    expect(epochs(keeper)).toEqual([0, 1])
    home.clock.advance(LOOK_EVERY_MS)
    run(keeper, 15)
    expect(epochs(keeper)).toEqual([1])
    expect(leaves(keeper, 'key.destroyed').map(({ payload }) => payload)).toEqual([
      { kind: 'open', payload: { lane: 'traces', epoch: 0 } },
    ])
    home.clock.advance(LOOK_EVERY_MS)
    run(keeper, 40)
    expect(epochs(keeper)).toEqual([1])
    expect(spansOf(keeper, 2)).toBe(0)
    home.clock.setWall(START_MS + 41 * DAY_MS)
    await segment(keeper, 'core', 3)
    expect(epochs(keeper)).toEqual([1, 2])
    expect(spansOf(keeper, 3)).toBe(1)
  })

  test('[RE13] a key is not destroyed while the journal holds records of its epoch', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 0)
    await keeper.intake.take('traces', traces('app', { trace: 5, span: 5 }), { kind: 'bus', module: 'core' })
    keeper.store.epochs.insert({ lane: 'traces', n: 1, startedUnixMs: START_MS + 1, key: new Uint8Array(32) })
    run(keeper, 20)
    expect(dropped(keeper)).toEqual({ 'core age': 1 })
    expect(epochs(keeper)).toEqual([0, 1])
    keeper.writer.cut(() => true)
    expect(spansOf(keeper, 5)).toBe(1)
  })
})

describe('a crash', () => {
  test('[RE11] after any step leaves each segment whole or dropped and counted, and the next run does the rest', async () => {
    const count = 80
    for (let n = 1; n <= count; n++) await segment(keeper, n % 2 === 0 ? 'a' : 'b', n)
    run(keeper, 0)
    // Limits nobody has yet: the looks on the way there drop nothing.
    limit(keeper, { traces: { maxAgeDays: 100 } })
    comeTo(keeper, 20)
    limit(keeper, {})
    let stepped = 0
    for (const steps = keeper.retention.steps(); steps.next().done !== true; stepped++) {
      const copy = home.crashCopy().reopen()
      const gone = copy.store.dropped.all().reduce((sum, { records }) => sum + records, 0)
      const there = Array.from({ length: count }, (_, n) => spansOf(copy, n + 1)).reduce((sum, n) => sum + n, 0)
      expect(there + gone).toBe(count)
      expect(copy.store.segments.totals().records).toBe(there)
      finish(copy.retention.steps())
      expect(copy.store.segments.totals()).toEqual({ segments: 0, records: 0 })
      expect(copy.store.dropped.all().reduce((sum, { records }) => sum + records, 0)).toBe(count)
      copy.close()
    }
    expect(stepped).toBeGreaterThan(4)
  }, 60_000)

  test('[RE11] a run that fails is told, changes nothing, and is tried again', async () => {
    await segment(keeper, 'core', 1)
    run(keeper, 0)
    comeTo(keeper, 20)
    keeper.store.db.exec("CREATE TEMP TRIGGER no BEFORE UPDATE ON main.segment BEGIN SELECT RAISE(FAIL, 'no'); END")
    await keeper.retention.run()
    expect(home.failures.length).toBe(1)
    expect(spansOf(keeper, 1)).toBe(1)
    expect(keeper.store.dropped.all()).toEqual([])
    keeper.store.db.exec('DROP TRIGGER no')
    home.clock.advance(FIRST_LOOK_MS)
    await keeper.retention.run()
    expect(spansOf(keeper, 1)).toBe(0)
  })
})

describe('between devices', () => {
  let other: KeeperHome
  let reader: Keeper
  beforeEach(async () => {
    other = keeperHome(home.clock)
    reader = other.create('laptop')
    await reader.setStage('developer')
    await pairKeepers(keeper, reader)
    await grantTo(keeper, reader)
  })
  afterEach(() => other.remove())

  test('[RE7] what a reader dropped is not asked for again', async () => {
    for (let n = 1; n <= 3; n++) await segment(keeper, 'core', n)
    await keeper.handedOver()
    expect(await syncOnce(keeper, reader)).toBe(3)
    run(reader, 0)
    comeTo(reader, 20)
    meet(keeper, reader)
    look(reader, 20)
    expect(dropped(reader)).toEqual({ 'core age': 3 })
    expect(await syncOnce(keeper, reader)).toBe(0)
    await segment(keeper, 'core', 4)
    await keeper.handedOver()
    expect(await syncOnce(keeper, reader)).toBe(1)
    expect(spansOf(reader, 4)).toBe(1)
  })

  test('[RE8] what an owner dropped is not offered: a reader that comes later gets the rest and misses nothing', async () => {
    for (let n = 1; n <= 3; n++) await segment(keeper, 'core', n)
    run(keeper, 0)
    run(keeper, 19)
    for (let n = 4; n <= 5; n++) await segment(keeper, 'core', n)
    run(keeper, 20)
    await keeper.handedOver()
    expect(await syncOnce(keeper, reader)).toBe(2)
    expect(reader.receiving.plan(keeper.card.deviceId)).toEqual({ ranges: [], missing: 0, frozen: 0 })
    expect([spansOf(reader, 3), spansOf(reader, 4), spansOf(reader, 5)]).toEqual([0, 1, 1])
  })

  test('[RE8] what was dropped between the offer and the request is denied', async () => {
    for (let n = 1; n <= 3; n++) await segment(keeper, 'core', n)
    run(keeper, 0)
    await keeper.handedOver()
    const [row] = keeper.serving.rowsFor(reader.card.deviceId)
    run(keeper, 20)
    expect(keeper.serving.read(reader.card.deviceId, row as NonNullable<typeof row>, 1 << 20)).toBe('denied')
  })

  test('[RE14] a key that was handed over goes when its records are gone and its grant has ended, not before', async () => {
    const [record] = keeper.consents.records() as [ConsentRecord]
    await segment(keeper, 'core', 1)
    await keeper.handedOver()
    await syncOnce(keeper, reader)
    const owner = keeper.card.deviceId
    const keys = () => reader.store.epochs.received(owner, 'traces').length
    run(reader, 0)
    comeTo(reader, 20)
    meet(keeper, reader)
    home.clock.advance(LOOK_EVERY_MS)
    finish(reader.retention.steps())
    expect([spansOf(reader, 1), keys()]).toEqual([0, 1])
    await keeper.consents.revoke(record.grant.grantId)
    await syncOnce(keeper, reader)
    home.clock.advance(LOOK_EVERY_MS)
    finish(reader.retention.steps())
    expect(keys()).toBe(0)
    expect(leaves(reader, 'key.destroyed').length).toBe(1)
  })
})

test('[RE11] a step drops a bounded number of segments', async () => {
  for (let n = 1; n <= 70; n++) await segment(keeper, 'core', n)
  run(keeper, 0)
  const nowMs = START_MS + 20 * DAY_MS
  const held = { has: () => false, bytesOf: () => 0 }
  const { store } = keeper
  const always = { isClockTrusted: true, isCurrent: () => true, onUse: () => undefined }
  const upTo = store.segments.lastId()
  const steps = dropSegments({ store, limits: keeper.retention.limits(), quotas: [], held, nowMs, upTo, ...always })
  const left: number[] = []
  while (steps.next().done !== true) left.push(keeper.store.segments.totals().segments)
  expect(left.slice(0, 5)).toEqual([54, 38, 22, 6, 0])
})
