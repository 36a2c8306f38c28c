/** Records made on a device, and cut. */
import { MODULES } from '../watcher.ts'
import { encodeRecord } from '../sim-records.ts'
import type { Model } from '../model.ts'
import type { Choice, Command } from './command.ts'

export const RECORD_COMMANDS: readonly Command[] = [
  { name: 'append', weight: 30, run: append },
  {
    name: 'cut',
    weight: 4,
    run: (_model, { a }) => void a.run?.ask((keeper) => keeper.cut()),
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
  if ((n >> 3) % 2 === 0) void run.ask((keeper) => keeper.cut())
}
