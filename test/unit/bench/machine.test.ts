import { expect, test } from 'vitest'
import { doubtsAbout, type Machine } from '../../../bench/support/machine.ts'

const machine: Machine = {
  cpu: 'fast',
  cores: 2,
  memoryGiB: 8,
  system: 's',
  node: 'v24.0.0',
  date: '2026-11-23',
  loadAtStart: 2,
}

test.each<{ name: string; now: Partial<Machine>; before: Machine | undefined; doubts: readonly RegExp[] }>([
  { name: 'the same machine at rest is beyond doubt', now: {}, before: machine, doubts: [] },
  { name: 'a first measurement is too', now: {}, before: undefined, doubts: [] },
  { name: 'others at work are told', now: { loadAtStart: 2.1 }, before: machine, doubts: [/load average of 2.1 on 2/] },
  { name: 'another processor is told', now: { cpu: 'slow' }, before: machine, doubts: [/another machine: fast, 2/] },
  { name: 'other cores are told', now: { cores: 8 }, before: machine, doubts: [/another machine: fast, 2/] },
])('$name', ({ now, before, doubts }) => {
  expect(doubtsAbout({ ...machine, ...now }, before)).toEqual(doubts.map((doubt) => expect.stringMatching(doubt)))
})
