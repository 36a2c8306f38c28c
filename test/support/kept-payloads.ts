/**
 * The records in a device's store as they lie there: sealed segments opened with the device's own keys, and batches that wait to be
 * cut. Reads tables and files beside a running agent, and asks nobody: no stage and no query stands between.
 */
import { dirname, join } from 'node:path'
import { SegmentSealer } from '../../src/agent/keeper/segment-sealer.ts'
import { decompress } from '../../src/agent/keeper/stored-payload.ts'
import { openKeyFile, type DeviceKeys } from '../../src/agent/key-file.ts'
import type { Lane } from '../../src/model/lane.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { EpochTable } from '../../src/store/epoch-table.ts'
import { LogTable } from '../../src/store/log-table.ts'
import { openEncrypted, type Database } from '../../src/store/open-encrypted.ts'
import { PackFiles } from '../../src/store/packs/pack-files.ts'
import { SegmentTable } from '../../src/store/segment-table.ts'

export interface KeptPayload {
  readonly lane: Lane
  readonly module: string
  /** OTLP protobuf, of the lane's signal. */
  readonly payload: Uint8Array
}

/** All that a device has, one by one. Its keys are in a file. */
export async function eachPayloadOf(home: string, look: (kept: KeptPayload) => void): Promise<void> {
  eachPayloadIn(layOutHome(home).storeFile, await openKeyFile(nodeCrypto, home, undefined), look)
}

/** Of other devices only what this one has a key for. */
export function eachPayloadIn(
  storeFile: string,
  keys: Pick<DeviceKeys, 'store' | 'device'>,
  look: (kept: KeptPayload) => void,
): void {
  const packs = new PackFiles(join(dirname(storeFile), 'packs'))
  try {
    withDatabase(storeFile, keys.store, (db) => {
      for (const kept of cut(db, packs, keys)) look(kept)
      for (const kept of waiting(db)) look(kept)
    })
  } finally {
    packs.close()
  }
}

export function withDatabase<T>(path: string, key: Uint8Array, read: (db: Database) => T): T {
  const db = openEncrypted(path, key, { mustExist: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

function* cut(db: Database, packs: PackFiles, keys: Pick<DeviceKeys, 'device'>): Generator<KeptPayload> {
  const [logs, segments] = [new LogTable(db), new SegmentTable(db)]
  const sealer = new SegmentSealer(nodeCrypto, keys.device, new EpochTable(db))
  for (const id of db.prepare<[], number>('SELECT id FROM segment').pluck().all()) {
    const segment = segments.get(id)
    const sealed = segment && packs.read(segment)
    if (segment === undefined || sealed === undefined) continue
    const log = logs.byRow(segment.log)
    const opened = sealer.open(log, segment, sealed)
    if (opened.ok) yield { lane: log.lane, module: log.module, payload: decompress(opened.body) }
  }
}

function* waiting(db: Database): Generator<KeptPayload> {
  const logs = new LogTable(db)
  const rows = db.prepare<[], { readonly log: number; readonly payload: Uint8Array }>(
    'SELECT log, payload FROM journal',
  )
  for (const { log, payload } of rows.all()) {
    const { lane, module } = logs.byRow(log)
    yield { lane, module, payload }
  }
}
