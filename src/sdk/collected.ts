/** What the agent collects of modules, so that nothing travels to be dropped at its door, where the decision is made (docs/spec/stages.md). */
import type { Signal } from '../model/lane.ts'
import { CASUAL_MIN_SEVERITY, isAtLeast, type Stage } from '../model/stage.ts'

/** Errors are logs, and kept at every stage; how a module's process fares is told by metrics, and kept from pro on. */
const NEEDS: Readonly<Record<Signal, Stage>> = { logs: 'casual', traces: 'developer', metrics: 'pro' }
/** What a module measures itself. */
const METERS_NEED: Stage = 'developer'

/** @param stage undefined while the agent has not said it: then everything may be */
export function isCollected(signal: Signal, stage: Stage | undefined): boolean {
  return stage === undefined || isAtLeast(stage, NEEDS[signal])
}

/** Of metrics, whether those of a module's meters are; else only those of its process. */
export function areMetersCollected(stage: Stage | undefined): boolean {
  return stage === undefined || isAtLeast(stage, METERS_NEED)
}

/** Log records of less than this severity are not. */
export function leastCollected(stage: Stage): number {
  return stage === 'casual' ? CASUAL_MIN_SEVERITY : 0
}
