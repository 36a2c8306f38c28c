/** How sync with each device stands, as a table with a word on what its columns count. */
import type { PeerDetailView } from '../../agent/http-types/device.ts'
import type { Output } from '../output.ts'
import { clockOffset } from '../render/clock-offset.ts'
import { relativeTime } from '../render/relative-time.ts'
import type { Column } from '../render/table.ts'
import { wrapText } from '../render/wrap-text.ts'
import { table } from './answer-table.ts'
import { peerState } from './peer-words.ts'

const COLUMNS: readonly Column[] = [
  { title: 'device', minWidth: 8 },
  { title: 'state', minWidth: 9 },
  { title: 'in step' },
  { title: 'waiting', align: 'right' },
  { title: 'received', align: 'right', dropOrder: 2 },
  { title: 'sent', align: 'right', dropOrder: 2 },
  { title: 'clock', dropOrder: 1 },
]
const LEGEND =
  'In step: when all it may send was here. Waiting: segments still to come. Received and sent: since they last met, in segments. ' +
  "Clock: how far its clock is ahead of this device's."

export function describePeers(output: Output, peers: readonly PeerDetailView[]): string {
  const rows = peers.map((peer) => [
    peer.name,
    peerState(peer),
    peer.syncedUnixMs === null ? 'never' : relativeTime(peer.syncedUnixMs, Date.now()),
    String(peer.pendingSegments),
    amount(peer.segmentsIn, peer.bytesIn),
    amount(peer.segmentsOut, peer.bytesOut),
    peer.clock === null ? 'not measured' : clockOffset(peer.clock),
  ])
  return [table(output, COLUMNS, rows), '', ...wrapText(LEGEND, { width: output.width })].join('\n')
}

function amount(segments: number, bytes: number): string {
  return segments === 0 ? '0' : `${segments} (${Math.ceil(bytes / 1024)} KiB)`
}
