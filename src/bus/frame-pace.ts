/**
 * How fast a plugin's frames are read: each costs the agent's one main thread the same, however small it is, and whoever
 * floods would have it for himself. What is not read waits at the sender, behind libzmq's bounded queues.
 */
import type { Clock } from '../base/clock.ts'
import { TokenBucket } from '../base/token-bucket.ts'

/** Frames of a plugin that are read in a second; as many at once after a rest. */
export const PLUGIN_FRAMES_PER_S = 500
/** A frame counts once more for each of these bytes: 8 MB a second of decryption that others wait for. */
export const FRAME_COST_BYTES = 16_384
/** Pause once there is no room, in milliseconds: answers to pings may be late by it. */
export const PACE_PAUSE_MS = 20

export class FramePace {
  readonly #clock: Clock
  readonly #bucket: TokenBucket

  constructor(clock: Clock) {
    this.#clock = clock
    this.#bucket = new TokenBucket(PLUGIN_FRAMES_PER_S, PLUGIN_FRAMES_PER_S, clock.monotonic())
  }

  /** Counts a frame that was read. @returns what to wait for before the next, if anything */
  read(bytes: number): Promise<void> | undefined {
    this.#bucket.spend(1 + Math.floor(bytes / FRAME_COST_BYTES), this.#clock.monotonic())
    return this.#hasRoom() ? undefined : this.#room()
  }

  #hasRoom(): boolean {
    return this.#bucket.level(this.#clock.monotonic()) >= 1
  }

  async #room(): Promise<void> {
    while (!this.#hasRoom()) await new Promise<void>((resolve) => void this.#clock.after(PACE_PAUSE_MS, resolve))
  }
}
