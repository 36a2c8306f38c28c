/**
 * Order of spans across devices: measured clock offsets bring every start onto this device's clock, for drawing and
 * for ordering siblings. All spans of one device move by the same amount, so order within a device never changes, and
 * recorded times are never rewritten.
 *
 * Clocks drift, and are set: what was measured around the time of a trace counts for it.
 */
import type { DeviceId } from '../model/ids.ts'
import { clockAt, type ClockOffset } from '../model/clock-history.ts'
import type { MeshKnowledge, TraceChunks } from './trace-source.ts'

/** Nothing is measured on our own clock: it is the reference. */
export const OWN_CLOCK: ClockOffset = { offsetMs: 0, errorMs: 0 }
/** Offsets beyond this are taken for a broken measurement and not applied: ten years, in ms. */
export const MAX_CLOCK_OFFSET_MS = 10 * 365 * 86_400_000

const NANOS_PER_MS = 1e6

export interface TraceClocks {
  /** The measurement for a device, or null if there is none that can be used. */
  of(deviceId: DeviceId): ClockOffset | null
  /** A time of a device on our clock; unchanged if its clock was not measured. */
  corrected(deviceId: DeviceId, unixNano: bigint): bigint
  /** How far a device's clock is taken to be ahead of ours, in nanoseconds; 0 if it was not measured. */
  shift(deviceId: DeviceId): bigint
  /** How far two corrected times may be wrong against each other, in nanoseconds: 0 on one device, unbounded if a clock was not measured. */
  errorNanos(a: DeviceId, b: DeviceId): number
}

/** @param atUnixMs the time, on our clock, of what is asked about; else clocks are taken as they are now */
export function traceClocks(knowledge: MeshKnowledge, atUnixMs?: number): TraceClocks {
  const clocks = new Map<DeviceId, ClockOffset>()
  for (const { deviceId, clock, clockHistory } of knowledge.members) {
    const then = atUnixMs === undefined ? undefined : clockAt(clockHistory, atUnixMs)
    const measured = then ?? clock
    if (isUsable(measured)) clocks.set(deviceId, measured)
  }
  clocks.set(knowledge.self, OWN_CLOCK)
  const shifts = new Map([...clocks].map(([id, { offsetMs }]) => [id, BigInt(Math.round(offsetMs * NANOS_PER_MS))]))
  const errorNanos = (id: DeviceId): number => (clocks.get(id)?.errorMs ?? Infinity) * NANOS_PER_MS
  const shift = (id: DeviceId): bigint => shifts.get(id) ?? 0n
  return {
    of: (deviceId) => clocks.get(deviceId) ?? null,
    corrected: (deviceId, unixNano) => unixNano - shift(deviceId),
    shift,
    errorNanos: (a, b) => (a === b ? 0 : errorNanos(a) + errorNanos(b)),
  }
}

/** When a trace began, on our clock; undefined of one of which nothing is here. */
export function traceTimeOf({ first }: TraceChunks, { self, members }: MeshKnowledge): number | undefined {
  if (first === undefined) return undefined
  const recordedUnixMs = Number(first.earliestUnixNano) / NANOS_PER_MS
  const recorder = members.find(({ deviceId }) => deviceId === first.deviceId)
  if (recorder === undefined || first.deviceId === self) return recordedUnixMs
  const { clock, clockHistory } = recorder
  // What its clock was ahead by then, looked up by what it is ahead by now: near enough to find the measurement.
  const nearlyUnixMs = recordedUnixMs - (clock?.offsetMs ?? 0)
  return recordedUnixMs - ((clockAt(clockHistory, nearlyUnixMs) ?? clock)?.offsetMs ?? 0)
}

function isUsable(clock: ClockOffset | null): clock is ClockOffset {
  return clock !== null && Math.abs(clock.offsetMs) <= MAX_CLOCK_OFFSET_MS && clock.errorMs >= 0
}
