/** Every stored chunk of a lane, of the devices and the module asked for: segments and what is not cut yet, as of now. */
import type { Crypto } from '../../base/crypto.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { Signal } from '../../model/lane.ts'
import type { ChunkRef } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId, TimeRange } from '../../store/segment-table.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import { ChunkOpener } from './chunk-opener.ts'
import { openChunk } from './open-chunk.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export interface LaneFilter {
  readonly lane: Signal
  /** Undefined: every device's. */
  readonly deviceIds: ReadonlySet<DeviceId> | undefined
  readonly module: string | undefined
}

export class LaneChunks {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #newOpener: () => ChunkOpener

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  /**
   * Those that reach into the range, in no promised order. What is stored later is not among them, and what is deleted
   * meanwhile opens as nothing; segments are named from the index as they are taken.
   */
  list(filter: LaneFilter, range: TimeRange): Iterable<ChunkRef> {
    const upTo = this.#store.segments.lastId()
    const logs = this.#store.logs.ofLane(filter.lane).filter((log) => isWanted(log, filter))
    const open = this.#writer
      .openBatches(filter.lane)
      .filter(({ log }) => isWanted(log, filter))
      .map(openChunk)
    return this.#refs(logs, range, upTo, open)
  }

  *#refs(
    logs: readonly StoredLog[],
    range: TimeRange,
    upTo: SegmentRowId,
    open: readonly ChunkRef[],
  ): Generator<ChunkRef> {
    const opener = this.#newOpener()
    for (const log of logs) {
      for (const { id, records, rawBytes, minUnixNano, maxUnixNano } of this.#store.segments.latest(
        log.rowId,
        range,
        upTo,
      )) {
        yield {
          deviceId: log.author,
          records,
          rawBytes,
          earliestUnixNano: minUnixNano,
          latestUnixNano: maxUnixNano,
          open: () => opener.open(id, log),
        }
      }
    }
    for (const ref of open) if (ref.latestUnixNano >= range.from && ref.earliestUnixNano <= range.to) yield ref
  }
}

function isWanted({ author, module }: StoredLog, filter: LaneFilter): boolean {
  return filter.deviceIds?.has(author) !== false && (filter.module === undefined || module === filter.module)
}
