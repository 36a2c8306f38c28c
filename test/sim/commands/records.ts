/** Records made on a device, and cut. */
import type { HeadRow } from '../../../src/wire/log-rows.ts'
import { subtractRuns, toRuns } from '../../../src/sync/core/runs.ts'
import { MODULES } from '../watcher.ts'
import { encodeRecord } from '../sim-records.ts'
import type { Model } from '../model.ts'
import type { Run } from '../sim-device.ts'
import type { SimKeeper } from '../sim-keeper.ts'
import type { Choice, Command } from './command.ts'

export const RECORD_COMMANDS: readonly Command[] = [
  { name: 'bring again', weight: 2, run: bringAgain },
  { name: 'append', weight: 30, run: append },
  {
    name: 'cut',
    weight: 4,
    run: (model, { a }) => cut(model, a.run),
  },
]

/** Half of them are cut at once, the others when their time has come. */
export async function append(model: Model, { a, n }: Choice): Promise<void> {
  const { run } = a
  if (run === undefined) return model.note(`${a.name} is off`)
  const lane = n % 4 === 0 ? 'logs' : 'traces'
  const module = MODULES[(n >> 2) % MODULES.length] as string
  const atUnixMs = run.keeper.ownerClock.now()
  const orderUnixMs = model.oracle.timeOf(a, atUnixMs)
  const record = model.oracle.newRecord({ owner: a, lane, module, atUnixMs, orderUnixMs })
  const taken = run.ask(({ intake }) => intake.take(lane, encodeRecord(record), { kind: 'bus', module }))
  const outcome = await model.world.outcome(taken)
  record.isAcknowledged = outcome !== 'open' && 'value' in outcome
  if (!record.isAcknowledged) model.noteOutcome(outcome)
  if ((n >> 3) % 2 === 0) cut(model, run)
}

function cut(model: Model, run: Run | undefined): void {
  if (run !== undefined) model.background(run.ask((keeper) => keeper.cut()))
}

/** What a reader holds comes once more, as over a second session: nothing changes. */
async function bringAgain(model: Model, { a, b }: Choice): Promise<void> {
  const [owner, reader] = [a.run, b.run]
  if (owner === undefined || reader === undefined || model.watcher.forked.has(a)) return model.note('not both are on')
  const offered = await model.world.outcome(owner.ask(({ serving }) => serving.rowsFor(b.id)))
  if (offered === 'open' || 'error' in offered) return model.noteOutcome(offered)
  for (const row of offered.value) model.background(reader.ask((keeper) => takeAgain(keeper, row)))
}

function takeAgain({ receiving, store }: SimKeeper, row: HeadRow): void {
  const log = store.logs.find(row)
  if (log === undefined || subtractRuns(toRuns([row]), store.segments.runs(log.rowId)).length > 0) return
  const segments = [...store.segments.downFrom(log.rowId, row)].toReversed()
  const run = segments.map((segment) => ({ header: segment.header, sealed: store.packs.read(segment) as Uint8Array }))
  receiving.offer(row.author, [row])
  receiving.take(row.author, row, run)
}
