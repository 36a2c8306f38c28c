/** How sync with one device stands, and how its clock went, in words. */
import type { PeerClockView } from '../../agent/http-types/device.ts'
import type { Output } from '../output.ts'
import { clockOffset } from '../render/clock-offset.ts'
import { formatSize } from '../render/data-size.ts'
import { formatDurationMs } from '../render/duration.ts'
import { plural } from '../render/plural.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import type { Column } from '../render/table.ts'
import { wrapText } from '../render/wrap-text.ts'
import { table } from './answer-table.ts'
import { peerState } from './peer-words.ts'

const CLOCK_COLUMNS: readonly Column[] = [
  { title: 'measured', minWidth: 9 },
  { title: 'ahead of this device' },
  { title: '' },
]
/** Lines of the clock's history that are printed; `--json` has all of them. */
const SHOWN_POINTS = 12

export function describePeerDetail(output: Output, peer: PeerClockView, nowUnixMs: number): string {
  const refused = Object.entries(peer.refused).map(([code, count]) => `${code} ${count}`)
  const lines = [
    `${safeText(peer.name)} (${peer.deviceId.slice(0, 8)}): ${peerState(peer)}`,
    stepWords(peer, nowUnixMs),
    trafficWords(peer),
    refused.length === 0
      ? 'Nothing of it was refused.'
      : `Not taken of it since this agent started: ${refused.join(', ')}.`,
    clockWords(peer),
  ].flatMap((line) => wrapText(line, { width: output.width }))
  return [...lines, ...historyLines(output, peer, nowUnixMs)].join('\n')
}

function stepWords({ syncedUnixMs, pendingSegments }: PeerClockView, nowUnixMs: number): string {
  const waiting = pendingSegments === 0 ? '' : ` ${plural(pendingSegments, 'segment')} still to come.`
  if (syncedUnixMs === null) return `All it may send was never here yet.${waiting}`
  return `All it may send was here ${relativeTime(syncedUnixMs, nowUnixMs)}.${waiting}`
}

function trafficWords({ connected, segmentsIn, bytesIn, segmentsOut, bytesOut }: PeerClockView): string {
  if (!connected) return 'Nothing is on its way.'
  const amount = (segments: number, bytes: number): string => `${plural(segments, 'segment')} (${formatSize(bytes)})`
  return `Since they met: ${amount(segmentsIn, bytesIn)} received, ${amount(segmentsOut, bytesOut)} sent.`
}

function clockWords({ clock, drift, roundTripMs }: PeerClockView): string {
  if (clock === null) return 'Its clock was not measured yet.'
  const gains = drift === null ? '' : `, ${drift.ppm < 0 ? 'losing' : 'gaining'} ${gainWords(Math.abs(drift.ppm))}`
  const trip = roundTripMs === null ? '' : ` A question and its answer took ${formatDurationMs(roundTripMs)}.`
  const { offsetMs, errorMs } = clock
  const apart = `${formatDurationMs(Math.abs(offsetMs))} ± ${formatDurationMs(errorMs)}`
  return `Its clock is ${apart} ${offsetMs < 0 ? 'behind' : 'ahead of'} this device's${gains}.${trip}`
}

/** 1 ppm is 86.4 ms a day. */
function gainWords(ppm: number): string {
  return `${formatDurationMs(ppm * 86.4)} a day`
}

function historyLines(output: Output, { clockHistory }: PeerClockView, nowUnixMs: number): readonly string[] {
  if (clockHistory.length < 2) return []
  const rows = clockHistory
    .slice(-SHOWN_POINTS)
    .map((point) => [relativeTime(point.atUnixMs, nowUnixMs), clockOffset(point), point.step ? 'a clock was set' : ''])
  return ['', table(output, CLOCK_COLUMNS, rows)]
}
