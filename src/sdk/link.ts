/** One attempt at a connection to the agent. It opens at most once and closes once; a new attempt is a new link. */
export interface Link {
  /** Resolves once the transport took the message, which is when the next may be sent. Rejects if the link is closed. */
  send(frames: readonly Uint8Array[]): Promise<void>
  close(): void
}

export interface LinkEvents {
  /** The handshake is done: the agent is who it should be, and let us in. */
  onOpen(): void
  onFrames(frames: readonly Uint8Array[]): void
  /** `refused`: the agent does not accept our key. Called at most once, and not after {@link Link.close}. */
  onClosed(why: 'lost' | 'refused'): void
}

export type OpenLink = (events: LinkEvents) => Link
