import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** One worker for each core but one would leave half of a small machine idle. */
const WORKERS = Math.max(2, availableParallelism() - 1)

// unit and contract: fast, in process. sim: the simulator, in process. multi-node: real processes. interop: clients we did not write (Debian tools), and
// what needs the machine to itself.
// netns: real agents on hosts of their own (Linux network namespaces; root, and Debian tools).
// packaging: what a user of the published package gets (npm registry).
const project = (name: string, testTimeout: number, { alone = false } = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    // Projects of one group run side by side.
    sequence: { groupOrder: alone ? 1 : 0 },
    maxWorkers: alone ? 1 : WORKERS,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('contract', 30_000),
      project('sim', 60_000),
      project('multi-node', 120_000, { alone: true }),
      project('netns', 120_000, { alone: true }),
      project('interop', 120_000, { alone: true }),
      project('packaging', 300_000, { alone: true }),
    ],
  },
})
