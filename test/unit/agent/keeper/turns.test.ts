import { expect, test } from 'vitest'
import { Turns } from '../../../../src/agent/keeper/turns.ts'
import type { Steps } from '../../../../src/base/steps.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const clock = manualClock()

/** Takes `steps` steps of a millisecond each. */
function* work(name: string, steps: number, done: string[]): Steps<string> {
  for (let i = 0; i < steps; i++) {
    clock.advance(1)
    yield
  }
  done.push(name)
  return name
}

test('[QU24] a turn ends at the first yield after its time, and work goes on after the pause', async () => {
  const done: string[] = []
  const turns = new Turns(clock, { turnMs: 3, pause: async () => done.push('others') })
  expect(await turns.run(() => work('query', 7, done))).toBe('query')
  expect(done).toEqual(['others', 'others', 'query'])
})

test('[QU24] one piece of work begins when the one before it has ended, well or not', async () => {
  const done: string[] = []
  const turns = new Turns(clock, { turnMs: 1, pause: async () => done.push('-') })
  const failing = turns.run(function* () {
    yield* work('bad', 1, done)
    throw new Error('no')
  })
  const next = turns.run(() => work('next', 2, done))
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('next')
  expect(done).toEqual(['-', 'bad', '-', '-', 'next'])
})

test('[QU24] once stopped, no step is taken: of what is under way nor of what waits', async () => {
  const done: string[] = []
  const turns = new Turns(clock, { turnMs: 1, pause: async () => turns.stop() })
  const results = await Promise.allSettled([
    turns.run(() => work('under way', 5, done)),
    turns.run(() => work('waiting', 0, done)),
  ])
  expect(results.map((result) => result.status === 'rejected' && (result.reason as { code: string }).code)).toEqual([
    'QUERY_STOPPED',
    'QUERY_STOPPED',
  ])
  expect(done).toEqual([])
})
