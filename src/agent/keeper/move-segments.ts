/**
 * Moves segments out of the rows that schema 2 kept their payloads in, into packs. A few at a time, each batch in one
 * transaction: a start that is cut short goes on with the next. Runs before anything reads or writes segments.
 */
import type { Signal } from '../../model/lane.ts'
import type { Place } from '../../store/packs/pack-files.ts'
import { SegmentsInRows, type SegmentInRow } from '../../store/segments-in-rows.ts'
import type { Store } from '../../store/store.ts'
import { digestOfScan, type Digest } from '../../wire/index/digest.ts'
import { scanOtlp } from '../../wire/otlp/scan.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { decompress } from './stored-payload.ts'

/** Segments moved in one transaction. */
const MOVED_AT_ONCE = 64
/** What stands for the body of a segment that was altered in its row: it stays, and is shown as tampered. */
const NO_BODY = new Uint8Array(0)

export function moveOldSegments(store: Store, sealer: SegmentSealer): void {
  const old = new SegmentsInRows(store.db)
  if (!old.exist()) return
  for (let rows = old.first(MOVED_AT_ONCE); rows.length > 0; rows = old.first(MOVED_AT_ONCE)) {
    store.transaction(() => {
      for (const row of rows) {
        const log = store.logs.byRow(row.log)
        const [place] = store.packs.append(log.author, [sealer.reseal(log, row) ?? NO_BODY])
        const digest = digestOf(log.lane as Signal, row)
        old.move(row.id, place as Place, digest.maxDurationNano)
        store.traces.insert(row.id, digest)
      }
    })
  }
  store.transaction(() => old.forget())
}

/** Nothing for one that cannot be read: it is said to be so wherever it is asked for. */
function digestOf(
  lane: Signal,
  { codec, rawBytes, payload }: SegmentInRow,
): Pick<Digest, 'maxDurationNano' | 'traces' | 'tokens'> {
  try {
    return digestOfScan(scanOtlp(lane, decompress({ codec: codec === 1 ? 1 : 0, rawBytes, payload })))
  } catch {
    return { maxDurationNano: 0n, traces: [], tokens: new Uint32Array() }
  }
}
