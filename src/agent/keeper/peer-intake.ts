/** A peer's verified run, through the one door and onto the disk in one transaction. */
import { MeshError } from '../../base/errors.ts'
import type { Stage } from '../../model/stage.ts'
import { admitPeer, AdmitPeerError } from '../../ingest/admit-peer.ts'
import type { ShareRequest, ShareView } from '../../policy/decide-share.ts'
import type { Place } from '../../store/packs/pack-files.ts'
import type { Packs } from '../../store/packs/packs.ts'
import type { SegmentTable } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { TraceIndex } from '../../store/trace-index.ts'
import type { OpenedSegment } from '../../sync/receiving.ts'
import type { ScopedLog } from '../../sync/scope.ts'
import { refusalsIn } from './read-update.ts'
import { decompress } from './stored-payload.ts'
import type { TailHub } from './tail-hub.ts'

export interface PeerRunTables extends Pick<Store, 'transaction'> {
  readonly packs: Pick<Packs, 'append'>
  readonly segments: Pick<SegmentTable, 'insert' | 'insertHead'>
  readonly traces: Pick<TraceIndex, 'insert'>
}
export interface PeerIntakeDeps {
  readonly store: PeerRunTables
  readonly stage: () => Stage
  /** Told of what was stored. */
  readonly tails: Pick<TailHub, 'offer'>
  /** An update of a document is not what it has to be: it is kept as it was signed, and read by nobody. */
  readonly onRefusedUpdate: (code: string) => void
}

/** @throws {AdmitPeerError}, {StoreError}: nothing of the run is kept then */
export function keepPeerRun(
  { store, stage, tails, onRefusedUpdate }: PeerIntakeDeps,
  view: ShareView,
  log: ScopedLog,
  segments: readonly (OpenedSegment & { readonly request: ShareRequest })[],
  head: { readonly seq: number; readonly signature: Uint8Array } | undefined,
): void {
  const judged = segments.map((segment) => {
    const raw = rawPayload(segment)
    const { request, body } = segment
    return { segment, raw, digest: admitPeer({ stage: stage(), view, request, raw, records: body.records }) }
  })
  store.transaction(() => {
    const places = store.packs.append(
      log.author,
      segments.map(({ sealed }) => sealed),
    )
    for (const [i, { segment, digest }] of judged.entries()) {
      const { header, headerBytes, id, epoch, body } = segment
      const rowId = store.segments.insert({
        ...digest,
        log: log.rowId,
        seq: header.seq,
        segmentId: id,
        epoch,
        header: headerBytes,
        place: places[i] as Place,
        rawBytes: body.rawBytes,
      })
      store.traces.insert(rowId, digest)
    }
    if (head) store.segments.insertHead(log.rowId, head.seq, head.signature)
  })
  for (const { segment, raw } of judged) {
    const chunk = { deviceId: log.author, module: log.module, provenance: 'verified', payload: raw } as const
    tails.offer({ lane: log.lane, records: segment.body.records, chunk })
    if (log.lane === 'documents') refusalsIn(raw).forEach(onRefusedUpdate)
  }
}

function rawPayload({ body }: OpenedSegment): Uint8Array {
  let raw: Uint8Array
  try {
    raw = decompress(body)
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'the payload does not decompress', { cause })
  }
  if (raw.length === body.rawBytes) return raw
  throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'the payload is not as long as it claims', {
    details: { claimed: body.rawBytes, found: raw.length },
  })
}
