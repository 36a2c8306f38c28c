/** The store thread as it really runs: what else it answers while a query is under way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeeperClient } from '../../src/agent/keeper-client.ts'
import { initialSettings } from '../../src/agent/keeper/device-settings.ts'
import { hpkePublicKey } from '../../src/platform/hpke.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { encodeLogsData } from '../../src/wire/otlp/encode.ts'
import { randomKeys } from '../support/keeper-home.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
let folder: string
let keeper: KeeperClient

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-turns-'))
  const keys = randomKeys()
  keeper = await KeeperClient.start(
    {
      storeFile: join(folder, 'store.db'),
      auditFile: join(folder, 'audit.db'),
      keys,
      keyStore: 'file',
      sealPublicKey: hpkePublicKey(keys.seal),
      newDevice: initialSettings(nodeCrypto, 'laptop', 'file'),
    },
    silent,
    { onView: () => {}, onRecords: () => {}, onGone: () => {} },
  )
  await keeper.call('setStage', 'developer')
})
afterEach(async () => {
  await keeper.close()
  rmSync(folder, { recursive: true, force: true })
})

function takeLogs(count: number, body: string) {
  const logRecords = Array.from({ length: count }, () => ({ timeUnixNano: 1n, severityNumber: 9, body }))
  const bytes = encodeLogsData({ resource: { attributes: {} }, scope: { name: 'test' }, logRecords })
  return keeper.call('takeBus', { module: 'app', signal: 'logs', encoding: 'protobuf', bytes })
}

test('[QU24] commits and other calls are answered while a long query is under way', async () => {
  for (let i = 0; i < 3; i++) await takeLogs(20, 'x'.repeat(700_000))
  const answered: string[] = []
  const note = (name: string) => () => answered.push(name)
  await Promise.all([
    keeper.call('searchLogs', { filter: 'text~nothing1', limit: 1 }).then(note('query')),
    keeper.call('searchLogs', { filter: 'text~nothing2', limit: 1 }).then(note('second query')),
    keeper.call('grants').then(note('grants')),
    takeLogs(1, 'short').then(note('commit')),
  ])
  expect(answered.slice(0, 2)).toEqual(['grants', 'commit'])
  // The two long ones have turns alike: either may end first.
  expect(answered.slice(2).sort()).toEqual(['query', 'second query'])
})
