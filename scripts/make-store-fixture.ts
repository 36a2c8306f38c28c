/**
 * `node scripts/make-store-fixture.ts FOLDER`: freezes the homes of two devices as this version of the program leaves
 * them, with what must be found in them (manifest.json). To be run once a schema version, before the next is released;
 * test/contract/store-fixtures.test.ts opens copies of every one. The keys in them are nobody's.
 *
 *   phone    killed: records in the journal, a write-ahead log; segments of its own and of the laptop's
 *   laptop   stopped: everything in the files themselves
 */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sealKeys, KEYS_FILE, MASTER_FILE } from '../src/agent/key-file.ts'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import { MeshWorld } from '../test/support/mesh-world.ts'
import type { MeshDevice } from '../test/support/mesh-device.ts'
import { logs, manySpans, metrics, traces } from '../test/support/otlp-records.ts'
import { storedFacts, type StoredFacts } from '../test/support/stored-facts.ts'

const DAY_MS = 86_400_000
const LANES = ['traces', 'logs', 'metrics'] as const

const [target] = process.argv.slice(2)
if (target === undefined || existsSync(target)) throw new Error('name a folder that is not there yet')

const world = new MeshWorld(20_261_123)
const [phone, laptop] = await world.mesh('phone', 'laptop')
await world.until(phone.grant(laptop, { lanes: LANES, purpose: 'to look at both' }))
const toEnd = await world.until(laptop.grant(phone, { lanes: ['logs'], purpose: 'for a day' }))
await world.until(laptop.grant(phone, { lanes: ['traces', 'metrics'], purpose: 'the other way' }))
await phone.api('addModule', 'core', { keyId: 'core' })

await recordDay(1)
await phone.stop()
await laptop.stop()
world.clock.advance(DAY_MS)
await phone.restart()
await laptop.restart()
await world.advance(60_000, 1_000)
await recordDay(2)
await world.until(laptop.api('revoke', toEnd.grantId))
await world.settle()
await recordDay(3)
requireInStep()

// A stop brings the files up to date, so that the write-ahead log of the next run holds little more than the journal.
await phone.stop()
await laptop.stop()
await phone.restart()
const kept = { phone: await open(phone, 4), laptop: undefined as StoredFacts | undefined }
phone.kill()
await laptop.restart()
kept.laptop = await storedFacts(laptop.keeper, join(laptop.folder, 'store.db'))
await laptop.stop()

for (const device of [phone, laptop]) await freeze(device, join(target, device.name))
const manifest = { atUnixMs: world.clock.now(), homes: kept }
writeFileSync(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
await world.close()

/** Records of several modules in every lane on both devices, one trace of which goes over both. */
async function recordDay(day: number): Promise<void> {
  const shared = day * 100
  for (const [at, device] of [phone, laptop].entries()) {
    const own = shared + 1 + at
    await world.recorded(device, traces('shared', { trace: shared, span: day * 1000 + at, text: 'both devices' }))
    await world.recorded(device, manySpans('worker', own, 1, 40))
    await world.recorded(device, manySpans(`service-${at}`, own, 100, 300))
    const severity = day * 6 + at * 3
    await world.recorded(device, logs('worker', severity - 5, severity - 4, severity - 3), 'logs')
    await world.recorded(device, metrics('worker', 20), 'metrics')
  }
  await world.settle()
}

/** Acknowledged and not cut. */
async function open(device: MeshDevice, day: number): Promise<StoredFacts> {
  await device.record(manySpans('worker', day * 100, 1, 5))
  await device.record(logs('open', 17), 'logs')
  await device.record(metrics('open', 3), 'metrics')
  return storedFacts(device.keeper, join(device.folder, 'store.db'))
}

function requireInStep(): void {
  if (laptop.recordsOf(phone) === 0 || laptop.recordsOf(phone) !== phone.recordsOf(phone))
    throw new Error('not in step')
  if (phone.recordsOf(laptop) === 0) throw new Error('nothing came')
}

async function freeze(device: MeshDevice, home: string): Promise<void> {
  mkdirSync(home, { recursive: true })
  // The index of a write-ahead log and the reserve are made anew at every start.
  cpSync(device.folder, home, { recursive: true, filter: (path) => !/-shm$|\breserve$/.test(path) })
  const { keysText, masterText = '' } = await sealKeys(nodeCrypto, 'file', device.keys, undefined)
  writeFileSync(join(home, KEYS_FILE), keysText)
  writeFileSync(join(home, MASTER_FILE), masterText)
}
