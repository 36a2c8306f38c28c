/** Devices taken in, put out, lost for good, and new ones. */
import type { Model } from '../model.ts'
import type { Choice, Command } from './command.ts'

export const MEMBER_COMMANDS: readonly Command[] = [
  { name: 'pair', weight: 3, run: (model, { a, b }) => model.pair(a, b) },
  { name: 'remove', weight: 1, run: remove },
  { name: 'die', weight: 1, run: die },
]

/** Most devices a world begins with or gets: more pairs tell nothing new. */
const MAX_DEVICES = 6
/** Of a person's devices at least so many stay. */
const MIN_PRESENT = 2

async function remove(model: Model, { a, b }: Choice): Promise<void> {
  const { run } = a
  if (run === undefined) return model.note(`${a.name} is off`)
  const grants = model.oracle.open(a, b)
  const removed = run.ask(({ members }) => members.remove(b.id))
  removed.then(
    () => {
      for (const each of grants) model.oracle.ended(each)
    },
    () => undefined,
  )
  const outcome = await model.world.outcome(removed)
  if (outcome !== 'open') model.noteOutcome(outcome)
}

/** It never comes back, and somebody buys a new one. */
function die(model: Model, { a, n }: Choice): void {
  const { world, present } = model
  if (n % 4 !== 0 || present.length <= MIN_PRESENT || world.devices.length >= MAX_DEVICES)
    return model.note('not this time')
  a.cutPower()
  a.isGone = true
  model.note(`${world.add(`device ${world.devices.length}`).name} is new`)
}
