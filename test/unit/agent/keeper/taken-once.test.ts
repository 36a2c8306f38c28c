import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { TakenOnce } from '../../../../src/agent/keeper/taken-once.ts'
import type { Delivery } from '../../../../src/model/delivery.ts'
import { MAX_DELIVERIES_OF_MODULE } from '../../../../src/store/delivery-table.ts'
import { encodeLogsData } from '../../../../src/wire/otlp/encode.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'

let home: KeeperHome
let keeper: Keeper
let once: TakenOnce

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  once = new TakenOnce(keeper.store.deliveries)
})
afterEach(() => home.remove())

const delivery = (n: number, change: Partial<Delivery> = {}): Delivery => ({
  stream: 'stream-1',
  n,
  oldest: 0,
  ...change,
})

async function takeLine(body: string, of: Delivery | undefined, module = 'app'): Promise<number> {
  const logRecords = [{ timeUnixNano: 1n, severityNumber: 9, body }]
  const bytes = encodeLogsData({ resource: { attributes: {} }, scope: { name: 'test' }, logRecords })
  const take = () => keeper.intake.take('logs', bytes, { kind: 'bus', module, delivery: of })
  return (await once.run(module, of, take)).accepted
}

const kept = (): number => keeper.store.segments.totals().records + keeper.writer.openRecords()

function remembered(): readonly number[] {
  return keeper.store.db.prepare<[], number>('SELECT n FROM delivery ORDER BY n').pluck().all()
}

test('[BU36] a batch that is sent again is acknowledged and not kept again', async () => {
  expect(await takeLine('hello', delivery(1))).toBe(1)
  expect(await takeLine('hello', delivery(1))).toBe(0)
  expect(kept()).toBe(1)
})

test('[BU36] nor after a restart', async () => {
  await takeLine('hello', delivery(1))
  keeper.close()
  keeper = home.reopen()
  once = new TakenOnce(keeper.store.deliveries)
  expect(await takeLine('hello', delivery(1))).toBe(0)
  expect(kept()).toBe(1)
})

test('[BU36] one that is on its way already gets the same answer, after the same commit', async () => {
  expect(await Promise.all([takeLine('hello', delivery(1)), takeLine('hello', delivery(1))])).toEqual([1, 1])
  expect(kept()).toBe(1)
})

test('[BU36] the same number of another stream, of another module, or of none is another batch', async () => {
  await takeLine('a', delivery(1))
  await takeLine('b', delivery(1, { stream: 'stream-2' }))
  await takeLine('c', delivery(1), 'other')
  await takeLine('d', undefined)
  await takeLine('d', undefined)
  expect(kept()).toBe(5)
})

test('[BU36] what cannot be kept is not remembered, and taken when it comes again', async () => {
  keeper.store.db.pragma('query_only = ON')
  await expect(takeLine('hello', delivery(1))).rejects.toMatchObject({ code: 'STORE_IO' })
  keeper.store.db.pragma('query_only = OFF')
  expect(await takeLine('hello', delivery(1))).toBe(1)
  expect(kept()).toBe(1)
})

test('[BU36] one that was said not to come again, and was under way for long, is not kept', async () => {
  await takeLine('hello', delivery(1))
  await takeLine('again', delivery(5, { oldest: 4 }))
  expect(await takeLine('hello', delivery(1))).toBe(0)
  expect(kept()).toBe(2)
})

test('[BU36] numbers that will not come again are forgotten, and of a module no more than a few thousand are remembered', async () => {
  for (let n = 0; n < 5; n++) await takeLine('x', delivery(n, { oldest: Math.max(0, n - 1) }))
  expect(remembered()).toEqual([3, 4])
  keeper.store.transaction(() => {
    for (let n = 0; n < 2 * MAX_DELIVERIES_OF_MODULE; n++) {
      keeper.store.deliveries.add('app', delivery(1, { stream: `stream-of-${n}` }), n)
    }
  })
  expect(remembered().length).toBeLessThan(MAX_DELIVERIES_OF_MODULE + 257)
  expect(keeper.store.deliveries.has('app', delivery(1, { stream: 'stream-of-0' }))).toBe(false)
})
