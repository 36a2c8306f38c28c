/** Going down a stage and having what was kept above it deleted. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SETTING } from '../../../../src/agent/keeper/device-settings.ts'
import { investigationCalls } from '../../../../src/agent/keeper/investigation-calls.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { searchCalls } from '../../../../src/agent/keeper/search-calls.ts'
import { storeCalls } from '../../../../src/agent/keeper/store-calls.ts'
import type { LogList } from '../../../../src/query/list-logs.ts'
import type { Signal } from '../../../../src/model/lane.ts'
import { openAll } from '../../../support/finish.ts'
import { auditPayloads, keeperHome, START_MS, takeSegment, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, metrics, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { waitFor } from '../../../support/wait-for.ts'

const ERROR = 17
const INFO = 9
let home: KeeperHome
let keeper: Keeper
beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  await segment('traces', 'core', traces('app', { trace: 1, span: 1 }))
  await segment('traces', 'voice', traces('app', { trace: 2, span: 2 }, { trace: 2, span: 3 }))
  await segment('logs', 'core', logs('app', INFO, INFO))
  await segment('logs', 'core', logs('app', INFO, ERROR))
  await segment('metrics', 'core', metrics('app', 4))
  await investigationCalls(keeper).investigationEdit(traceIdOf(1), { about: 'note', text: 'covered' })
  keeper.writer.cut(() => true)
  await keeper.metricUpkeep.run({ everything: true })
})
afterEach(() => home.remove())

const segment = (lane: Signal, module: string, bytes: Uint8Array) => takeSegment(keeper, lane, module, bytes)
const calls = (of: Keeper = keeper) => storeCalls(of, '')
async function recordsByLane(of: Keeper = keeper): Promise<Readonly<Record<string, number>>> {
  const { lanes } = await calls(of).storeStats()
  return Object.fromEntries(lanes.map(({ lane, records, openRecords }) => [lane, records + openRecords]))
}
async function searchLogs(): Promise<LogList['logs']> {
  const json = await searchCalls(keeper).searchLogs({ limit: 100 })
  return (JSON.parse(Buffer.concat(json).toString()) as LogList).logs
}
const EVERYTHING = { traces: 3, logs: 4, metrics: 1, documents: 1 }
const leaves = (type: string) =>
  auditPayloads(keeper, type).map((payload) => (payload.kind === 'open' ? payload.payload : undefined))
const keys = (lane: Signal): readonly number[] => keeper.store.epochs.all(lane).map(({ n }) => n)

test('[STG9] without being asked for, everything stays', async () => {
  await keeper.setStage('casual')
  expect(await keeper.dropAbove()).toBeUndefined()
  expect(await recordsByLane()).toEqual(EVERYTHING)
  expect(leaves('data.purged')).toEqual([])
})

test('[STG9] at casual only what tells of an error stays; the rest is counted, with its keys destroyed', async () => {
  const [before] = keys('traces')
  await keeper.setStage('casual', 'delete')
  expect(await keeper.dropAbove()).toEqual({ records: 8, held: 0 })
  expect(await recordsByLane()).toEqual({ traces: 0, logs: 1, metrics: 0, documents: 0 })
  const { lanes } = await calls().storeStats()
  expect(lanes.map(({ gone }) => gone.map(({ reason, records }) => [reason, records]))).toEqual([
    [['stage', 3]],
    [['stage', 3]],
    [['stage', 1]],
    [['stage', 1]],
  ])
  expect(leaves('data.purged')).toEqual([{ reason: 'stage', stage: 'casual' }])
  expect(keys('traces')).not.toContain(before)
  expect(leaves('key.destroyed')).toEqual([
    { lane: 'traces', epoch: 0 },
    { lane: 'logs', epoch: 0 },
    { lane: 'metrics', epoch: 0 },
    { lane: 'documents', epoch: 0 },
  ])
  expect(keeper.store.metrics.hasAuthor(keeper.card.deviceId)).toBe(false)
  expect(openAll(keeper.records.chunksOf(traceIdOf(2)))).toEqual([])
})

test('[STG6] [STG9] what was let in above the stage and is not committed yet goes with the rest', async () => {
  const origin = { kind: 'bus', module: 'core' } as const
  const taken = keeper.intake.take('traces', traces('app', { trace: 3, span: 4 }), origin)
  await keeper.setStage('casual', 'delete')
  await keeper.dropAbove()
  expect((await taken).accepted).toBe(1)
  expect(openAll(keeper.records.chunksOf(traceIdOf(3)))).toEqual([])
  expect(await recordsByLane()).toMatchObject({ traces: 0 })
})

test('[STG9] at pro all logs stay, and the key of the traces goes though the stage changes none', async () => {
  await keeper.setStage('pro', 'delete')
  expect(await keeper.dropAbove()).toEqual({ records: 4, held: 0 })
  expect(await recordsByLane()).toEqual({ traces: 0, logs: 4, metrics: 0, documents: 1 })
  expect(keys('traces')).toEqual([1])
})

test('[STG9] [RE5] what is held stays, and how much that is is said', async () => {
  calls().placeHold({ trace: traceIdOf(2), reason: 'complaint' })
  await keeper.setStage('casual', 'delete')
  expect(await keeper.dropAbove()).toEqual({ records: 6, held: 2 })
  expect(await recordsByLane()).toEqual({ traces: 2, logs: 1, metrics: 0, documents: 0 })
  expect(keys('traces')).toContain(0)
})

test('[STG9] [RE5] roll-ups of metrics that are held stay with them', async () => {
  calls().placeHold({
    reason: 'outage',
    fromUnixMs: START_MS - 1,
    toUnixMs: START_MS + 86_400_000,
    device: undefined,
    module: undefined,
  })
  await keeper.setStage('casual', 'delete')
  expect(await keeper.dropAbove()).toEqual({ records: 0, held: 8 })
  expect(keeper.store.metrics.hasAuthor(keeper.card.deviceId)).toBe(true)
})

test('[STG9] what a kill leaves is deleted after the next start', async () => {
  await keeper.setStage('casual', 'delete')
  const after = home.crashCopy().reopen()
  await waitFor('the rest to be deleted', () => after.store.settings.get(SETTING.dropAbove) === undefined)
  expect(await recordsByLane(after)).toEqual({ traces: 0, logs: 1, metrics: 0, documents: 0 })
})

test('[STG9] asked for as soon as the store is open, it is deleted by whoever asked, who is told how much it was', async () => {
  const after = home.crashCopy().reopen()
  await after.setStage('casual', 'delete')
  await after.rounds.pause()
  expect(await after.dropAbove()).toEqual({ records: 8, held: 0 })
})

test('[STG9] of a segment with errors only these stay, as they were, and once, whatever comes after', async () => {
  const errors = async () =>
    (await searchLogs()).map(({ severityNumber, timeUnixNano, module }) => [severityNumber, timeUnixNano, module])
  const before = (await errors()).filter(([severity]) => severity === ERROR)
  for (let times = 0; times < 2; times++) {
    await keeper.setStage('casual', 'delete')
    await keeper.dropAbove()
    await keeper.setStage('pro')
    expect(await errors()).toEqual(before)
  }
  const after = home.crashCopy().reopen()
  expect((await recordsByLane(after))['logs']).toBe(1)
})

test('[STG9] where an error cannot be kept again, nothing of its segment goes', async () => {
  const { db } = keeper.store
  db.exec("CREATE TRIGGER no BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END")
  await keeper.setStage('casual', 'delete')
  await expect(keeper.dropAbove()).rejects.toThrow('SQLITE_CONSTRAINT_TRIGGER')
  expect((await recordsByLane())['logs']).toBe(2)
  db.exec('DROP TRIGGER no')
  await keeper.dropAbove()
  expect((await recordsByLane())['logs']).toBe(1)
})

test('[STG9] going up again deletes nothing, also where nothing was deleted yet', async () => {
  await keeper.setStage('casual', 'delete')
  await keeper.setStage('developer', 'delete')
  expect(await keeper.dropAbove()).toBeUndefined()
  expect(await recordsByLane()).toEqual(EVERYTHING)
})
