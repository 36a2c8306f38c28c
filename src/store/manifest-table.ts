/** The latest manifest of each owner for each device (docs/spec/carry.md): ours, those for us, and those we carry. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId, type DeviceId } from '../model/ids.ts'

export interface StoredManifest {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly n: number
  readonly atUnixMs: number
  /** Entries of the owner's log for the recipient that there were when it was made. */
  readonly entries: number
  /** The signed, sealed manifest as it travels. */
  readonly bytes: Uint8Array
  /** The content: of ours, and of those sealed to us. */
  readonly opened: Uint8Array | undefined
}

interface Row {
  readonly owner: Uint8Array
  readonly recipient: Uint8Array
  readonly n: number
  readonly at_ms: number
  readonly entries: number
  readonly bytes: Uint8Array
  readonly opened: Uint8Array | null
}

/** Few, so all of them are in memory. Not to be called inside a transaction that may still roll back. */
export class ManifestTable {
  readonly #set: Statement
  readonly #deleteOf: Statement
  readonly #byPair = new Map<string, StoredManifest>()

  constructor(db: Database) {
    this.#set = db.prepare('INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#deleteOf = db.prepare('DELETE FROM manifest WHERE owner = ? AND recipient = ?')
    for (const row of db.prepare<[], Row>('SELECT * FROM manifest').all()) this.#remember(toManifest(row))
  }

  get(owner: DeviceId, recipient: DeviceId): StoredManifest | undefined {
    return this.#byPair.get(nameOf(owner, recipient))
  }

  all(): readonly StoredManifest[] {
    return [...this.#byPair.values()]
  }

  set(manifest: StoredManifest): void {
    const { owner, recipient, n, atUnixMs, entries, bytes, opened } = manifest
    this.#set.run(idBytes(owner), idBytes(recipient), n, atUnixMs, entries, bytes, opened ?? null)
    this.#remember(manifest)
  }

  delete({ owner, recipient }: Pick<StoredManifest, 'owner' | 'recipient'>): void {
    this.#deleteOf.run(idBytes(owner), idBytes(recipient))
    this.#byPair.delete(nameOf(owner, recipient))
  }

  #remember(manifest: StoredManifest): void {
    this.#byPair.set(nameOf(manifest.owner, manifest.recipient), manifest)
  }
}

function nameOf(owner: DeviceId, recipient: DeviceId): string {
  return `${owner}/${recipient}`
}

function toManifest({ owner, recipient, n, at_ms: atUnixMs, entries, bytes, opened }: Row): StoredManifest {
  return {
    owner: toDeviceId(owner) as DeviceId,
    recipient: toDeviceId(recipient) as DeviceId,
    n,
    atUnixMs,
    entries,
    bytes,
    opened: opened ?? undefined,
  }
}
