import { expect, test } from 'vitest'
import { Rounds } from '../../../../src/agent/keeper/rounds.ts'

function setUp() {
  let armed: (() => void)[] = []
  const rounds = new Rounds((work) => void armed.push(work))
  const log: string[] = []
  return {
    rounds,
    log,
    later: (name: string) => rounds.later(() => log.push(name)),
    /** Does what was to be done in this round, as the event loop does with immediates. */
    round: () => {
      const now = armed
      armed = []
      log.push(`round of ${now.length}`)
      for (const work of now) work()
    },
  }
}

test('[IN11] each round does one piece of work, in the order they were asked for', () => {
  const { later, log, round } = setUp()
  later('commit')
  later('query')
  round()
  later('upkeep')
  round()
  round()
  round()
  expect(log).toEqual(['round of 1', 'commit', 'round of 1', 'query', 'round of 1', 'upkeep', 'round of 0'])
})

test('[IN11] what is taken back is not done, and takes no round from the others', () => {
  const { later, log, round } = setUp()
  const takeBack = later('upkeep')
  later('commit')
  takeBack()
  round()
  expect(log).toEqual(['round of 1', 'commit'])
})

test('[IN11] a piece that throws does not hold up the others', async () => {
  const { rounds, later, log, round } = setUp()
  rounds.later(() => {
    throw new Error('a mistake')
  })
  const paused = rounds.pause()
  later('commit')
  expect(round).toThrow('a mistake')
  round()
  await paused
  round()
  expect(log.at(-1)).toBe('commit')
})
