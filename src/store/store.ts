/** The main database opened: every table on one connection, and the transaction that joins them. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { ArrivalTable } from './arrival-table.ts'
import { CarryBook } from './carry-book.ts'
import { CarryTable } from './carry-table.ts'
import { ControlTable } from './control-table.ts'
import { DeliveryTable } from './delivery-table.ts'
import { DroppedTable } from './dropped-table.ts'
import { EpochTable } from './epoch-table.ts'
import { ErrorStateTable } from './error-state-table.ts'
import { FreePages } from './free-pages.ts'
import { HoldTable } from './hold-table.ts'
import { KeptTable } from './kept-table.ts'
import { IndexGeneration } from './index-generation.ts'
import { JournalTable } from './journal-table.ts'
import { LogTable } from './log-table.ts'
import { LostBodies } from './lost-bodies.ts'
import { ManifestTable } from './manifest-table.ts'
import { MetricTables } from './metric-tables.ts'
import { isTailLost, readCommits } from './log-tail.ts'
import { migrate } from './migrate.ts'
import { openEncrypted } from './open-encrypted.ts'
import { Packs } from './packs/packs.ts'
import { PluginRefusalTable } from './plugin-refusal-table.ts'
import type { PostingIndex } from './postings/posting-index.ts'
import { NotificationTable } from './notification-table.ts'
import { MIGRATIONS } from './schema.ts'
import { QuotaTable } from './quota-table.ts'
import { SegmentTable } from './segment-table.ts'
import { asStoreErrors, isDiskTrouble, toStoreError } from './store-error.ts'
import { CounterTable, InvitationTable, ModuleTable, PeerTable, SettingTable } from './small-tables.ts'
import { TraceIndex } from './trace-index.ts'

export interface Store {
  readonly db: Database
  /** Whether there was a write-ahead log before this opened the file: after a kill there is one. */
  readonly hadLog: boolean
  /** Whether commits that this log held are lost, for a byte of it was altered (see log-tail.ts). */
  readonly isLogDamaged: boolean
  readonly logs: LogTable
  readonly journal: JournalTable
  readonly segments: SegmentTable
  readonly packs: Packs
  readonly lostBodies: LostBodies
  /** What is carried for others, in packs of its own. */
  readonly carried: CarryTable
  readonly carriedPacks: Packs
  readonly carriers: CarryBook
  readonly manifests: ManifestTable
  readonly traces: TraceIndex
  readonly metrics: MetricTables
  readonly postings: PostingIndex
  readonly indexGeneration: IndexGeneration
  /** @param listener told what reading the index ended with, where it is damaged: it can be made again */
  watchIndex(listener: (err: unknown) => void): void
  readonly arrivals: ArrivalTable
  readonly dropped: DroppedTable
  readonly kept: KeptTable
  readonly holds: HoldTable
  readonly quotas: QuotaTable
  readonly freePages: FreePages
  readonly epochs: EpochTable
  readonly control: ControlTable
  readonly settings: SettingTable
  readonly modules: ModuleTable
  readonly pluginRefusals: PluginRefusalTable
  readonly counters: CounterTable
  readonly deliveries: DeliveryTable
  readonly notifications: NotificationTable
  readonly errorStates: ErrorStateTable
  readonly invitations: InvitationTable
  readonly peers: PeerTable
  /**
   * All or nothing, durable on return. The callback is synchronous: a promise would outlive the transaction.
   * @throws {StoreError}, and what the callback throws
   */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T
  /** Brings the file itself up to date. The write-ahead log stays, and with it the sign that this is open. */
  checkpoint(): void
  /** Gives back the memory of pages that are not in use. */
  shrink(): void
  close(): void
}

/** Folder of the packs, beside the database. */
const PACKS_FOLDER = 'packs'
const CARRIED_FOLDER = 'carried'
const CARRIED_TABLES = { packs: 'carry_pack', bodies: 'carry_segment' }

/** @throws {StoreError} see open-encrypted.ts and migrate.ts */
export function openStore(path: string, key: Uint8Array, options: { readonly mustExist: boolean }): Store {
  const hadLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  const commits = readCommits(`${path}-wal`)
  const db = openEncrypted(path, key, options)
  const isLogDamaged = isTailLost(commits, framesRead(db))
  // What a torn commit left behind must not be taken for older ones the next time: the log begins anew.
  if (!isLogDamaged) tryCheckpoint(db)
  migrate(db, MIGRATIONS)
  const packs = asStoreErrors(() => new Packs(db, join(dirname(path), PACKS_FOLDER)))
  const carriedPacks = asStoreErrors(() => new Packs(db, join(dirname(path), CARRIED_FOLDER), CARRIED_TABLES))
  const segments = new SegmentTable(db)
  let onIndexDamage: (err: unknown) => void = () => undefined
  const settings = new SettingTable(db)
  const indexGeneration = asStoreErrors(
    () =>
      new IndexGeneration(db, settings, {
        nextLive: (from) => segments.nextId(from),
        onDamage: (err) => onIndexDamage(err),
      }),
  )
  const postings = indexGeneration.index
  const traces = new TraceIndex(db, postings)
  const arrivals = new ArrivalTable(db)
  const dropped = new DroppedTable(db)
  return {
    db,
    hadLog,
    isLogDamaged,
    logs: new LogTable(db),
    journal: new JournalTable(db),
    segments,
    packs,
    lostBodies: new LostBodies(db),
    carried: asStoreErrors(() => new CarryTable(db, carriedPacks)),
    carriedPacks,
    carriers: asStoreErrors(() => new CarryBook(db)),
    manifests: asStoreErrors(() => new ManifestTable(db)),
    metrics: asStoreErrors(() => new MetricTables(db)),
    postings,
    traces,
    arrivals,
    dropped,
    kept: new KeptTable(db, { segments, traces, arrivals, dropped }),
    holds: new HoldTable(db),
    quotas: new QuotaTable(db),
    freePages: asStoreErrors(() => new FreePages(db)),
    epochs: new EpochTable(db),
    control: new ControlTable(db),
    settings,
    indexGeneration,
    watchIndex(listener) {
      onIndexDamage = listener
    },
    modules: new ModuleTable(db),
    pluginRefusals: asStoreErrors(() => new PluginRefusalTable(db)),
    counters: new CounterTable(db),
    deliveries: asStoreErrors(() => new DeliveryTable(db)),
    notifications: asStoreErrors(() => new NotificationTable(db)),
    errorStates: asStoreErrors(() => new ErrorStateTable(db)),
    invitations: new InvitationTable(db),
    peers: new PeerTable(db),
    transaction: (work) => asStoreErrors(() => db.transaction(work)()),
    checkpoint: () => asStoreErrors(() => void db.pragma('wal_checkpoint(PASSIVE)')),
    shrink: () => void db.pragma('shrink_memory'),
    close() {
      packs.close()
      carriedPacks.close()
      db.close()
    },
  }
}

/** How many frames of the write-ahead log SQLite takes for whole. */
function framesRead(db: Database): number {
  const [state] = asStoreErrors(() => db.pragma('wal_checkpoint(NOOP)')) as readonly { readonly log: number }[]
  return Math.max(0, state?.log ?? 0)
}

/** On a full disk the log stays as it is. */
function tryCheckpoint(db: Database): void {
  try {
    db.pragma('wal_checkpoint(PASSIVE)')
  } catch (err) {
    if (!isDiskTrouble(err)) throw toStoreError(err)
  }
}
