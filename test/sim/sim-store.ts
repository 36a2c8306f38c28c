/**
 * The tables that sharing asks for, on a {@link SimDisk}: the same answers as the ones on SQLite give (their contract is
 * src/agent/keeper/sharing.ts, `SharingStore`). Nothing is remembered beside the disk, so a start reads all of it again.
 */
import type { LocalIntakeDeps } from '../../src/agent/keeper/local-intake.ts'
import type { ReconcileDeps } from '../../src/agent/keeper/end-again.ts'
import type { SharingStore } from '../../src/agent/keeper/sharing.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { DeviceId, GrantId, OpId } from '../../src/model/ids.ts'
import type { Lane } from '../../src/model/lane.ts'
import { handedKey, type StoredEntry } from '../../src/store/control-table.ts'
import type { Epoch, ReceivedKey } from '../../src/store/epoch-table.ts'
import type { JournalRow } from '../../src/store/journal-table.ts'
import type { StoredLog } from '../../src/store/log-table.ts'
import type { NewSegment, StoredSegment } from '../../src/store/segment-table.ts'
import type { SegmentCutterDeps } from '../../src/store/segment-cutter.ts'
import type { SegmentWriterDeps } from '../../src/store/segment-writer.ts'
import type { Invitation, PeerMemory } from '../../src/store/small-tables.ts'
import type { LogKey, SeqRange } from '../../src/model/segment.ts'
import { toRuns } from '../../src/sync/core/runs.ts'
import type { SimDisk } from './sim-disk.ts'

export type SimStore = ReturnType<typeof simStore>

type Needed = SharingStore &
  LocalIntakeDeps['store'] &
  ReconcileDeps['store'] &
  Pick<SegmentCutterDeps, 'segments'> &
  Pick<SegmentWriterDeps, 'journal'>

/** Name of the table that holds the segments of a log. */
export function segmentsOf(log: number): string {
  return `segment/${log}`
}

export function simStore(disk: SimDisk) {
  return {
    ...smallTables(disk),
    logs: logTable(disk),
    segments: segmentTable(disk),
    packs: packs(disk),
    epochs: epochTable(disk),
    control: controlTable(disk),
    invitations: invitationTable(disk),
    journal: journalTable(disk),
    // Nothing is found by words or by trace here, and no body is ever lost by itself.
    traces: { insert: () => undefined },
    lostBodies: {
      seqsOf: () => [],
      after: () => [],
      at: () => undefined,
      restore: () => undefined,
      suspect(id: number): void {
        throw new Error(`segment ${id} is not what was stored`)
      },
    },
    transaction: <T>(work: () => T): T => disk.transaction(work),
  } satisfies Needed
}

function smallTables(disk: SimDisk) {
  const settings = disk.rows<string>('setting')
  const modules = disk.rows<unknown>('module')
  const counters = disk.rows<number>('counter')
  const peers = disk.rows<PeerMemory>('peer')
  return {
    settings: {
      get(name: string): unknown {
        const value = settings.get(name)
        return value === undefined ? undefined : JSON.parse(value)
      },
      set: (name: string, value: unknown): void => settings.set(name, JSON.stringify(value)),
    },
    modules: {
      all: (): readonly { name: string; record: unknown }[] => [],
      set: (name: string, record: unknown): void => modules.set(name, record),
      delete: (name: string): boolean => modules.delete(name),
    },
    counters: {
      add: (name: string, count: number): void => counters.set(name, (counters.get(name) ?? 0) + count),
    },
    deliveries: { add: (): void => undefined },
    peers: {
      all: () => peers.values(),
      set: (peer: PeerMemory): void => peers.set(peer.deviceId, peer),
    },
  }
}

function logTable(disk: SimDisk): SharingStore['logs'] & LocalIntakeDeps['store']['logs'] {
  const logs = disk.rows<StoredLog>('log')
  const keyOf = ({ author, log, incarnation }: LogKey): string => `${author}/${log}/${incarnation}`
  return {
    find: (key) => logs.get(keyOf(key)),
    byRow: (rowId) => logs.values()[rowId - 1] as StoredLog,
    ofAuthor: (author) => logs.values().filter((log) => log.author === author),
    findOwn: (lane, module, part, incarnation) =>
      logs
        .values()
        .find(
          (log) =>
            log.own &&
            log.lane === lane &&
            log.module === module &&
            log.part === part &&
            log.incarnation === incarnation,
        ),
    add(description, own) {
      const known = logs.get(keyOf(description))
      if (known !== undefined) return known
      const { author, log, incarnation, lane, module, part } = description
      const stored = { author, log, incarnation, lane, module, part, own, rowId: logs.size + 1 }
      logs.insert(keyOf(stored), stored)
      return stored
    },
  }
}

function segmentTable(disk: SimDisk) {
  const logs = new Map<number, ReturnType<typeof segmentsOfLog>>()
  const of = (log: number) => {
    const known = logs.get(log)
    if (known !== undefined) return known
    const made = segmentsOfLog(disk, log)
    logs.set(log, made)
    return made
  }
  return {
    insert({ place, ...segment }: NewSegment): number {
      const id = segment.log * 1_000_000 + segment.seq
      const { log, seq, segmentId, epoch, header, rawBytes, records } = segment
      of(log).rows.insert(seq, { id, log, seq, segmentId, epoch, header, rawBytes, records, ...place })
      return id
    },
    insertHead: (log: number, seq: number, signature: Uint8Array): void => of(log).heads.set(seq, signature),
    link: (log: number, seq: number) => of(log).rows.get(seq),
    last: (log: number) => of(log).derived().ascending.at(-1),
    runs: (log: number) => of(log).derived().runs,
    keptRuns: (log: number) => of(log).derived().runs,
    *downFrom(log: number, { from, to }: SeqRange): IterableIterator<StoredSegment> {
      for (const segment of of(log).derived().ascending.toReversed()) {
        if (segment.seq >= from && segment.seq <= to) yield segment
      }
    },
    headAtOrAbove(log: number, seq: number) {
      const signature = of(log).heads.get(seq)
      return signature && { seq, signature }
    },
    epochRanges: (log: number) => of(log).derived().epochs,
  }
}

function segmentsOfLog(disk: SimDisk, log: number) {
  const rows = disk.rows<StoredSegment>(segmentsOf(log))
  const derived = rows.derived((all) => {
    const ascending = all.sort((a, b) => a.seq - b.seq)
    const epochs = new Map<number, { epoch: number; from: number; to: number }>()
    for (const { epoch, seq } of ascending) epochs.set(epoch, { epoch, from: epochs.get(epoch)?.from ?? seq, to: seq })
    return {
      ascending,
      runs: toRuns(ascending.map(({ seq }) => ({ from: seq, to: seq }))),
      epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    }
  })
  return { rows, heads: disk.rows<Uint8Array>(`head/${log}`), derived }
}

function packs(disk: SimDisk) {
  const bodies = disk.rows<Uint8Array>('pack')
  return {
    append: (_author: DeviceId, sealed: readonly Uint8Array[]) =>
      sealed.map((body) => {
        const at = bodies.size
        bodies.insert(at, body)
        return { pack: 1, at, bytes: body.length }
      }),
    read: ({ at }: { readonly at: number }): Uint8Array | undefined => bodies.get(at),
  }
}

function epochTable(disk: SimDisk): SharingStore['epochs'] {
  const own = (lane: Lane) => disk.rows<Epoch>(`epoch/${lane}`)
  const received = (owner: DeviceId, lane: Lane) => disk.rows<ReceivedKey>(`received/${owner}/${lane}`)
  return {
    insert: (epoch) => own(epoch.lane).insert(epoch.n, epoch),
    current: (lane) =>
      own(lane)
        .values()
        .reduce<Epoch | undefined>((max, each) => (max && max.n > each.n ? max : each), undefined),
    get: (lane, n) => own(lane).get(n),
    all: (lane) => own(lane).values(),
    insertReceived(key) {
      const rows = received(key.owner, key.lane)
      const name = `${key.n}/${key.module ?? ''}`
      if (rows.has(name)) return false
      rows.insert(name, key)
      return true
    },
    received: (owner, lane) =>
      received(owner, lane)
        .values()
        .sort((a, b) => b.n - a.n),
  }
}

function controlTable(disk: SimDisk): SharingStore['control'] {
  const ops = disk.rows<Uint8Array>('membership_op')
  const ofPair = (owner: DeviceId, recipient: DeviceId) => disk.rows<StoredEntry>(`entry/${owner}/${recipient}`)
  const pairs = disk.rows<readonly [DeviceId, DeviceId]>('pair')
  const handed = (recipient: DeviceId) => disk.rows<string>(`handed/${recipient}`)
  return {
    membershipOps: () => ops.values(),
    insertOp(opId: OpId, bytes: Uint8Array) {
      if (ops.has(opId)) return false
      ops.insert(opId, bytes)
      return true
    },
    entries: (owner, recipient, fromSeq) =>
      ofPair(owner, recipient)
        .values()
        .filter(({ seq }) => seq >= (fromSeq ?? 0)),
    last: (owner, recipient) => ofPair(owner, recipient).values().at(-1),
    ofKind: (kind) =>
      pairs
        .values()
        .flatMap(([owner, recipient]) => ofPair(owner, recipient).values())
        .filter((entry) => entry.kind === kind),
    insertEntry(entry) {
      const { owner, recipient, seq } = entry
      ofPair(owner, recipient).insert(seq, entry)
      pairs.set(`${owner}/${recipient}`, [owner, recipient])
    },
    insertHanded(recipient: DeviceId, grantId: GrantId, lane: Lane, n: number, what: string) {
      const name = handedKey(grantId, lane, n, what)
      handed(recipient).set(name, name)
    },
    handedTo: (recipient) => new Set(handed(recipient).values()),
  }
}

function invitationTable(disk: SimDisk): SharingStore['invitations'] {
  const rows = disk.rows<Invitation>('invitation')
  return {
    insert: (invitation) => rows.insert(toHex(invitation.tokenId), { ...invitation, usedBy: undefined }),
    get: (tokenId) => rows.get(toHex(tokenId)),
    use(tokenId, usedBy) {
      const invitation = rows.get(toHex(tokenId))
      if (invitation === undefined || invitation.usedBy !== undefined) return false
      rows.set(toHex(tokenId), { ...invitation, usedBy })
      return true
    },
    forgetUsedBy(device) {
      for (const { tokenId, usedBy } of rows.values()) if (usedBy === device) rows.delete(toHex(tokenId))
    },
    prune(nowUnixMs) {
      for (const { tokenId, expiresUnixMs } of rows.values()) {
        if (expiresUnixMs <= nowUnixMs) rows.delete(toHex(tokenId))
      }
    },
    openCount: (nowUnixMs) =>
      rows.values().filter(({ expiresUnixMs, usedBy }) => expiresUnixMs > nowUnixMs && usedBy === undefined).length,
  }
}

function journalTable(disk: SimDisk): SegmentWriterDeps['journal'] {
  const rows = disk.rows<JournalRow>('journal')
  const counter = disk.rows<number>('journal_id')
  return {
    insert(row) {
      const id = (counter.get('last') ?? 0) + 1
      counter.set('last', id)
      rows.insert(id, { ...row, id })
      return id
    },
    delete: (id) => void rows.delete(id),
    all: () => rows.values(),
  }
}
