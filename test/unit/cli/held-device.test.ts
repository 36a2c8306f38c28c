/** What `status` prints while the disk does not take what a start has to record. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StatusView } from '../../../src/agent/http-types.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => cli.remove())

test.each([
  { name: 'a disk that is full', held: 'STORE_FULL', words: /held {5}STORE_FULL: nothing comes in or leaves/ },
  { name: 'a disk with room', held: null, words: /^(?!.*held)/s },
])('[ST25] $name', async ({ held, words }) => {
  const status: StatusView = {
    deviceId: 'ab'.repeat(32),
    name: 'Tablet',
    stage: 'pro',
    keyStore: 'file',
    version: '1.2.3',
    uptimeMs: 1_000,
    store: { segments: 0, records: 0, bytes: 0 },
    mesh: { listening: [], peers: [] },
    removedBy: null,
    modules: [],
    otlp: null,
    held,
    counters: {},
    alarms: [],
    damaged: [],
  }
  const handle = () => ({ json: status })
  await cli.serve([{ method: 'GET', path: '/v1/status', capability: 'cli', handle }])
  expect((await cli.run('status')).stdout).toMatch(words)
})
