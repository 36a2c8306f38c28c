/**
 * Notices that the network may be another: an interface came, went or has another address, or the device slept. Node tells
 * nobody of either, so it looks. Rules: docs/spec/links.md LK22.
 */
import type { Clock } from '../base/clock.ts'

/** Time between two looks, in milliseconds. */
export const LOOK_EVERY_MS = 5_000
/** A look that comes so much too late, in milliseconds, means that the device slept; or its clock was set, when looking again does no harm. */
export const SLEPT_MS = 15_000

export interface NetworkWatchDeps {
  readonly clock: Pick<Clock, 'now' | 'every'>
  /** Addresses of this device, of all interfaces that lead to others. */
  readonly addresses: () => readonly string[]
  readonly onChange: () => void
}

/** @returns what ends it */
export function watchNetwork({ clock, addresses, onChange }: NetworkWatchDeps): () => void {
  let known = nameOf(addresses())
  let lookedUnixMs = clock.now()
  return clock.every(LOOK_EVERY_MS, () => {
    const [now, found] = [clock.now(), nameOf(addresses())]
    const hasSlept = now - lookedUnixMs > LOOK_EVERY_MS + SLEPT_MS
    const isOther = found !== known
    known = found
    lookedUnixMs = now
    if (hasSlept || isOther) onChange()
  })
}

function nameOf(addresses: readonly string[]): string {
  return addresses.toSorted().join()
}
