/** What `status`, `peers` and `devices list` print on a device that is no member of its mesh any more. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Route } from '../../../src/agent/http-server.ts'
import type { DeviceList, PeersView, RemovedByView, StatusView } from '../../../src/agent/http-types/device.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => cli.remove())

function routesOf(removedBy: RemovedByView | null): readonly Route[] {
  const status: StatusView = {
    deviceId: 'ab'.repeat(32),
    name: 'Tablet',
    stage: 'pro',
    keyStore: 'file',
    version: '1.2.3',
    uptimeMs: 1_000,
    store: { segments: 0, records: 0, bytes: 0 },
    mesh: { listening: [], peers: [] },
    removedBy,
    modules: [],
    otlp: null,
    held: null,
    diskFullSinceUnixMs: null,
    counters: {},
    alarms: [],
    corrupt: [],
    damaged: [],
    unreadNotifications: 0,
  }
  const peers: PeersView = { peers: [], removedBy }
  const devices: DeviceList = { devices: [], removedBy, former: [] }
  const answering = (path: string, json: unknown): Route => ({
    method: 'GET',
    path,
    capability: 'cli',
    handle: () => ({ json }),
  })
  return [answering('/v1/status', status), answering('/v1/peers', peers), answering('/v1/devices', devices)]
}

const by = (name: string | null, self = false): RemovedByView => ({
  deviceId: 'cd'.repeat(32),
  name,
  self,
  at: '2026-11-22T14:03:12.123Z',
})

test.each([
  {
    name: 'by another device',
    removedBy: by('Phone'),
    words: 'On 2026-11-22 at 14:03 UTC this device was removed from its mesh by Phone.',
  },
  {
    name: 'at a time unknown',
    removedBy: { ...by('Phone'), at: null },
    words: 'This device was removed from its mesh by Phone.',
  },
  {
    name: 'with whoever took it in',
    removedBy: { ...by(null), deviceId: null, at: null },
    words: 'This device is in its mesh no more: whoever took it in was removed.',
  },
  { name: 'by one that is gone too', removedBy: by(null), words: 'was removed from its mesh by another device.' },
  { name: 'by itself', removedBy: by('Tablet', true), words: 'left its mesh.' },
  { name: 'by one with a strange name', removedBy: by('P\u001B[31mh\none'), words: 'removed from its mesh by Ph one.' },
])('[CL15] removed $name: all three say so, and how to come back', async ({ removedBy, words }) => {
  await cli.serve(routesOf(removedBy))
  for (const command of ['status', 'peers', 'devices list']) {
    const { exit, stdout } = await cli.run(...command.split(' '))
    expect(exit).toBe(0)
    expect(stdout).toContain(words)
    expect(stdout).toContain('aico-mesh pair join TICKET')
  }
  expect((await cli.run('peers')).stdout).not.toContain('No paired devices yet')
})

test('[CL15] a device that was not removed says nothing of it', async () => {
  await cli.serve(routesOf(null))
  expect((await cli.run('status')).stdout).not.toMatch(/removed|left/)
  expect((await cli.run('peers')).stdout).toContain('No paired devices yet')
})
