/** Content keys: of this device's own epochs, and those that others handed to it. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId, toGrantId, type DeviceId, type GrantId } from '../model/ids.ts'
import { LANES, type Lane } from '../model/lane.ts'

export interface Epoch {
  readonly lane: Lane
  readonly n: number
  readonly startedUnixMs: number
  readonly key: Uint8Array
}
/** A key another device handed over: of a whole lane's epoch, or of one module in it. */
export interface ReceivedKey extends Epoch {
  readonly owner: DeviceId
  /** Undefined: the key opens every module of the lane. */
  readonly module: string | undefined
  readonly grantId: GrantId
}

interface EpochRecord {
  readonly n: number
  readonly started_ms: number
  readonly key: Uint8Array
}
interface ReceivedRecord extends EpochRecord {
  readonly module: string
  readonly grant_id: Uint8Array
}

export class EpochTable {
  readonly #insert: Statement
  readonly #current: Statement<[number], EpochRecord>
  readonly #get: Statement<[number, number], EpochRecord>
  readonly #all: Statement<[number], EpochRecord>
  readonly #insertReceived: Statement
  readonly #received: Statement<[Uint8Array, number], ReceivedRecord>
  readonly #delete: Statement<[number, number]>
  readonly #deleteReceived: Statement
  readonly #deleteReceivedKey: Statement<[Uint8Array, number, number, string]>
  readonly #owners: Statement<[], { owner: Uint8Array }>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO epoch (lane, n, started_ms, key) VALUES (?, ?, ?, ?)')
    this.#current = db.prepare('SELECT n, started_ms, key FROM epoch WHERE lane = ? ORDER BY n DESC LIMIT 1')
    this.#get = db.prepare('SELECT n, started_ms, key FROM epoch WHERE lane = ? AND n = ?')
    this.#all = db.prepare('SELECT n, started_ms, key FROM epoch WHERE lane = ? ORDER BY n')
    this.#insertReceived = db.prepare('INSERT OR IGNORE INTO received_key VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#received = db.prepare('SELECT * FROM received_key WHERE owner = ? AND lane = ? ORDER BY n DESC')
    this.#delete = db.prepare('DELETE FROM epoch WHERE lane = ? AND n = ?')
    this.#deleteReceivedKey = db.prepare(
      'DELETE FROM received_key WHERE owner = ? AND lane = ? AND n = ? AND module = ?',
    )
    this.#owners = db.prepare('SELECT DISTINCT owner FROM received_key')
    this.#deleteReceived = db.prepare('DELETE FROM received_key WHERE owner = ?')
  }

  insert({ lane, n, startedUnixMs, key }: Epoch): void {
    this.#insert.run(LANES.indexOf(lane), n, startedUnixMs, key)
  }

  current(lane: Lane): Epoch | undefined {
    return toEpoch(lane, this.#current.get(LANES.indexOf(lane)))
  }

  get(lane: Lane, n: number): Epoch | undefined {
    return toEpoch(lane, this.#get.get(LANES.indexOf(lane), n))
  }

  all(lane: Lane): readonly Epoch[] {
    return this.#all.all(LANES.indexOf(lane)).map((record) => toEpoch(lane, record) as Epoch)
  }

  /** Destroys a key. Never that of the newest epoch: its number would be given again. */
  delete(lane: Lane, n: number): void {
    this.#delete.run(LANES.indexOf(lane), n)
  }

  /** @returns whether the key is new here. */
  insertReceived(received: ReceivedKey): boolean {
    const { owner, lane, n, module, startedUnixMs, key, grantId } = received
    const { changes } = this.#insertReceived.run(
      idBytes(owner),
      LANES.indexOf(lane),
      n,
      module ?? '',
      startedUnixMs,
      key,
      idBytes(grantId),
    )
    return changes > 0
  }

  /** Newest first. */
  received(owner: DeviceId, lane: Lane): readonly ReceivedKey[] {
    return this.#received.all(idBytes(owner), LANES.indexOf(lane)).map((record) => ({
      owner,
      lane,
      n: record.n,
      module: record.module === '' ? undefined : record.module,
      startedUnixMs: record.started_ms,
      key: record.key,
      grantId: toGrantId(record.grant_id) as GrantId,
    }))
  }

  /** Devices that handed us a key. */
  owners(): readonly DeviceId[] {
    return this.#owners.all().map(({ owner }) => toDeviceId(owner) as DeviceId)
  }

  deleteReceivedKey({ owner, lane, n, module }: Pick<ReceivedKey, 'owner' | 'lane' | 'n' | 'module'>): void {
    this.#deleteReceivedKey.run(idBytes(owner), LANES.indexOf(lane), n, module ?? '')
  }

  deleteReceived(owner: DeviceId): number {
    return this.#deleteReceived.run(idBytes(owner)).changes
  }
}

function toEpoch(lane: Lane, record: EpochRecord | undefined): Epoch | undefined {
  return record && { lane, n: record.n, startedUnixMs: record.started_ms, key: record.key }
}
