/**
 * A way to the agent that mends itself: while there is no connection, sending waits. Every new connection begins with a
 * probe, to which an agent without a session answers `bye`; that is how its loss is noticed (docs/spec/bus.md, BU12).
 */
import type { WrittenFrames } from '../wire/bus-frames.ts'

export interface Link {
  /** Resolves once the transport took the message, which is when the next may be sent. Rejects if the link is closed. */
  send(frames: WrittenFrames): Promise<void>
  close(): void
}

/** Opens a link whose received messages go to `onFrames`. Throws if the address is of no use. */
export type OpenLink = (onFrames: (frames: readonly Uint8Array[]) => void) => Link
