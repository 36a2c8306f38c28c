/** One thing that can happen in the world. To add one: an entry in the list of its file, and nowhere else. */
import type { Model } from '../model.ts'
import type { SimDevice } from '../sim-device.ts'

/** What a step of a script decides; a command makes of it what it needs. */
export interface Choice {
  readonly a: SimDevice
  /** Another device than `a`. */
  readonly b: SimDevice
  /** From 0 to 65,535. */
  readonly n: number
}
export interface Command {
  readonly name: string
  /** How often it happens, beside the others. */
  readonly weight: number
  run(model: Model, choice: Choice): Promise<void> | void
}
