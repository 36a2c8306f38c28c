import { beforeEach, expect, test } from 'vitest'
import { SETTLED_MS, Upkeep } from '../../../../src/agent/keeper/upkeep.ts'
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts'

const STEP_MS = 5
let clock: ManualClock
let idleMs: number
let steps: number
let left: number
let failures: unknown[]
let upkeep: Upkeep
let waiting: (() => void)[]

beforeEach(() => {
  clock = manualClock()
  idleMs = SETTLED_MS
  steps = 0
  left = 3
  failures = []
  waiting = []
  upkeep = new Upkeep({
    clock,
    later,
    idleMs: () => idleMs,
    step: () => {
      steps++
      clock.advance(STEP_MS)
      return --left > 0
    },
    onFailure: (err) => failures.push(err),
  })
})

function later(work: () => void): () => void {
  waiting.push(work)
  return () => (waiting = waiting.filter((each) => each !== work))
}

function rounds(count: number): void {
  for (let i = 0; i < count; i++) waiting.shift()?.()
}

test('[IX20] a step is taken in every round of the event loop while nobody asks, until nothing is left to do', () => {
  upkeep.wake()
  expect(steps).toBe(0)
  rounds(5)
  expect(steps).toBe(3)
})

test('[IX20] while somebody asks, four times as long as a step took belongs to them', () => {
  idleMs = SETTLED_MS - 1
  upkeep.wake()
  rounds(5)
  expect(steps).toBe(1)
  clock.advance(4 * STEP_MS - 1)
  expect(steps).toBe(1)
  clock.advance(1)
  expect(steps).toBe(2)
  upkeep.wake()
  rounds(5)
  expect(steps).toBe(2)
})

test('[IX20] what fails waits for a new reason to look, and nothing is done after the end', () => {
  const failing = new Upkeep({
    clock,
    later,
    idleMs: () => idleMs,
    step: () => {
      throw new Error('disk full')
    },
    onFailure: (err) => failures.push(err),
  })
  failing.wake()
  rounds(3)
  expect(failures).toHaveLength(1)
  failing.wake()
  rounds(3)
  expect(failures).toHaveLength(2)
  upkeep.wake()
  upkeep.stop()
  rounds(3)
  expect(steps).toBe(0)
})
