/** What `status` prints while the disk does not take what a start has to record. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StatusView } from '../../../src/agent/http-types/device.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => cli.remove())

test.each([
  {
    name: '[ST25] a disk that is full at start',
    held: 'STORE_FULL',
    full: null,
    words: /held {5}STORE_FULL: nothing comes in or leaves/,
  },
  {
    name: '[ST50] a disk that filled up',
    held: null,
    full: 5,
    words: /disk {5}full: records are refused until it has room/,
  },
  { name: '[ST25] a disk with room', held: null, full: null, words: /^(?!.*(held|disk))/s },
])('$name', async ({ held, full, words }) => {
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
    diskFullSinceUnixMs: full,
    counters: {},
    alarms: [],
    corrupt: [],
    damaged: [],
    unreadNotifications: 0,
  }
  const handle = () => ({ json: status })
  await cli.serve([{ method: 'GET', path: '/v1/status', capability: 'cli', handle }])
  expect((await cli.run('status')).stdout).toMatch(words)
})
