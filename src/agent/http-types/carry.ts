/** Carrying as the agent's HTTP tells it: what this device does for others, and others for it (docs/spec/carry.md). */

/** `paused`: the owner was not heard of for too long, or the stage shares nothing: kept, and passed on to nobody. */
export type CarryStandingView = 'open' | 'paused' | 'ended'

/** What this device carries of one owner. */
export interface CarriedView {
  readonly deviceId: string
  readonly standing: CarryStandingView
  /** For whom, as far as the owner has said. */
  readonly readers: readonly string[]
  readonly segments: number
  readonly bytes: number
}
/** A carrier's signed word that it keeps a run of a log. */
export interface ReceiptView {
  readonly log: string
  readonly incarnation: string
  readonly from: number
  readonly to: number
  readonly at: string
  /** The last day on which all of it is kept. */
  readonly keptUntil: string
  /** The receipt itself, in hex: anybody can check it. */
  readonly signed: string
}
/** What another device carries for this one. */
export interface CarrierView {
  readonly deviceId: string
  readonly standing: CarryStandingView
  /** Code of why it takes nothing more, or null while it does. */
  readonly refused: string | null
  readonly refusedAt: string | null
  /** The latest of each log. */
  readonly receipts: readonly ReceiptView[]
}
/** An owner that others bring word of. */
export interface RelayedView {
  readonly deviceId: string
  /** When it said so. */
  readonly at: string
  /** Segments that it says this device may see, and that are not here. */
  readonly missing: number
}
/** A device that brings word of more than it brings: it is stale, or keeps something back. */
export interface BehindView {
  readonly deviceId: string
  readonly segments: number
}
export interface CarryView {
  readonly on: boolean
  readonly maxBytes: number
  readonly keepDays: number
  readonly carried: readonly CarriedView[]
  readonly carriers: readonly CarrierView[]
  readonly relayed: readonly RelayedView[]
  readonly behind: readonly BehindView[]
}
