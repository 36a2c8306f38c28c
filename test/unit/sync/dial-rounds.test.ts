import { expect, test } from 'vitest'
import { ADDRESSES_PER_ROUND, dialRounds, ROUND_TIMEOUT_MS } from '../../../src/sync/dial-rounds.ts'
import { ADDRESS_TIMEOUT_MS } from '../../../src/sync/link.ts'

const list = (name: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${name}${n}`)

test.each([
  { name: 'nobody knows an address: one empty round, which fails as such', own: [], hinted: [], rounds: [[]] },
  { name: 'only what the device said', own: list('own', 2), hinted: [], rounds: [['own0', 'own1']] },
  { name: 'only hints', own: [], hinted: [['a'], ['b']], rounds: [['a'], ['b']] },
  {
    name: 'all of its own word comes first, a few at a time',
    own: list('own', 7),
    hinted: [['a']],
    rounds: [['own0', 'own1', 'own2'], ['own3', 'own4', 'own5'], ['own6'], ['a']],
  },
  {
    name: 'a long list does not put off a short one',
    own: [],
    hinted: [list('liar', 8), ['right'], list('b', 4)],
    rounds: [
      ['liar0', 'liar1', 'liar2'],
      ['right'],
      ['b0', 'b1', 'b2'],
      ['liar3', 'liar4', 'liar5'],
      ['b3'],
      ['liar6', 'liar7'],
    ],
  },
  {
    name: 'no address is tried twice',
    own: ['x', 'x', 'y'],
    hinted: [['y', 'a'], ['a', 'x', 'b'], ['x']],
    rounds: [['x', 'y'], ['a'], ['b']],
  },
])('[SE19] $name', ({ own, hinted, rounds }) => {
  expect(dialRounds(own, hinted)).toEqual(rounds)
})

test('[SE19] a round of addresses that swallow everything gives each its time', () => {
  expect(ADDRESSES_PER_ROUND * ADDRESS_TIMEOUT_MS).toBeLessThan(ROUND_TIMEOUT_MS)
})
