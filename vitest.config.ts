import { defineConfig } from 'vitest/config'

// unit and contract: fast, in process. multi-node: real processes. interop: clients we did not write (Debian tools), and
// what needs the machine to itself.
// packaging: what a user of the published package gets (npm registry).
const project = (name: string, testTimeout: number, fileParallelism = true) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, fileParallelism },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('contract', 30_000),
      project('multi-node', 120_000, false),
      project('interop', 120_000, false),
      project('packaging', 300_000, false),
    ],
  },
})
