/** Fits the store to what scope, serving and receiving ask of it. */
import type { DeviceId } from '../../model/ids.ts'
import type { Lane } from '../../model/lane.ts'
import type { LogKey, SeqRange } from '../../model/segment.ts'
import type { EpochTable } from '../../store/epoch-table.ts'
import type { LogTable } from '../../store/log-table.ts'
import type { LostBodies } from '../../store/lost-bodies.ts'
import type { Packs } from '../../store/packs/packs.ts'
import type { SegmentTable } from '../../store/segment-table.ts'
import type { ReceivingDeps } from '../../sync/receiving.ts'
import type { ServingDeps } from '../../sync/serving.ts'
import { subtractRuns, toRuns } from '../../sync/core/runs.ts'
import type { RestoringDeps } from '../../sync/restoring.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** Most runs of a log that are offered, the newest: holds can keep single segments of a log whose others are gone. */
const MAX_OFFERED_RUNS = 64

export interface SegmentTables {
  readonly logs: Pick<LogTable, 'ofAuthor' | 'find' | 'byRow'>
  readonly segments: Pick<
    SegmentTable,
    'epochRanges' | 'keptRuns' | 'runs' | 'link' | 'headAtOrAbove' | 'insertHead' | 'downFrom'
  >
  readonly packs: Pick<Packs, 'read'>
  readonly epochs: Pick<EpochTable, 'get' | 'received'>
  readonly lostBodies: Pick<LostBodies, 'seqsOf' | 'after' | 'at' | 'suspect'>
}

export function segmentSource(
  store: SegmentTables,
  sealer: SegmentSealer,
  self: DeviceId,
): ServingDeps['source'] & ReceivingDeps['source'] & RestoringDeps['source'] {
  const { logs, segments, packs, epochs, lostBodies } = store
  return {
    logsOf: (author) => logs.ofAuthor(author),
    findLog: (key: LogKey) => logs.find(key),
    epochRanges: (rowId) => segments.epochRanges(rowId),
    // Of ours what can still be served: what is lost must not keep readers from what lies below it. Of others' also what was
    // here once, so that it is not asked for again; what is lost of it is asked for apart (sync/restoring.ts).
    runs: (rowId) =>
      logs.byRow(rowId).own
        ? withoutLost(segments.keptRuns(rowId), lostBodies.seqsOf(rowId)).slice(-MAX_OFFERED_RUNS)
        : segments.runs(rowId),
    epochStartedUnixMs: (author: DeviceId, lane: Lane, n: number) =>
      author === self
        ? epochs.get(lane, n)?.startedUnixMs
        : epochs.received(author, lane).find((key) => key.n === n)?.startedUnixMs,
    idAt: (rowId, seq) => (segments.link(rowId, seq) as { segmentId: Uint8Array }).segmentId,
    signatureAt(rowId, seq) {
      const head = segments.headAtOrAbove(rowId, seq)
      return head?.seq === seq ? head.signature : undefined
    },
    keepSignature: (rowId, seq, signature) => segments.insertHead(rowId, seq, signature),
    headerAt(rowId, seq) {
      const link = segments.link(rowId, seq)
      return link && { id: link.segmentId, header: link.header }
    },
    keysOf: (owner, lane) => epochs.received(owner, lane),
    lostAfter: (place, limit) => lostBodies.after(place, limit).map((lost) => ({ ...lost, log: logs.byRow(lost.log) })),
    lostAt(log, seq) {
      const lost = lostBodies.at(log.rowId, seq)
      return lost && { ...lost, log }
    },
    *sealedDown(scoped, range) {
      const log = logs.byRow(scoped.rowId)
      for (const segment of segments.downFrom(log.rowId, range)) {
        if (segment.pack === 0) return // dropped
        const sealed = packs.read(segment)
        // What is stored is not what was signed: nothing of it goes out, and its own view shows it as tampered.
        if (sealed === undefined || !sealer.open(log, segment, sealed).ok) {
          lostBodies.suspect(segment.id)
          return
        }
        const { seq, epoch, header } = segment
        yield { seq, epoch, header: new Uint8Array(header), sealed }
      }
    },
  }
}

function withoutLost(runs: readonly SeqRange[], lost: readonly number[]): readonly SeqRange[] {
  return lost.length === 0 ? runs : subtractRuns(toRuns(runs), toRuns(lost.map((seq) => ({ from: seq, to: seq }))))
}
