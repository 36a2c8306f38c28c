/**
 * Which of the devices that wait nearby are called, and when. Of two that find each other the one with the lower key calls;
 * the other does so only if it was not called for a while, for it may be the only one that hears.
 */
import { compareBytes, toHex } from '../../base/bytes.ts'

/** A device that announces that it waits to be paired. */
export interface OpenDoor {
  readonly peerKey: Uint8Array
  readonly addresses: readonly string[]
}

/** Doors called at once. */
export const MAX_CALLS = 4
/** How long the one with the higher key waits to be called, in milliseconds. */
export const LET_CALL_MS = 3_000
/** Pause after a call that came to nothing, in milliseconds. */
export const CALL_AGAIN_MS = 2_000
/** How much later a door is called whose code was rejected, in milliseconds, so that another is found first. */
export const REJECTED_LATER_MS = 3_000
/** Rejected devices that are remembered. */
const MAX_REJECTED = 16

export class OpenDoors {
  readonly #self: Uint8Array
  readonly #monotonic: () => number
  #doors: readonly OpenDoor[] = []
  /** From when on each may be called, by key. */
  readonly #dueMs = new Map<string, number>()
  readonly #rejected = new Set<string>()

  constructor(selfPeerKey: Uint8Array, monotonic: () => number) {
    this.#self = selfPeerKey
    this.#monotonic = monotonic
  }

  /** All that are open now; in the order of their discovery. */
  set(doors: readonly OpenDoor[]): void {
    this.#doors = doors
    const keys = new Set(doors.map(({ peerKey }) => toHex(peerKey)))
    for (const key of this.#dueMs.keys()) if (!keys.has(key)) this.#dueMs.delete(key)
    for (const door of doors) {
      const key = toHex(door.peerKey)
      if (!this.#dueMs.has(key)) this.#dueMs.set(key, this.#monotonic() + this.#delayOf(door))
    }
  }

  get size(): number {
    return this.#doors.length
  }

  /** Those that may be called now; who has waited longest comes first. */
  due(): readonly OpenDoor[] {
    const nowMs = this.#monotonic()
    const dueMs = ({ peerKey }: OpenDoor): number => this.#dueMs.get(toHex(peerKey)) ?? 0
    return this.#doors.filter((door) => dueMs(door) <= nowMs).toSorted((a, b) => dueMs(a) - dueMs(b))
  }

  /** A call came to nothing. */
  later(peerKey: Uint8Array): void {
    const key = toHex(peerKey)
    if (this.#dueMs.has(key)) this.#dueMs.set(key, this.#monotonic() + CALL_AGAIN_MS)
  }

  /** A person said no to it: perhaps it is a neighbour's. */
  reject(peerKey: Uint8Array): void {
    this.#rejected.add(toHex(peerKey))
    const [oldest] = this.#rejected
    if (this.#rejected.size > MAX_REJECTED) this.#rejected.delete(oldest as string)
  }

  /** Nobody is waited for any more. */
  clear(): void {
    this.#doors = []
    this.#dueMs.clear()
  }

  #delayOf({ peerKey }: OpenDoor): number {
    const letThemCall = compareBytes(this.#self, peerKey) < 0 ? 0 : LET_CALL_MS
    return letThemCall + (this.#rejected.has(toHex(peerKey)) ? REJECTED_LATER_MS : 0)
  }
}
