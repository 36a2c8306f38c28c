/** What readers of files find: messages with records, and what has to be left out, each with its place in the file. */
import type { Signal } from '../model/lane.ts'
import { unnamedOf } from '../wire/otlp/rejected-tally.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'

/** Why something is left out: a stable code, and words without content. */
export interface Problem {
  readonly code: string
  readonly message: string
}

/** Where in a file: a line of a text, else a byte; lines from 1, bytes from 0. */
export interface Place {
  readonly unit: 'line' | 'byte'
  readonly at: number
}

export type Found =
  /** A whole data message of OTLP protobuf, good until the reader is given more. */
  | { readonly kind: 'message'; readonly place: Place; readonly signal: Signal; readonly bytes: Uint8Array }
  /** `records` is how many are known to be lost: at least 1. */
  | { readonly kind: 'rejected'; readonly place: Place; readonly records: number; readonly problem: Problem }

export type Rejected = Extract<Found, { readonly kind: 'rejected' }>

/** Reads one file, given to it in pieces of any size. Never throws for what the bytes are. */
export interface FileReader {
  push(bytes: Uint8Array): Iterable<Found>
  /** At the end of the file. */
  finish(): Iterable<Found>
}

export function rejected(place: Place, problem: Problem, records = 1): Rejected {
  return { kind: 'rejected', place, records, problem }
}

/** One for each reason; what has none of its own goes with the first. */
export function rejectedBy(place: Place, bad: RejectedRecords): Rejected[] {
  const unnamed = unnamedOf(bad)
  return bad.reasons.map((reason, i) => rejected(place, reason, reason.count + (i === 0 ? unnamed : 0)))
}
