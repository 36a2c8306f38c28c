/**
 * The owner's half of a session by hand: everything a member could make with its own keys, honest or not. Made from a
 * device whose mesh is stopped, so that what it wrote and signed is real.
 */
import { zstdCompressSync } from 'node:zlib'
import { SegmentSealer } from '../../src/agent/keeper/segment-sealer.ts'
import { segmentSource } from '../../src/agent/keeper/segment-source.ts'
import type { LogKey } from '../../src/model/segment.ts'
import { nodeHpke } from '../../src/platform/hpke.ts'
import type { Lane } from '../../src/model/lane.ts'
import { sealEntries, type SealItem } from '../../src/sync/seal-entries.ts'
import { moduleKey, partKey } from '../../src/sync/core/key-tree.ts'
import { sealSegment, type SealedSegment } from '../../src/sync/core/seal-segment.ts'
import type { ControlLogKey } from '../../src/wire/control-entry.ts'
import type { HeadRow, LogRange } from '../../src/wire/log-rows.ts'
import type { SegmentBody } from '../../src/wire/segment-body.ts'
import { signHead } from '../../src/wire/signed-head.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import type { StoredLog } from '../../src/store/log-table.ts'
import type { Sealed } from '../../src/sync/serving.ts'
import type { MeshDevice } from './mesh-device.ts'

export class RawOwner {
  readonly device: MeshDevice
  readonly reader: MeshDevice

  constructor(device: MeshDevice, reader: MeshDevice) {
    this.device = device
    this.reader = reader
  }

  /** The entries of its log for the reader, as they stand. */
  entries(fromSeq = 0): readonly Uint8Array[] {
    return this.device.keeper.consents.entriesFor(this.reader.id, fromSeq)
  }

  /** Entries that continue a log: by default its real one with the reader. */
  async seal(items: readonly SealItem[], changes: Partial<ControlLogKey> & { seed?: Uint8Array; after?: number } = {}) {
    const { keeper, keys } = this.device
    const { seed = keys.device, after, ...named } = changes
    const log = { mesh: keeper.members.mesh(), owner: this.device.id, recipient: this.reader.id, ...named }
    const chain = keeper.store.control.entries(this.device.id, this.reader.id)
    const head = after === undefined ? keeper.consents.head(this.device.id, this.reader.id) : chain[after]
    const sealTo = { ownerSeed: seed, recipientSealKey: this.reader.keeper.card.sealKey }
    const sealed = await sealEntries({ ...keeper.deps.crypto, ...nodeHpke }, log, sealTo, head, items)
    return sealed.map(({ bytes }) => bytes)
  }

  /** What it would honestly offer. */
  rows(): readonly HeadRow[] {
    return this.device.keeper.serving.rowsFor(this.reader.id)
  }

  /** Its log of a module; it must have one. */
  log(lane: Lane = 'traces', module = 'otlp/app'): StoredLog {
    const found = this.device.keeper.store.logs
      .ofAuthor(this.device.id)
      .find((log) => log.lane === lane && log.module === module)
    if (found === undefined) throw new Error(`${this.device.name} has no log of ${module}`)
    return found
  }

  /** Segments of its own, as it would serve them, whatever it consents to. */
  segments({ from, to, ...key }: LogRange): readonly Sealed[] {
    const { keeper, keys, id } = this.device
    const { store, deps } = keeper
    const source = segmentSource(store, new SegmentSealer(deps.crypto, keys.device, store.epochs), id)
    return [...source.sealedDown(store.logs.find(key) as StoredLog, { from, to, ...key })].toReversed()
  }

  /** A segment that it never cut: sealed under its real keys, with whatever body. */
  forge(log: StoredLog, place: { seq: number; prev: Uint8Array | undefined }, body: SegmentBody): SealedSegment {
    const { keeper } = this.device
    const { crypto } = keeper.deps
    const epoch = keeper.epochs.current(log.lane)
    const key = partKey(crypto, moduleKey(crypto, epoch.key, log.module), log.part)
    const { author, log: id, incarnation } = log
    const plan = { author, log: id, incarnation, ...place, salt: crypto.randomBytes(16), dropAfterDay: undefined }
    return sealSegment(crypto, key, plan, body)
  }

  /** A head with its own, valid signature. */
  row(key: LogKey, range: { from: number; to: number }, id: Uint8Array, seed = this.device.keys.device): HeadRow {
    const { author, log, incarnation } = key
    const { crypto } = this.device.keeper.deps
    const { signature } = signHead(crypto, seed, { author, log, incarnation, seq: range.to, id })
    return { author, log, incarnation, ...range, id, signature }
  }
}

/** One run as messages. */
export function runMessages(range: LogRange, segments: readonly Sealed[]): readonly SyncMessage[] {
  return [
    ...segments.map(({ header, sealed }) => ({ type: 'segment' as const, header, sealed })),
    { type: 'run-end', ...range },
  ]
}

/** A body as an honest writer makes it. */
export function bodyOf(raw: Uint8Array, records: number, changes: Partial<SegmentBody> = {}): SegmentBody {
  return { codec: 1, rawBytes: raw.length, records, payload: new Uint8Array(zstdCompressSync(raw)), ...changes }
}
