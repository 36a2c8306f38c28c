import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CUT_AFTER_MS, LIVE_CUT_AFTER_MS, LIVE_CUT_EVERY_MS } from '../../../../src/agent/keeper/cut-timer.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { equalBytes } from '../../../../src/base/bytes.ts'
import type { GrantId } from '../../../../src/model/ids.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { logs, manySpans, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { grantTo, meet, pairKeepers, syncOnce } from './keeper-pair.ts'
import { finish, openAll } from '../../../support/finish.ts'

const OTLP = { kind: 'otlp' } as const
let clock: ReturnType<typeof manualClock>
let phoneHome: KeeperHome
let laptopHome: KeeperHome
let phone: Keeper
let laptop: Keeper

beforeEach(async () => {
  clock = manualClock(START_MS)
  phoneHome = keeperHome(clock)
  laptopHome = keeperHome(clock)
  phone = phoneHome.create('phone')
  laptop = laptopHome.create('laptop')
  for (const keeper of [phone, laptop]) await keeper.setStage('developer')
  await pairKeepers(phone, laptop)
})
afterEach(() => {
  phoneHome.remove()
  laptopHome.remove()
})

function spansOf(of: Keeper, trace: number): readonly string[] {
  return openAll(of.records.chunksOf(traceIdOf(trace)))
    .flatMap(({ payload }) => decodeSpans(payload))
    .flatMap(({ traceId, name }) => (traceId === traceIdOf(trace) ? [name] : []))
    .sort()
}

function segmentsOf(of: Keeper): number {
  return of.store.segments.totals().segments
}

describe('cutting for a reader', () => {
  const take = (span: number) => phone.intake.take('traces', traces('app', { trace: 1, span }), OTLP)

  test('[ST12] a grant alone does not hurry a cut: its reader has to be connected', async () => {
    await grantTo(phone, laptop)
    await take(1)
    clock.advance(LIVE_CUT_AFTER_MS * 2)
    expect(segmentsOf(phone)).toBe(0)
  })

  test('[ST12] a connection alone does not hurry a cut: it has to be allowed to see the lane', async () => {
    await grantTo(phone, laptop, { lanes: ['logs'] })
    phone.setConnected([laptop.card.deviceId])
    await take(1)
    clock.advance(LIVE_CUT_AFTER_MS * 2)
    expect(segmentsOf(phone)).toBe(0)
    clock.advance(CUT_AFTER_MS)
    expect(segmentsOf(phone)).toBe(1)
  })

  test('[ST12] while a reader is connected records are cut after 100 ms', async () => {
    await grantTo(phone, laptop)
    phone.setConnected([laptop.card.deviceId])
    await take(1)
    clock.advance(LIVE_CUT_AFTER_MS - 1)
    expect(segmentsOf(phone)).toBe(0)
    clock.advance(1)
    expect(segmentsOf(phone)).toBe(1)
  })

  test('[ST12] but one log not more often than every 500 ms', async () => {
    await grantTo(phone, laptop)
    phone.setConnected([laptop.card.deviceId])
    const cutTimes: number[] = []
    for (let tick = 0, span = 1; tick < 30; tick++) {
      const before = segmentsOf(phone)
      await take(span++)
      clock.advance(50)
      if (segmentsOf(phone) > before) cutTimes.push(clock.monotonic())
    }
    const pauses = cutTimes.slice(1).map((time, i) => time - (cutTimes[i] ?? 0))
    expect(pauses.length).toBeGreaterThan(1)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(LIVE_CUT_EVERY_MS)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(LIVE_CUT_EVERY_MS + LIVE_CUT_AFTER_MS)
  })

  test('[ST12] and so are those of the reader itself, which it sees beside the others', async () => {
    await grantTo(phone, laptop)
    await syncOnce(phone, laptop)
    await laptop.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    clock.advance(LIVE_CUT_AFTER_MS)
    expect(laptop.writer.openRecords()).toBe(0)
  })

  test('[ST12] a grant cuts what is open in its lanes, so that its reader finds it chained', async () => {
    await take(1)
    await phone.intake.take('logs', logs('app', 17), OTLP)
    await grantTo(phone, laptop)
    expect(segmentsOf(phone)).toBe(1)
    expect(phone.writer.openRecords()).toBe(1)
  })

  test('[ST14] a revocation cuts its lanes first and starts their next epoch', async () => {
    await grantTo(phone, laptop)
    await take(1)
    const [record] = phone.consents.records()
    await phone.consents.revoke(record?.grant.grantId as GrantId)
    await take(2)
    phone.writer.cut(() => true)
    const [log] = phone.store.logs.all()
    expect(phone.store.segments.epochRanges(log?.rowId ?? 0)).toEqual([
      { epoch: 0, from: 0, to: 0 },
      { epoch: 1, from: 1, to: 1 },
    ])
  })
})

describe('records of another device', () => {
  beforeEach(async () => {
    await phone.intake.take('traces', manySpans('app', 1, 1, 300), OTLP)
    await phone.intake.take('traces', manySpans('app', 1, 301, 300), OTLP)
    await grantTo(phone, laptop)
  })

  test('[ST17] what came under a grant is verified, and a second sync moves nothing', async () => {
    expect(await syncOnce(phone, laptop)).toBe(2)
    expect(spansOf(laptop, 1).length).toBe(600)
    expect(openAll(laptop.records.chunksOf(traceIdOf(1))).map(({ provenance }) => provenance)).toEqual([
      'verified',
      'verified',
    ])
    expect(await syncOnce(phone, laptop)).toBe(0)
    const [self, other] = [phone.card.deviceId, laptop.card.deviceId]
    expect(equalBytes(phone.serving.digestFor(other), laptop.receiving.digestOf(self))).toBe(true)
  })

  const damages: readonly { name: string; sql: string; want: string }[] = [
    { name: 'a header that is none', sql: "UPDATE segment SET header = x'a0' WHERE id = 1", want: 'tampered' },
    { name: 'a body of another place', sql: 'UPDATE segment SET at = at + 1 WHERE id = 1', want: 'tampered' },
    { name: 'a removed head', sql: 'DELETE FROM head', want: 'unverified' },
    { name: 'a key that is gone', sql: 'DELETE FROM received_key', want: 'tampered' },
  ]
  test.each(damages)('[ST17] $name is seen when it is read again', async ({ sql, want }) => {
    await syncOnce(phone, laptop)
    laptop.close()
    laptopHome.tamper((db) => db.exec(sql))
    const [first] = openAll(laptopHome.reopen().records.chunksOf(traceIdOf(1)))
    expect(first?.provenance).toBe(want)
  })

  test('[ST19] a run is kept whole or not at all', async () => {
    const [from, to] = [phone.card.deviceId, laptop.card.deviceId]
    meet(phone, laptop)
    await laptop.consents.receive(from, phone.consents.entriesFor(to, 0))
    const { ranges } = laptop.receiving.offer(from, phone.serving.rowsFor(to))
    const [range] = ranges
    if (range === undefined) throw new Error('nothing is offered')
    const run = phone.serving.read(to, range, 1 << 22)
    if (run === 'denied') throw new Error('denied')
    laptop.store.db.exec(
      "CREATE TRIGGER one_only BEFORE INSERT ON segment WHEN NEW.seq = 1 BEGIN SELECT RAISE(FAIL, 'no'); END",
    )
    const { segments, asked: _asked, ...served } = run
    expect(() => laptop.receiving.take(from, served, segments)).toThrow(
      expect.objectContaining({ code: 'STORE_FAILED' }),
    )
    expect(segmentsOf(laptop)).toBe(0)
    expect(finish(laptop.records.chunksOf(traceIdOf(1))).spans).toBe(0)
  })

  test('[ST19] a run that a full disk refused is asked for again when it is offered again', async () => {
    const { db } = laptop.store
    db.exec("CREATE TRIGGER no_room BEFORE INSERT ON segment BEGIN SELECT RAISE(FAIL, 'no'); END")
    await expect(syncOnce(phone, laptop)).rejects.toThrow('database')
    expect(laptop.receiving.plan(phone.card.deviceId)).toEqual({ ranges: [], missing: 0, frozen: 1 })
    db.exec('DROP TRIGGER no_room')
    expect(await syncOnce(phone, laptop)).toBe(2)
  })

  test('[ST19] a run that came after its revocation does not keep a later grant from working', async () => {
    const [from, to] = [phone.card.deviceId, laptop.card.deviceId]
    meet(phone, laptop)
    await laptop.consents.receive(from, phone.consents.entriesFor(to, 0))
    const [range] = laptop.receiving.offer(from, phone.serving.rowsFor(to)).ranges
    const run = range && phone.serving.read(to, range, 1 << 22)
    if (run === undefined || run === 'denied') throw new Error('nothing was served')
    await phone.consents.revoke(phone.consents.records()[0]?.grant.grantId as GrantId)
    await laptop.consents.receive(from, phone.consents.entriesFor(to, (laptop.consents.head(from, to)?.seq ?? -1) + 1))
    const { segments, asked: _asked, ...served } = run
    expect(() => laptop.receiving.take(from, served, segments)).toThrow(
      expect.objectContaining({ code: 'POLICY_NOT_SHARED' }),
    )
    await grantTo(phone, laptop)
    expect(await syncOnce(phone, laptop)).toBe(2)
  })

  test('[ST18] below pro nothing of another device is taken in', async () => {
    await laptop.setStage('casual')
    expect(await syncOnce(phone, laptop)).toBe(0)
    expect(segmentsOf(laptop)).toBe(0)
  })
})

test('[AU16] the leaf of every operation of a pairing and a grant is there, and the operations need no reconciling', async () => {
  await phone.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
  await grantTo(phone, laptop)
  await syncOnce(phone, laptop)
  for (const [keeper, home] of [
    [phone, phoneHome],
    [laptop, laptopHome],
  ] as const) {
    const types = new Set(keeper.audit.list().map(({ leaf }) => leaf.type))
    expect([...types]).toEqual(expect.arrayContaining(['pairing.completed', 'membership.added']))
    expect(types.has(keeper === phone ? 'consent.granted' : 'consent.received')).toBe(true)
    keeper.close()
    const reopened = home.reopen()
    expect(reopened.audit.list({ types: ['audit.reconciled'] })).toEqual([])
    expect(reopened.audit.verify().ok).toBe(true)
  }
})
