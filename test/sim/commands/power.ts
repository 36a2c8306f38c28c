/** Devices that start, end, lose their power at any write, and are put back to an older state. */
import type { Model } from '../model.ts'
import type { SimDevice } from '../sim-device.ts'
import type { Choice, Command } from './command.ts'
import { append } from './records.ts'

export const POWER_COMMANDS: readonly Command[] = [
  { name: 'start', weight: 10, run: (_model, { a }) => void a.start() },
  { name: 'stop', weight: 1, run: async (model, { a }) => model.noteOutcome(await model.world.until(a.stop())) },
  { name: 'power cut', weight: 1, run: (_model, { a }) => a.cutPower() },
  {
    name: 'power cut at a write',
    weight: 4,
    run: (_model, { a, n }) => a.disk.planPowerCut(1 + ((n >> 1) % 16), n % 2 === 0),
  },
  { name: 'back up', weight: 1, run: (model, { a }) => backUp(model, a) },
  { name: 'restore', weight: 1, run: restore },
  { name: 'equivocate', weight: 1, run: equivocate },
]

function backUp(model: Model, device: SimDevice): void {
  model.backups.set(device, device.disk.image())
}

/** The whole home, put back: what was done since never was. */
function restore(model: Model, { a, n }: Choice): void {
  if (!model.backups.has(a) || n % 4 !== 0) return model.note('not this time')
  putBack(model, a)
}

function putBack(model: Model, device: SimDevice): void {
  const image = model.backups.get(device)
  if (image === undefined) return
  model.isRough = true
  device.cutPower()
  device.disk.restore(image)
  model.oracle.putBack(device)
  model.watcher.putBack(device, image)
  device.start()
}

/** One place of a log, two segments, and somebody may have seen the first. */
async function equivocate(model: Model, { a, b, n }: Choice): Promise<void> {
  if (a.run === undefined || n % 4 !== 0) return model.note('not this time')
  const sameLog = { a, b, n: 0 }
  backUp(model, a)
  await append(model, sameLog)
  await model.world.run(n % 64)
  putBack(model, a)
  await append(model, sameLog)
}
