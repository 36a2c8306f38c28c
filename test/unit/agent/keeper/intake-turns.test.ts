import { expect, test } from 'vitest'
import { INTAKE_TURN_MS, IntakeTurns } from '../../../../src/agent/keeper/intake-turns.ts'
import { manualClock } from '../../../support/manual-clock.ts'

function setUp() {
  const clock = manualClock()
  const queue: (() => void)[] = []
  const later = (work: () => void): void => void queue.push(work)
  const turns = new IntakeTurns(clock, later)
  const log: string[] = []
  let open: { readonly name: string; readonly resolve: (name: string) => void }[] = []
  const commit = (): void => {
    const group = open
    open = []
    log.push(`commit ${group.map(({ name }) => name).join(' ')}`)
    for (const { name, resolve } of group) resolve(name)
  }
  /** Reads for `ms`, then waits for the commit that all share who were read before it. */
  const request = (name: string, ms: number): Promise<string> =>
    turns.run(() => {
      clock.advance(ms)
      log.push(`read ${name}`)
      if (open.length === 0) later(commit)
      return new Promise((resolve) => open.push({ name, resolve }))
    })
  /** What waits now is done, and what that brings about waits. */
  const round = (): void => {
    log.push('round')
    for (const work of queue.splice(0)) work()
  }
  return { turns, log, request, round }
}

test('[IN10] requests are read for a turn, then committed together before the next are read', async () => {
  const { turns, log, request, round } = setUp()
  const done = ['a', 'b', 'c', 'd'].map((name) => request(name, INTAKE_TURN_MS / 2))
  round()
  round()
  round()
  const wanted = 'read a, read b, round, commit a b, read c, read d, round, commit c d, round'
  expect(log.join(', ')).toBe(wanted)
  expect(await Promise.all(done)).toEqual(['a', 'b', 'c', 'd'])
  expect(turns.counts).toEqual({ requests: 4, turns: 2 })
})

test('[IN10] a lone request is read at once, and one longer than a turn is a turn', async () => {
  const { turns, log, request, round } = setUp()
  void request('long', 10 * INTAKE_TURN_MS)
  expect(log).toEqual(['read long'])
  void request('next', 1)
  round()
  expect(log).toEqual(['read long', 'round', 'commit long', 'read next'])
  round()
  round()
  void request('later', 1)
  expect(log.at(-1)).toBe('read later')
  expect(turns.counts).toEqual({ requests: 3, turns: 3 })
})

test('[IN10] many short requests that come in one round share a turn', () => {
  const { turns, request, round } = setUp()
  for (let i = 0; i < 64; i++) void request(String(i), 0.1)
  round()
  expect(turns.counts).toEqual({ requests: 64, turns: 1 })
})

test('[IN10] work that fails fails for itself alone', async () => {
  const { turns, request, round } = setUp()
  const failing = turns.run(() => Promise.reject(new Error('no')))
  const fine = request('fine', 1)
  round()
  await expect(failing).rejects.toThrow('no')
  expect(await fine).toBe('fine')
})
