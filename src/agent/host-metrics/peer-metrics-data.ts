/**
 * How sync with each device stands, as metrics of the agent (docs/spec/health.md HE15). Pure. What was not measured has no point.
 * Names are ours: OpenTelemetry has none for this.
 */
import { metricAt, withPoints, type Reading } from '../../wire/otlp/metric-of-readings.ts'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import type { PeerDetailView } from '../http-types/device.ts'

export type PeerReading = Pick<
  PeerDetailView,
  'deviceId' | 'connected' | 'pendingSegments' | 'syncedUnixMs' | 'clock' | 'roundTripMs' | 'refused' | 'total'
>
type Labelled = readonly [value: number | null | undefined, labels?: Readonly<Record<string, string>>]

/** Enough digits of an id to tell a household's devices apart. */
const ID_DIGITS = 8
const NANOS_PER_MS = 1_000_000n
const RECEIVED = { 'network.io.direction': 'receive' }
const SENT = { 'network.io.direction': 'transmit' }

export function peerMetrics(timeUnixNano: bigint, peers: readonly PeerReading[]): readonly MetricInput[] {
  const metric = metricAt(timeUnixNano)
  const nowMs = Number(timeUnixNano / NANOS_PER_MS)
  const of = (read: (peer: PeerReading) => readonly Labelled[]): readonly Reading[] =>
    peers.flatMap((peer) => read(peer).flatMap((each) => readingOf(peer, each)))
  return withPoints([
    metric(
      'aico.mesh.peer.connected',
      '1',
      'gauge',
      of(({ connected }) => [[Number(connected)]]),
    ),
    metric(
      'aico.mesh.peer.lag.segments',
      '{segment}',
      'gauge',
      of(({ pendingSegments }) => [[pendingSegments]]),
    ),
    metric(
      'aico.mesh.peer.lag.age',
      's',
      'gauge',
      of(({ syncedUnixMs }) => [[ageS(syncedUnixMs, nowMs)]]),
    ),
    metric(
      'aico.mesh.peer.round_trip',
      's',
      'gauge',
      of(({ roundTripMs }) => [[seconds(roundTripMs)]]),
    ),
    metric(
      'aico.mesh.peer.clock.offset',
      's',
      'gauge',
      of(({ clock }) => [[seconds(clock?.offsetMs)]]),
    ),
    metric(
      'aico.mesh.peer.clock.error',
      's',
      'gauge',
      of(({ clock }) => [[seconds(clock?.errorMs)]]),
    ),
    metric(
      'aico.mesh.peer.io',
      'By',
      'counter',
      of(({ total }) => inOut(total.bytesIn, total.bytesOut)),
    ),
    metric(
      'aico.mesh.peer.segments',
      '{segment}',
      'counter',
      of(({ total }) => inOut(total.segmentsIn, total.segmentsOut)),
    ),
    metric(
      'aico.mesh.peer.refused',
      '{refusal}',
      'counter',
      of(({ refused }) => byCode(refused)),
    ),
  ])
}

function readingOf({ deviceId }: PeerReading, [value, labels]: Labelled): readonly Reading[] {
  if (typeof value !== 'number') return []
  return [[value, { 'aico.mesh.peer.id': deviceId.slice(0, ID_DIGITS), ...labels }]]
}

function inOut(received: number, sent: number): readonly Labelled[] {
  return [
    [received, RECEIVED],
    [sent, SENT],
  ]
}

function byCode(refused: Readonly<Record<string, number>>): readonly Labelled[] {
  return Object.entries(refused).map(([code, count]) => [count, { 'error.type': code }])
}

function ageS(sinceUnixMs: number | null, nowMs: number): number | null {
  return sinceUnixMs === null ? null : seconds(Math.max(0, nowMs - sinceUnixMs))
}

function seconds<T extends number | null | undefined>(ms: T): number | T {
  return typeof ms === 'number' ? ms / 1_000 : ms
}
