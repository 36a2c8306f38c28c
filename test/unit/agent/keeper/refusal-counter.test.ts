import { expect, test } from 'vitest'
import { COUNT_EVERY_MS, RefusalCounter } from '../../../../src/agent/keeper/refusal-counter.ts'
import { manualClock } from '../../../support/manual-clock.ts'

function counter(isFailing = () => false) {
  const clock = manualClock()
  const writes: (readonly [string, number])[] = []
  const failures: unknown[] = []
  const refusals = new RefusalCounter({
    clock,
    add(name, count) {
      if (isFailing()) throw new Error('disk full')
      writes.push([name, count])
    },
    onFailure: (err) => failures.push(err),
  })
  return { clock, writes, failures, refusals }
}

test('[SE16] a thousand knocks are one write', () => {
  const { clock, writes, refusals } = counter()
  for (let n = 0; n < 1000; n++) refusals.add('sync', 'LINK_DENIED')
  refusals.add('pair', 'PAIR_TIMEOUT')
  expect(writes).toEqual([])
  clock.advance(COUNT_EVERY_MS)
  expect(writes).toEqual([
    ['sync.refused.LINK_DENIED', 1000],
    ['pair.refused.PAIR_TIMEOUT', 1],
  ])
  clock.advance(COUNT_EVERY_MS * 3)
  expect(writes).toHaveLength(2)
})

test('a flush writes at once what is waiting, and nothing twice', () => {
  const { clock, writes, refusals } = counter()
  refusals.add('sync', 'SYNC_FORK')
  refusals.flush()
  refusals.flush()
  clock.advance(COUNT_EVERY_MS)
  expect(writes).toEqual([['sync.refused.SYNC_FORK', 1]])
})

test('a count that could not be written waits for the next', () => {
  const state = { isFull: true }
  const { clock, writes, failures, refusals } = counter(() => state.isFull)
  refusals.add('sync', 'SYNC_GAP')
  clock.advance(COUNT_EVERY_MS)
  expect([writes.length, failures.length]).toEqual([0, 1])
  state.isFull = false
  refusals.add('sync', 'SYNC_GAP')
  clock.advance(COUNT_EVERY_MS)
  expect(writes).toEqual([['sync.refused.SYNC_GAP', 2]])
})
