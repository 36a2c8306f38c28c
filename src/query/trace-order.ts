/**
 * Order of spans across devices: measured clock offsets bring every start onto this device's clock, for drawing and
 * for ordering siblings. All spans of one device move by the same amount, so order within a device never changes, and
 * recorded times are never rewritten.
 */
import type { DeviceId } from '../model/ids.ts'
import type { ClockOffset, MeshKnowledge } from './trace-source.ts'

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

export function traceClocks(knowledge: MeshKnowledge): TraceClocks {
  const clocks = new Map<DeviceId, ClockOffset>()
  for (const { deviceId, clock } of knowledge.members) if (isUsable(clock)) clocks.set(deviceId, clock)
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

function isUsable(clock: ClockOffset | null): clock is ClockOffset {
  return clock !== null && Math.abs(clock.offsetMs) <= MAX_CLOCK_OFFSET_MS && clock.errorMs >= 0
}
