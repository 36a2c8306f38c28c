/** Signed operations: who is a member, and the consent logs between this device and each other one. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId, type DeviceId, type GrantId, type OpId } from '../model/ids.ts'
import { LANES, type Lane } from '../model/lane.ts'

/** Kind numbers of src/wire/control-entry.ts. */
export type ControlKind = 'consent' | 'keys'
const KINDS: readonly ControlKind[] = ['consent', 'keys']

export interface StoredEntry {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly seq: number
  readonly entryId: Uint8Array
  readonly kind: ControlKind
  /** The signed, sealed entry as it travels. */
  readonly bytes: Uint8Array
  /** The plaintext: of our own entries, and of those sealed to us. */
  readonly opened: Uint8Array | undefined
}

interface EntryRecord {
  readonly owner: Uint8Array
  readonly recipient: Uint8Array
  readonly seq: number
  readonly entry_id: Uint8Array
  readonly kind: number
  readonly bytes: Uint8Array
  readonly opened: Uint8Array | null
}

export class ControlTable {
  readonly #insertOp: Statement
  readonly #ops: Statement<[], { bytes: Uint8Array }>
  readonly #insertEntry: Statement
  readonly #entries: Statement<[Uint8Array, Uint8Array, number], EntryRecord>
  readonly #last: Statement<[Uint8Array, Uint8Array], EntryRecord>
  readonly #bytesBeside: Statement<[Uint8Array, Uint8Array], { bytes: number }>
  readonly #deleteBeside: Statement
  readonly #ofKind: Statement<[number], EntryRecord>
  readonly #insertHanded: Statement
  readonly #handed: Statement<[Uint8Array], { grant_id: Uint8Array; lane: number; n: number; what: string }>

  constructor(db: Database) {
    this.#insertOp = db.prepare('INSERT OR IGNORE INTO membership_op VALUES (?, ?)')
    this.#ops = db.prepare('SELECT bytes FROM membership_op ORDER BY op_id')
    this.#insertEntry = db.prepare('INSERT INTO control_entry VALUES (?, ?, ?, ?, ?, ?, ?)')
    const select = 'SELECT * FROM control_entry WHERE'
    this.#entries = db.prepare(`${select} owner = ? AND recipient = ? AND seq >= ? ORDER BY seq`)
    this.#last = db.prepare(`${select} owner = ? AND recipient = ? ORDER BY seq DESC LIMIT 1`)
    this.#bytesBeside = db.prepare(
      'SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM control_entry WHERE owner <> ? AND recipient <> ?',
    )
    this.#deleteBeside = db.prepare('DELETE FROM control_entry WHERE owner = ? AND recipient <> ?')
    this.#ofKind = db.prepare(`${select} kind = ? ORDER BY owner, recipient, seq`)
    this.#insertHanded = db.prepare('INSERT OR IGNORE INTO handed VALUES (?, ?, ?, ?, ?)')
    this.#handed = db.prepare('SELECT grant_id, lane, n, what FROM handed WHERE recipient = ?')
  }

  insertOp(opId: OpId, bytes: Uint8Array): boolean {
    return this.#insertOp.run(idBytes(opId), bytes).changes > 0
  }

  /** Every membership operation, as signed bytes. */
  membershipOps(): readonly Uint8Array[] {
    return this.#ops.all().map(({ bytes }) => bytes)
  }

  insertEntry(entry: StoredEntry): void {
    const { owner, recipient, seq, entryId, kind, bytes, opened } = entry
    this.#insertEntry.run(idBytes(owner), idBytes(recipient), seq, entryId, KINDS.indexOf(kind), bytes, opened ?? null)
  }

  entries(owner: DeviceId, recipient: DeviceId, fromSeq = 0): readonly StoredEntry[] {
    return this.#entries.all(idBytes(owner), idBytes(recipient), fromSeq).map(toEntry)
  }

  last(owner: DeviceId, recipient: DeviceId): StoredEntry | undefined {
    const record = this.#last.get(idBytes(owner), idBytes(recipient))
    return record && toEntry(record)
  }

  /** Bytes of the entries that neither come from a device nor are for it. */
  bytesBeside(device: DeviceId): number {
    return this.#bytesBeside.get(idBytes(device), idBytes(device))?.bytes ?? 0
  }

  /** Deletes one owner's entries for others than a device. */
  deleteBeside(owner: DeviceId, device: DeviceId): void {
    this.#deleteBeside.run(idBytes(owner), idBytes(device))
  }

  /** All entries of a kind, of every pair of devices. */
  ofKind(kind: ControlKind): readonly StoredEntry[] {
    return this.#ofKind.all(KINDS.indexOf(kind)).map(toEntry)
  }

  /** Notes that a recipient has been handed something under a grant; see {@link handedTo}. */
  insertHanded(recipient: DeviceId, grantId: GrantId, lane: Lane, n: number, what: string): void {
    this.#insertHanded.run(idBytes(recipient), idBytes(grantId), LANES.indexOf(lane), n, what)
  }

  /** What a recipient has been handed, one string a thing: see `handedKey`. */
  handedTo(recipient: DeviceId): ReadonlySet<string> {
    return new Set(
      this.#handed
        .all(idBytes(recipient))
        .map(({ grant_id: grant, lane, n, what }) =>
          handedKey(Buffer.from(grant).toString('hex'), LANES[lane] as Lane, n, what),
        ),
    )
  }
}

export function handedKey(grantId: string, lane: Lane, n: number, what: string): string {
  return `${grantId}/${lane}/${n}/${what}`
}

function toEntry(record: EntryRecord): StoredEntry {
  return {
    owner: toDeviceId(record.owner) as DeviceId,
    recipient: toDeviceId(record.recipient) as DeviceId,
    seq: record.seq,
    entryId: record.entry_id,
    kind: KINDS[record.kind] as ControlKind,
    bytes: record.bytes,
    opened: record.opened ?? undefined,
  }
}
