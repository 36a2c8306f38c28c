/** Time that passes, and clocks that are wrong. */
import type { Command } from './command.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const TIME_COMMANDS: readonly Command[] = [
  { name: 'wait', weight: 8, run: ({ world }, { n }) => world.advance(100 + (n % 8) * 1_000) },
  { name: 'wait long', weight: 1, run: ({ world }, { n }) => world.advance(30_000 + (n % 4) * 15_000) },
  // Everybody sleeps, and the next day has its keys.
  {
    name: 'next day',
    weight: 1,
    run({ world }) {
      for (const device of world.devices) device.skewMs += DAY_MS
    },
  },
  {
    name: 'clock jump',
    weight: 1,
    run(_model, { a, n }) {
      a.skewMs += ((n % 97) - 48) * HOUR_MS
    },
  },
]
