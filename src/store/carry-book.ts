/** What this device knows of its carriers: receipts, refusals, and what was taken of all that each has offered. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId, type DeviceId } from '../model/ids.ts'
import type { LogKey } from '../model/segment.ts'

export interface CarrierNote {
  readonly device: DeviceId
  /** Why it takes nothing more of ours, and since when it says so. */
  readonly refused: string | undefined
  readonly refusedUnixMs: number | undefined
  /** Segments that an owner says there are and that it does not have, when all that it has was taken. */
  readonly behind: number
}

interface Row {
  readonly device: Uint8Array
  readonly refused: string | null
  readonly refused_ms: number | null
  readonly behind: number
}

export class CarryBook {
  readonly #seen: Statement<[Uint8Array], { seen: Uint8Array | null }>
  readonly #setSeen: Statement
  readonly #forgetSeen: Statement
  readonly #setRefused: Statement
  readonly #setBehind: Statement
  readonly #notes: Statement<[], Row>
  readonly #insertReceipt: Statement
  readonly #receipts: Statement<[], { carrier: Uint8Array; bytes: Uint8Array }>

  constructor(db: Database) {
    const upsert = (column: string): string =>
      `INSERT INTO carry_peer (device, ${column}) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET ${column} = excluded.${column}`
    this.#seen = db.prepare('SELECT seen FROM carry_peer WHERE device = ?')
    this.#setSeen = db.prepare(upsert('seen'))
    this.#forgetSeen = db.prepare('UPDATE carry_peer SET seen = NULL')
    this.#setRefused = db.prepare(
      `INSERT INTO carry_peer (device, refused, refused_ms) VALUES (?, ?, ?)
       ON CONFLICT (device) DO UPDATE SET refused = excluded.refused, refused_ms = excluded.refused_ms`,
    )
    this.#setBehind = db.prepare(upsert('behind'))
    this.#notes = db.prepare('SELECT device, refused, refused_ms, behind FROM carry_peer')
    this.#insertReceipt = db.prepare('INSERT OR REPLACE INTO carry_receipt VALUES (?, ?, ?, ?)')
    this.#receipts = db.prepare('SELECT carrier, bytes FROM carry_receipt')
  }

  /** The digest of what a device offered as carried, when all of it had been taken. */
  seenOf(device: DeviceId): Uint8Array | undefined {
    return this.#seen.get(idBytes(device))?.seen ?? undefined
  }

  setSeen(device: DeviceId, digest: Uint8Array): void {
    this.#setSeen.run(idBytes(device), digest)
  }

  /** More may be open to us now, or less may be here: every device is asked for its heads once more. */
  forgetSeen(): void {
    this.#forgetSeen.run()
  }

  setRefused(device: DeviceId, code: string | undefined, atUnixMs: number): void {
    this.#setRefused.run(idBytes(device), code ?? null, code === undefined ? null : Math.floor(atUnixMs))
  }

  setBehind(device: DeviceId, segments: number): void {
    this.#setBehind.run(idBytes(device), segments)
  }

  notes(): readonly CarrierNote[] {
    return this.#notes.all().map(({ device, refused, refused_ms: refusedMs, behind }) => ({
      device: toDeviceId(device) as DeviceId,
      refused: refused ?? undefined,
      refusedUnixMs: refusedMs ?? undefined,
      behind,
    }))
  }

  insertReceipt(carrier: DeviceId, { log, incarnation }: LogKey, bytes: Uint8Array): void {
    this.#insertReceipt.run(idBytes(carrier), idBytes(log), idBytes(incarnation), bytes)
  }

  /** The latest receipt of each carrier for each of our logs. */
  receipts(): readonly { readonly carrier: DeviceId; readonly bytes: Uint8Array }[] {
    return this.#receipts.all().map(({ carrier, bytes }) => ({ carrier: toDeviceId(carrier) as DeviceId, bytes }))
  }
}
