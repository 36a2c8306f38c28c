import { expect, test } from 'vitest'
import { idleWatch } from '../../../src/platform/collect-when-idle.ts'

test.each([
  { name: 'once after a start', seen: [0.9, 0.8, 0, 0, 0], collected: 1 },
  { name: 'once after a start that was over before the first look', seen: [0, 0, 0], collected: 1 },
  { name: 'after every burst', seen: [0, 0.9, 0, 0.9, 0], collected: 3 },
  { name: 'not during one', seen: [0.9, 0.5, 0.1, 0.9], collected: 0 },
  { name: 'once a burst has ebbed away', seen: [0.9, 0.1, 0.1, 0.01], collected: 1 },
  { name: 'not where little was done', seen: [0, 0.1, 0, 0.1, 0], collected: 1 },
])('memory is given back $name', ({ seen, collected }) => {
  let times = 0
  const look = idleWatch(() => times++)
  for (const utilization of seen) look(utilization)
  expect(times).toBe(collected)
})
