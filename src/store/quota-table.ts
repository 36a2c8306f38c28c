/** How much sources may keep here, by number: one quota at most of any scope. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId } from '../model/ids.ts'
import { LANES, type StoredLane } from '../model/lane.ts'
import type { Quota } from '../model/quota.ts'

export interface StoredQuota extends Quota {
  readonly id: number
}

interface QuotaRecord {
  readonly id: number
  readonly device: Uint8Array
  readonly module: string
  readonly lane: number
  readonly maxBytes: number
}

const EVERY_LANE = -1

export class QuotaTable {
  readonly #set: Statement<[Uint8Array, string, number, number], { id: number }>
  readonly #all: Statement<[], QuotaRecord>
  readonly #delete: Statement<[number]>

  constructor(db: Database) {
    this.#set = db.prepare(
      `INSERT INTO quota (device, module, lane, max_bytes) VALUES (?, ?, ?, ?)
       ON CONFLICT (device, module, lane) DO UPDATE SET max_bytes = excluded.max_bytes RETURNING id`,
    )
    this.#all = db.prepare('SELECT id, device, module, lane, max_bytes AS maxBytes FROM quota ORDER BY id')
    this.#delete = db.prepare('DELETE FROM quota WHERE id = ?')
  }

  /** In place of the one of the same scope, whose number it keeps. @returns its number */
  set({ deviceId, module = '', lane, maxBytes }: Quota): number {
    const device = deviceId === undefined ? new Uint8Array(0) : idBytes(deviceId)
    const laneNumber = lane === undefined ? EVERY_LANE : LANES.indexOf(lane)
    return (this.#set.get(device, module, laneNumber, maxBytes) as { id: number }).id
  }

  all(): readonly StoredQuota[] {
    return this.#all.all().map(({ id, device, module, lane, maxBytes }) => ({
      id,
      deviceId: toDeviceId(device),
      module: module === '' ? undefined : module,
      lane: LANES[lane] as StoredLane | undefined,
      maxBytes,
    }))
  }

  /** @returns whether there was one */
  delete(id: number): boolean {
    return this.#delete.run(id).changes > 0
  }
}
