/** The small tables that are little more than a map on disk: settings, modules, counters, invitations, peers. */
import type { Database, Statement } from 'better-sqlite3'
import type { ClockHistory, ClockOffset } from '../model/clock-history.ts'
import { idBytes, toDeviceId, type DeviceId } from '../model/ids.ts'

/** Named values as JSON. */
export class SettingTable {
  readonly #get: Statement<[string], { value: string }>
  readonly #set: Statement
  readonly #delete: Statement<[string]>

  constructor(db: Database) {
    this.#get = db.prepare('SELECT value FROM setting WHERE name = ?')
    this.#set = db.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)')
    this.#delete = db.prepare('DELETE FROM setting WHERE name = ?')
  }

  get(name: string): unknown {
    const record = this.#get.get(name)
    return record === undefined ? undefined : JSON.parse(record.value)
  }

  set(name: string, value: unknown): void {
    this.#set.run(name, JSON.stringify(value))
  }

  delete(name: string): void {
    this.#delete.run(name)
  }
}

/** Bus modules by name; the record is the broker's, as JSON. */
export class ModuleTable {
  readonly #all: Statement<[], { name: string; record: string }>
  readonly #insert: Statement
  readonly #set: Statement
  readonly #delete: Statement

  constructor(db: Database) {
    this.#all = db.prepare('SELECT name, record FROM module ORDER BY name')
    this.#insert = db.prepare('INSERT INTO module VALUES (?, ?)')
    this.#set = db.prepare('INSERT OR REPLACE INTO module VALUES (?, ?)')
    this.#delete = db.prepare('DELETE FROM module WHERE name = ?')
  }

  all(): readonly { readonly name: string; readonly record: unknown }[] {
    return this.#all.all().map(({ name, record }) => ({ name, record: JSON.parse(record) }))
  }

  insert(name: string, record: unknown): void {
    this.#insert.run(name, JSON.stringify(record))
  }

  /** Adds a module, or changes its record. */
  set(name: string, record: unknown): void {
    this.#set.run(name, JSON.stringify(record))
  }

  delete(name: string): boolean {
    return this.#delete.run(name).changes > 0
  }
}

/** Counts that outlive a restart, such as records a stage did not collect. */
export class CounterTable {
  readonly #add: Statement
  readonly #all: Statement<[], { name: string; value: number }>

  constructor(db: Database) {
    this.#add = db.prepare(
      'INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
    )
    this.#all = db.prepare('SELECT name, value FROM counter ORDER BY name')
  }

  add(name: string, count: number): void {
    this.#add.run(name, count)
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.all().map(({ name, value }) => [name, value]))
  }
}

export interface Invitation {
  readonly tokenId: Uint8Array
  readonly token: Uint8Array
  readonly expiresUnixMs: number
  /** The device that used it; the same device may come again while it is a member, nobody else. */
  readonly usedBy: DeviceId | undefined
}

interface InvitationRecord {
  readonly token_id: Uint8Array
  readonly token: Uint8Array
  readonly expires_ms: number
  readonly used_by: Uint8Array | null
}

export class InvitationTable {
  readonly #insert: Statement
  readonly #get: Statement<[Uint8Array], InvitationRecord>
  readonly #use: Statement
  readonly #forget: Statement
  readonly #prune: Statement
  readonly #open: Statement<[number], { n: number }>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO invitation VALUES (?, ?, ?, NULL)')
    this.#get = db.prepare('SELECT * FROM invitation WHERE token_id = ?')
    this.#use = db.prepare('UPDATE invitation SET used_by = ? WHERE token_id = ? AND used_by IS NULL')
    this.#forget = db.prepare('DELETE FROM invitation WHERE used_by = ?')
    this.#prune = db.prepare('DELETE FROM invitation WHERE expires_ms <= ?')
    this.#open = db.prepare('SELECT count(*) AS n FROM invitation WHERE expires_ms > ? AND used_by IS NULL')
  }

  insert(invitation: Omit<Invitation, 'usedBy'>): void {
    this.#insert.run(invitation.tokenId, invitation.token, invitation.expiresUnixMs)
  }

  get(tokenId: Uint8Array): Invitation | undefined {
    const record = this.#get.get(tokenId)
    return (
      record && {
        tokenId: record.token_id,
        token: record.token,
        expiresUnixMs: record.expires_ms,
        usedBy: record.used_by === null ? undefined : toDeviceId(record.used_by),
      }
    )
  }

  /** @returns whether it was still to be used */
  use(tokenId: Uint8Array, by: DeviceId): boolean {
    return this.#use.run(idBytes(by), tokenId).changes > 0
  }

  /** What a device has used, it cannot use again. */
  forgetUsedBy(device: DeviceId): void {
    this.#forget.run(idBytes(device))
  }

  prune(nowUnixMs: number): void {
    this.#prune.run(nowUnixMs)
  }

  /** Those that are neither used nor expired. */
  openCount(nowUnixMs: number): number {
    return this.#open.get(nowUnixMs)?.n ?? 0
  }
}

/** Addresses of a device, and when it said them itself. */
export interface SaidAddresses {
  readonly saidUnixMs: number
  readonly addresses: readonly string[]
}
/** The same, as another member passed it on. */
export interface AddressHint extends SaidAddresses {
  readonly by: DeviceId
}

/** What this device remembers of another: where it was, when, how far in sync, and how its clock differs. */
export interface PeerMemory {
  readonly deviceId: DeviceId
  /** Where it said itself that it is, and was: newest first. */
  readonly addresses: readonly string[]
  /** The last it said of where it is, as far as that is of use to others. */
  readonly said: SaidAddresses | undefined
  /** Where others say it is, at most one list from each. */
  readonly hints: readonly AddressHint[]
  readonly lastSeenUnixMs: number | undefined
  readonly syncedUnixMs: number | undefined
  /** Segments it offered under a grant that are not here yet. */
  readonly pending: number
  /** As it was measured last. */
  readonly clock: (ClockOffset & { readonly roundTripMs: number }) | undefined
  readonly clockHistory: ClockHistory
}

/** In the column `clock`. */
type ClockRecord = ClockOffset & { readonly roundTripMs: number; readonly history: ClockHistory }

interface PeerRecord {
  readonly device: Uint8Array
  readonly addresses: string
  readonly last_seen_ms: number | null
  readonly synced_ms: number | null
  readonly pending: number
  readonly clock: string | null
  readonly said: string | null
  readonly hints: string
}

export class PeerTable {
  readonly #all: Statement<[], PeerRecord>
  readonly #set: Statement

  constructor(db: Database) {
    this.#all = db.prepare('SELECT * FROM peer')
    this.#set = db.prepare('INSERT OR REPLACE INTO peer VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  }

  all(): readonly PeerMemory[] {
    return this.#all.all().map((record) => ({
      deviceId: toDeviceId(record.device) as DeviceId,
      addresses: JSON.parse(record.addresses) as string[],
      lastSeenUnixMs: record.last_seen_ms ?? undefined,
      syncedUnixMs: record.synced_ms ?? undefined,
      pending: record.pending,
      ...readClock(record.clock),
      said: record.said === null ? undefined : (JSON.parse(record.said) as SaidAddresses),
      hints: JSON.parse(record.hints) as AddressHint[],
    }))
  }

  set(peer: PeerMemory): void {
    this.#set.run(
      idBytes(peer.deviceId),
      JSON.stringify(peer.addresses),
      peer.lastSeenUnixMs === undefined ? null : Math.floor(peer.lastSeenUnixMs),
      peer.syncedUnixMs === undefined ? null : Math.floor(peer.syncedUnixMs),
      peer.pending,
      peer.clock === undefined
        ? null
        : JSON.stringify({ ...peer.clock, history: peer.clockHistory } satisfies ClockRecord),
      peer.said === undefined ? null : JSON.stringify(peer.said),
      JSON.stringify(peer.hints),
    )
  }
}

/** Written before there was a history, it has none. */
function readClock(json: string | null): Pick<PeerMemory, 'clock' | 'clockHistory'> {
  if (json === null) return { clock: undefined, clockHistory: [] }
  const { history = [], roundTripMs = 0, ...clock } = JSON.parse(json) as Partial<ClockRecord> & ClockOffset
  return { clock: { ...clock, roundTripMs }, clockHistory: history }
}
