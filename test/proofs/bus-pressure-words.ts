/** What the processes of the proof `bus-pressure` say to each other: a line of JSON each. */

export const PRESSED_TOPIC = 'pressure/now'

export interface PressedLines {
  readonly made: number
  /** Spent on making them, and on nothing else. */
  readonly makingMs: number
  /** Until the last one was acknowledged. */
  readonly tookMs: number
  readonly isKept: boolean
  /** By the module's own count. */
  readonly lost: number
  /** Most resident memory of the module. */
  readonly peakBytes: number
}

export interface PressedMessages {
  readonly sent: number
  /** By the sender's own count, before they were sent. */
  readonly dropped: number
  readonly unconfirmed: number
  readonly tookMs: number
}

/** Said again and again by a subscriber. */
export interface Received {
  readonly received: number
  /** Arrived, and not handled. */
  readonly unhandled: number
}
