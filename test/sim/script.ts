/**
 * Scripts: what happens, as numbers that fast-check makes from a seed and makes smaller when something is wrong. A step left
 * out of a script changes no other: each has its own chances.
 */
import fc from 'fast-check'
import { seeded } from '../support/seeded.ts'
import { COMMANDS } from './commands/all.ts'
import type { Command } from './commands/command.ts'
import { Model } from './model.ts'
import type { SimCrypto } from './sim-device.ts'

/** Numbers that mean something only when their turn comes: devices are counted around. */
export interface Step {
  readonly command: string
  readonly a: number
  readonly b: number
  readonly n: number
}
export interface Outcome {
  readonly problems: readonly string[]
  /** Steps made before something was wrong, or all of them. */
  readonly steps: number
  readonly history: readonly string[]
  readonly frames: number
  readonly segments: number
  readonly attempts: number
}
export interface RunOptions {
  readonly crypto?: (SimCrypto & { settled(): Promise<void> }) | undefined
  /** Keeps what happened in words. Default true. */
  readonly keepsHistory?: boolean
}

const NAMES = ['phone', 'laptop', 'tablet']
const MAX_N = 0xffff
/** Each command as often as its weight. */
const DRAWN: readonly Command[] = COMMANDS.flatMap((command) => Array.from({ length: command.weight }, () => command))
const BY_NAME = new Map(COMMANDS.map((command) => [command.name, command]))
/** Deliveries after a step: often few, so that the next one falls into the middle of things. */
const DELIVERIES = [0, 1, 3, 8, 24, 80, 400]

/** Scripts of exactly so many steps; shrinking makes them shorter. */
export function scriptOf(steps: number): fc.Arbitrary<readonly Step[]> {
  const step = fc.tuple(fc.nat(DRAWN.length - 1), fc.nat(5), fc.nat(5), fc.nat(MAX_N))
  return fc.array(
    step.map(([drawn, a, b, n]) => ({ command: at(DRAWN, drawn).name, a, b, n })),
    { minLength: 0, maxLength: steps, size: 'max' },
  )
}

export async function runScript(seed: number, script: readonly Step[], options: RunOptions = {}): Promise<Outcome> {
  const model = new Model({ seed, ...(options.crypto ? { crypto: options.crypto } : {}) })
  await model.begin(NAMES)
  let steps = 0
  let problems = model.problems()
  for (; steps < script.length && problems.length === 0; steps++) {
    problems = await runStep(model, script[steps] as Step)
  }
  if (problems.length === 0) {
    model.history.push('calm')
    problems = await model.calm()
  }
  const { world, watcher, history } = model
  return {
    problems,
    steps,
    history,
    frames: world.traffic.frames,
    segments: watcher.segments,
    attempts: watcher.attempts,
  }
}

async function runStep(model: Model, { command, a, b, n }: Step): Promise<readonly string[]> {
  const { present } = model
  const first = a % present.length
  const second = (first + 1 + (b % (present.length - 1))) % present.length
  const choice = { a: at(present, first), b: at(present, second), n }
  const drawn = BY_NAME.get(command)
  if (drawn === undefined) throw new Error(`no command ${command}`)
  model.history.push(`${drawn.name}: ${choice.a.name}, ${choice.b.name}, ${n}`)
  model.reseed(n)
  await drawn.run(model, choice)
  await model.world.run(at(DELIVERIES, seeded(n).below(DELIVERIES.length)))
  return model.problems()
}

function at<T>(items: readonly T[], index: number): T {
  return items[index] as T
}
