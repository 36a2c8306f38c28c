/** The main database opened: every table on one connection, and the transaction that joins them. */
import type { Database } from 'better-sqlite3'
import { ControlTable } from './control-table.ts'
import { EpochTable } from './epoch-table.ts'
import { LogTable } from './log-table.ts'
import { migrate } from './migrate.ts'
import { openEncrypted } from './open-encrypted.ts'
import { MIGRATIONS } from './schema.ts'
import { SegmentTable } from './segment-table.ts'
import { asStoreErrors } from './store-error.ts'
import { CounterTable, InvitationTable, ModuleTable, PeerTable, SettingTable } from './small-tables.ts'
import { TraceIndex } from './trace-index.ts'

export interface Store {
  readonly db: Database
  readonly logs: LogTable
  readonly segments: SegmentTable
  readonly traces: TraceIndex
  readonly epochs: EpochTable
  readonly control: ControlTable
  readonly settings: SettingTable
  readonly modules: ModuleTable
  readonly counters: CounterTable
  readonly invitations: InvitationTable
  readonly peers: PeerTable
  /**
   * All or nothing, durable on return. The callback is synchronous: a promise would outlive the transaction.
   * @throws {StoreError}, and what the callback throws
   */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T
  close(): void
}

/** @throws {StoreError} see open-encrypted.ts and migrate.ts */
export function openStore(path: string, key: Uint8Array, options: { readonly mustExist: boolean }): Store {
  const db = openEncrypted(path, key, options)
  migrate(db, MIGRATIONS)
  return {
    db,
    logs: new LogTable(db),
    segments: new SegmentTable(db),
    traces: new TraceIndex(db),
    epochs: new EpochTable(db),
    control: new ControlTable(db),
    settings: new SettingTable(db),
    modules: new ModuleTable(db),
    counters: new CounterTable(db),
    invitations: new InvitationTable(db),
    peers: new PeerTable(db),
    transaction: (work) => asStoreErrors(() => db.transaction(work)()),
    close: () => db.close(),
  }
}
