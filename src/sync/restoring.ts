/**
 * Bodies that a disk lost come back from a device that holds them: of an owner's segments that were received, from the
 * owner; of our own, from a device that may see them. What each must be is known from its header, which is not lost, so
 * nothing has to be trusted, and nobody is asked for what it may not know of.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import type { DeviceId } from '../model/ids.ts'
import type { LogRange } from '../wire/log-rows.ts'
import { decodeSegmentHeader } from '../wire/segment-header.ts'
import { RUN_SEGMENTS } from './core/plan-wants.ts'
import { ReceiveError } from './offer-book.ts'
import type { ScopedLog } from './scope.ts'
import type { Sealed } from './serving.ts'

export interface LostSegment {
  readonly log: ScopedLog
  readonly seq: number
  readonly epoch: number
  readonly header: Uint8Array
}
/** A lost segment and its body, which is the one that its header names. */
export interface FoundBody {
  readonly seq: number
  readonly sealed: Uint8Array
}
/** A place in the order of logs and numbers. */
export interface LostPlace {
  readonly log: number
  readonly seq: number
}
export interface RestoringDeps {
  readonly crypto: Pick<Crypto, 'sha256'>
  readonly self: DeviceId
  readonly source: {
    findLog(range: LogRange): ScopedLog | undefined
    /** Those behind a place, in order. */
    lostAfter(place: LostPlace, limit: number): readonly LostSegment[]
    lostAt(log: ScopedLog, seq: number): LostSegment | undefined
  }
  /** Whether a segment of a log may be with a device now. */
  readonly mayHave: (recipient: DeviceId, log: ScopedLog, epoch: number) => boolean
  /** Durable on return: all of them or none. */
  readonly keep: (peer: DeviceId, log: ScopedLog, found: readonly FoundBody[]) => void
}

/** Lost segments read at once, and looked at for one request: more of them at the next. */
const PAGE = 256
const MAX_LOOKED_AT = 8_192
/** Ranges asked for at once, as for what is offered. */
const MAX_RANGES = 512
/** Segments that a device did not give in one session, after which it is asked for no more of them in it. */
export const MAX_SET_ASIDE = 4_096
const START: LostPlace = { log: 0, seq: -1 }

export class Restoring {
  readonly #deps: RestoringDeps
  /** What a device was asked for and did not give in this session, by device. */
  readonly #aside = new Map<DeviceId, Set<string>>()
  /** How far the lost were looked through for a device. */
  readonly #reached = new Map<DeviceId, LostPlace>()

  constructor(deps: RestoringDeps) {
    this.#deps = deps
  }

  /** What to ask a device for: nothing that it has no part in, and nothing that it did not give before. */
  plan(peer: DeviceId): readonly LogRange[] {
    const ranges: LogRange[] = []
    if (this.#asideOf(peer).size >= MAX_SET_ASIDE) return ranges
    const mayAsk = this.#askable(peer)
    let place = this.#reached.get(peer) ?? START
    for (let looked = 0; looked < MAX_LOOKED_AT && ranges.length <= MAX_RANGES - PAGE; looked += PAGE) {
      const page = this.#deps.source.lostAfter(place, PAGE)
      for (const { log, seq, epoch } of page) {
        if (mayAsk(log, epoch) && !this.#asideOf(peer).has(nameOf(log, seq))) addTo(ranges, log, seq)
      }
      const last = page.at(-1)
      const isEnd = last === undefined || page.length < PAGE
      place = isEnd ? START : { log: last.log.rowId, seq: last.seq }
      if (isEnd) break
    }
    this.#reached.set(peer, place)
    return ranges
  }

  /** It does not have these, or may not give them: it is not asked again while it stays connected. */
  setAside(peer: DeviceId, range: LogRange): void {
    const aside = this.#asideOf(peer)
    this.#aside.set(peer, aside)
    for (let { from: seq } = range; seq <= range.to && aside.size < MAX_SET_ASIDE; seq++) aside.add(nameOf(range, seq))
  }

  forget(peer: DeviceId): void {
    this.#aside.delete(peer)
    this.#reached.delete(peer)
  }

  /**
   * Keeps what is right of a run.
   * @throws {ReceiveError} if something is missing of it, or not what was lost; what `keep` throws. The device is not asked
   *   for the run again then.
   */
  take(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    try {
      this.#take(peer, range, segments)
    } catch (err) {
      this.setAside(peer, range)
      throw err
    }
  }

  #take(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    const { source, keep } = this.#deps
    const details = { from: range.from, to: range.to, segments: segments.length }
    if (segments.length !== range.to - range.from + 1) {
      throw new ReceiveError('SYNC_GAP', 'a run without all of its segments', { details })
    }
    const log = source.findLog(range)
    if (log === undefined) return // deleted since
    const bodies = segments.map(({ sealed }, i) => ({ seq: range.from + i, sealed }))
    // What another device gave back meanwhile is passed over.
    const lost = bodies.filter(({ seq }) => source.lostAt(log, seq) !== undefined)
    const found = lost.filter((body) => this.#isWanted(log, body))
    if (found.length > 0) keep(peer, log, found)
    if (found.length < lost.length)
      throw new ReceiveError('SYNC_TAMPERED', 'a body that is not the lost one', { details })
  }

  #isWanted(log: ScopedLog, { seq, sealed }: FoundBody): boolean {
    const lost = this.#deps.source.lostAt(log, seq)
    return (
      lost !== undefined && equalBytes(this.#deps.crypto.sha256(sealed), decodeSegmentHeader(lost.header).sealedHash)
    )
  }

  /** An owner for its own, under a grant; a device that may see ours for ours: no other learns that there is such a log. */
  #askable(peer: DeviceId): (log: ScopedLog, epoch: number) => boolean {
    const { self, mayHave } = this.#deps
    const known = new Map<string, boolean>()
    const decide = (log: ScopedLog, epoch: number): boolean => {
      if (log.author === self) return mayHave(peer, log, epoch)
      return log.author === peer && mayHave(self, log, epoch)
    }
    return (log, epoch) => {
      const name = `${log.rowId}/${epoch}`
      const answer = known.get(name) ?? decide(log, epoch)
      known.set(name, answer)
      return answer
    }
  }

  #asideOf(peer: DeviceId): Set<string> {
    return this.#aside.get(peer) ?? new Set()
  }
}

/** Side by side in one range, as far as a run goes. */
function addTo(ranges: LogRange[], { author, log, incarnation }: ScopedLog, seq: number): void {
  const last = ranges.at(-1)
  const isNext = last?.author === author && last.log === log && last.incarnation === incarnation && last.to === seq - 1
  if (isNext && seq - last.from < RUN_SEGMENTS) ranges[ranges.length - 1] = { ...last, to: seq }
  else ranges.push({ author, log, incarnation, from: seq, to: seq })
}

function nameOf({ author, log, incarnation }: Omit<LogRange, 'from' | 'to'>, seq: number): string {
  return `${author}/${log}/${incarnation}/${seq}`
}
