/**
 * The carrier's side of sync: keeps sealed segments of others that it cannot read, and passes them on.
 *
 * Taken is only what an owner's manifest names for somebody, under a grant to carry that is in force, and only what is
 * proven to be the author's, as a reader proves it. Given is only what the same manifest names for the device that asks.
 * Every limit refuses with a code, and says so to the owner (docs/spec/carry.md).
 */
import type { Crypto } from '../base/crypto.ts'
import { equalBytes } from '../base/bytes.ts'
import type { DeviceId } from '../model/ids.ts'
import type { ManifestContent, Route } from '../model/manifest.ts'
import type { LogKey, SeqRange } from '../model/segment.ts'
import type { CarryStanding } from '../policy/decide-carry.ts'
import { decodeSegmentHeader } from '../wire/segment-header.ts'
import { signReceipt } from '../wire/custody-receipt.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import { cutAt } from './carry-scope.ts'
import {
  CarryError,
  type CarriedSegment,
  type CarryErrorCode,
  type CarryLimits,
  type CarryPlan,
  type CarryShelf,
} from './carry-shelf.ts'
import { intersectRuns, NO_RUNS, runsContain, subtractRuns, toRuns, unionRuns, type Runs } from './core/runs.ts'
import { OfferBook, ReceiveError, type ReadHeader, type ReceiveErrorCode } from './offer-book.ts'
import { MAX_RUN_BYTES, type Sealed, type ServedRun } from './serving.ts'

export interface CarryingDeps {
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Sign' | 'ed25519Verify'>
  readonly self: DeviceId
  readonly deviceSeed: Uint8Array
  readonly nowUnixMs: () => number
  readonly shelf: CarryShelf
  readonly limits: () => CarryLimits
  readonly isMember: (device: DeviceId) => boolean
  readonly standing: (owner: DeviceId) => CarryStanding
  /** What an owner's latest manifest for us says. */
  readonly manifest: (owner: DeviceId) => ManifestContent | undefined
  /** Owners who have given us a grant to carry that is in force. */
  readonly owners: () => readonly DeviceId[]
  /** Throws while the disk is full. */
  readonly requireRoom: () => void
  /** Something that was kept is not here any more, and was not given to all that it is for. */
  readonly onLost: () => void
  readonly onRefused: (code: ReceiveErrorCode, author: DeviceId) => void
}
const DAY_MS = 86_400_000
const NOTHING: CarryPlan = { ranges: [], missing: 0, frozen: 0, refused: undefined }

export class Carrying {
  readonly #deps: CarryingDeps
  readonly #book: OfferBook
  /** Owners whose next run would not fit, until something of theirs goes. */
  readonly #full = new Set<DeviceId>()

  constructor(deps: CarryingDeps) {
    this.#deps = deps
    const { crypto, shelf, onRefused } = deps
    this.#book = new OfferBook({
      crypto,
      held: (log) => this.#notNeeded(log),
      headerAt: (log, seq) => shelf.headerAt(log, seq),
      onRefused,
    })
  }

  /** @throws {ReceiveError} `SYNC_BAD_HEAD`, `SYNC_TOO_MANY_HEADS` */
  offer(sender: DeviceId, rows: readonly HeadRow[]): void {
    this.#book.offer(sender, rows)
  }

  /** What to ask a sender for, to carry it. */
  plan(sender: DeviceId): CarryPlan {
    const offered = this.#book.offeredBy(sender)
    if (offered.length === 0) return NOTHING
    const codes = new Set<CarryErrorCode>()
    const plan = this.#book.plan(sender, ({ author }) => {
      const code = this.#refusal(author)
      if (code !== undefined) codes.add(code)
      return code === undefined
    })
    return { ...plan, frozen: plan.frozen + codes.size, refused: [...codes].sort()[0] }
  }

  setAside(sender: DeviceId, range: LogRange): void {
    this.#book.setAside(sender, range)
  }

  forget(sender: DeviceId): void {
    this.#book.forget(sender)
  }

  /**
   * Keeps a run, durable on return, all of it or nothing.
   * @returns the receipt for its author
   * @throws {ReceiveError}, {CarryError}, {StoreError}: its log is frozen or set aside then
   */
  take(sender: DeviceId, range: LogRange, segments: readonly Sealed[]): Uint8Array {
    try {
      return this.#take(sender, range, segments)
    } catch (err) {
      this.#book.refuse(sender, range, err)
      throw err
    }
  }

  /** What is here for a device to read. */
  rowsFor(reader: DeviceId): readonly HeadRow[] {
    return this.#openLogs().flatMap((log) =>
      this.#rows(log, intersectRuns(toRuns(this.#deps.shelf.runs(log)), this.#routed(log, reader))),
    )
  }

  /** What is here for another carrier to carry. */
  rowsToCarry(carrier: DeviceId): readonly HeadRow[] {
    return this.#openLogs()
      .filter((log) => this.#isCarrierOf(log.author, carrier))
      .flatMap((log) => this.#rows(log, toRuns(this.#deps.shelf.runs(log))))
  }

  /** @returns the newest part of a range that fits, or `denied` if nothing of it may go to this device */
  read(recipient: DeviceId, range: LogRange, budgetBytes: number): ServedRun | 'denied' {
    const { shelf } = this.#deps
    const isOpen = this.#openLogs().some((log) => isSameLog(log, range))
    const mayHave = this.#isCarrierOf(range.author, recipient)
      ? toRuns(shelf.runs(range))
      : this.#routed(range, recipient)
    const part = isOpen ? intersectRuns([range], mayHave).at(-1) : undefined
    if (part?.to !== range.to) return 'denied'
    const segments: Sealed[] = []
    let [from, bytes] = [range.to + 1, 0]
    for (let seq = range.to; seq >= part.from; seq--) {
      const sealed = this.#wholeAt(range, seq)
      bytes += sealed?.sealed.length ?? 0
      if (sealed === undefined || (segments.length > 0 && bytes > Math.min(budgetBytes, MAX_RUN_BYTES))) break
      segments.unshift(sealed)
      from = seq
    }
    return segments.length === 0 ? 'denied' : { ...range, from, segments, asked: [] }
  }

  /** What a disk has altered is passed on to nobody: it goes, and is asked for again where it is still to be had. */
  #wholeAt(log: LogKey, seq: number): Sealed | undefined {
    const { shelf, crypto, onLost } = this.#deps
    const found = shelf.sealedAt(log, seq)
    const header = found && decodeSegmentHeader(found.header)
    if (header && equalBytes(crypto.sha256(found.sealed), header.sealedHash)) return found
    shelf.keepOnly(log, subtractRuns(toRuns(shelf.runs(log)), [{ from: seq, to: seq }]), toRuns(shelf.dropped(log)))
    onLost()
    return undefined
  }

  /** A reader has these: what all readers of it have is dropped. */
  acknowledged(reader: DeviceId, rows: readonly LogRange[]): void {
    const { shelf } = this.#deps
    for (const [log, list] of groupByLog(rows)) {
      if (!this.#deps.shelf.logs().some((each) => isSameLog(each, log))) continue
      const before = toRuns(shelf.ackedBy(log, reader))
      const after = unionRuns(before, intersectRuns(toRuns(list), this.#routed(log, reader)))
      if (JSON.stringify(after) === JSON.stringify(before)) continue
      shelf.setAcked(log, reader, after)
      this.#dropDone(log)
    }
  }

  /** Manifests, grants or members have changed: what nobody may have from us any more goes. */
  tidy(): void {
    for (const log of this.#deps.shelf.logs()) this.#dropDone(log)
  }

  /** What was kept as long as it may be goes, whoever has it. @returns whether anything went */
  expire(): boolean {
    const { shelf, nowUnixMs } = this.#deps
    const due = shelf.due(Math.floor(nowUnixMs() / DAY_MS))
    for (const [log, runs] of due) {
      const left = subtractRuns(toRuns(shelf.runs(log)), runs)
      shelf.keepOnly(log, left, unionRuns(toRuns(shelf.dropped(log)), runs))
      this.#full.delete(log.author)
    }
    return due.length > 0
  }

  /** The person of this device allows more or less now: what was refused may be taken. */
  reconsider(): void {
    this.#full.clear()
    for (const author of this.#deps.owners()) this.#book.resume(author)
  }

  /** Deletes everything that is carried, as the person of this device asked. */
  clear(): void {
    for (const log of this.#deps.shelf.logs()) this.#deps.shelf.keepOnly(log, NO_RUNS, NO_RUNS)
  }

  #take(sender: DeviceId, range: LogRange, segments: readonly Sealed[]): Uint8Array {
    const { crypto, self, deviceSeed, nowUnixMs, shelf, limits, requireRoom } = this.#deps
    const refusal = this.#refusal(range.author) ?? (this.#isRouted(range) ? undefined : 'CARRY_NO_GRANT')
    if (refusal !== undefined) throw new CarryError(refusal, 'this is not carried here')
    requireRoom()
    const { headers } = this.#book.verify(sender, range, segments)
    const today = Math.floor(nowUnixMs() / DAY_MS)
    const fresh = segments.flatMap(({ sealed }, i) => {
      const header = headers[i] as ReadHeader
      this.#requireBody(header, sealed)
      if (this.#book.isHeld(range, header)) return []
      const dropDay = header.header.dropAfterDay ?? today + limits().keepDays
      return [{ seq: header.header.seq, segmentId: header.id, header: header.headerBytes, sealed, dropDay }]
    })
    this.#requireShare(range.author, fresh)
    shelf.keep(range, fresh, this.#headsFor(sender, range))
    this.#dropDone(range)
    const { author, log, incarnation, from, to } = range
    const dropAfterDay = Math.min(today + limits().keepDays, ...fresh.map(({ dropDay }) => dropDay))
    return signReceipt(crypto, deviceSeed, {
      carrier: self,
      author,
      log,
      incarnation,
      from,
      to,
      id: (headers.at(-1) as ReadHeader).id,
      atUnixMs: Math.floor(nowUnixMs()),
      dropAfterDay,
    })
  }

  /** A carrier cannot open a body, and needs not: its hash is in the header, which the author vouches for. */
  #requireBody({ header }: ReadHeader, sealed: Uint8Array): void {
    const isNamed =
      sealed.length === header.sealedBytes && equalBytes(this.#deps.crypto.sha256(sealed), header.sealedHash)
    if (isNamed) return
    throw new ReceiveError('SYNC_TAMPERED', 'the body is not the one its header names', {
      details: { seq: header.seq },
    })
  }

  /** Heads that were offered of what is kept now: the next device is to have the author's word for every end. */
  #headsFor(sender: DeviceId, range: LogRange): readonly { readonly seq: number; readonly signature: Uint8Array }[] {
    return this.#book
      .offeredOf(sender, range)
      .filter(({ to }) => to >= range.from && to <= range.to)
      .map(({ to: seq, signature }) => ({ seq, signature }))
  }

  /** Every owner gets the same part of the room, and no other owner's. */
  #requireShare(author: DeviceId, segments: readonly CarriedSegment[]): void {
    const bytes = segments.reduce((sum, { header, sealed }) => sum + header.length + sealed.length, 0)
    if (bytes <= this.#leftFor(author)) return
    this.#full.add(author)
    throw new CarryError('CARRY_FULL', 'there is no room left for this owner', { details: { bytes } })
  }

  #leftFor(author: DeviceId): number {
    const { shelf, owners, limits } = this.#deps
    const { maxBytes } = limits()
    const all = new Set([...owners(), author])
    const used = [...all].reduce((sum, owner) => sum + shelf.useOf(owner).bytes, 0)
    return Math.min(maxBytes - used, maxBytes / all.size - shelf.useOf(author).bytes)
  }

  #refusal(author: DeviceId): CarryErrorCode | undefined {
    const { limits, standing } = this.#deps
    if (!limits().on) return 'CARRY_OFF'
    if (standing(author) !== 'open') return 'CARRY_NO_GRANT'
    return this.#full.has(author) ? 'CARRY_FULL' : undefined
  }

  #isRouted(range: LogRange): boolean {
    return subtractRuns([range], toRuns(this.#routesOf(range).map(toRange))).length === 0
  }

  /** What of a log is not asked for: it is here, or done with, or no manifest names it, whoever offers it. */
  #notNeeded(log: LogKey): Runs {
    const { shelf } = this.#deps
    const here = unionRuns(toRuns(shelf.runs(log)), this.#unrouted(log))
    // Of what is done with the headers are gone: what lies below is vouched for only by fetching down to it once more.
    const done = shelf.dropped(log).filter(({ from }) => from === 0 || runsContain(here, from - 1))
    return unionRuns(here, toRuns(done))
  }

  /** Places of a log that nobody may have from us. */
  #unrouted(log: LogKey): Runs {
    return subtractRuns([{ from: 0, to: Number.MAX_SAFE_INTEGER }], toRuns(this.#routesOf(log).map(toRange)))
  }

  #routesOf(log: LogKey): readonly Route[] {
    const { manifest, isMember } = this.#deps
    const routes = manifest(log.author)?.routes ?? []
    return routes.filter(
      (route) => route.log === log.log && route.incarnation === log.incarnation && isMember(route.device),
    )
  }

  /** What of a log may go to a device. */
  #routed(log: LogKey, device: DeviceId): Runs {
    return toRuns(
      this.#routesOf(log)
        .filter((route) => route.device === device)
        .map(toRange),
    )
  }

  #isCarrierOf(owner: DeviceId, device: DeviceId): boolean {
    return this.#deps.manifest(owner)?.carriers.includes(device) ?? false
  }

  /** Logs of which something may go out now. */
  #openLogs(): readonly LogKey[] {
    const { shelf, standing, limits } = this.#deps
    return limits().on ? shelf.logs().filter(({ author }) => standing(author) === 'open') : []
  }

  #rows({ author, log, incarnation }: LogKey, runs: Runs): readonly HeadRow[] {
    const { shelf } = this.#deps
    const key = { author, log, incarnation }
    const ends = this.#routesOf(key).flatMap(({ to }) => to ?? [])
    return cutAt(runs, ends).flatMap(({ from, to }) => {
      const head = shelf.headIn(key, { from, to })
      const header = head && shelf.headerAt(key, head.seq)
      return head && header ? [{ ...key, from, to: head.seq, id: header.id, signature: head.signature }] : []
    })
  }

  #dropDone(log: LogKey): void {
    const { shelf, standing } = this.#deps
    if (standing(log.author) === 'ended') {
      this.#full.delete(log.author)
      return shelf.keepOnly(log, NO_RUNS, NO_RUNS)
    }
    const routes = this.#routesOf(log)
    const routed = toRuns(routes.map(toRange))
    const needed = routes.reduce(
      (runs, route) => unionRuns(runs, subtractRuns([toRange(route)], toRuns(shelf.ackedBy(log, route.device)))),
      NO_RUNS,
    )
    const here = intersectRuns(toRuns(shelf.runs(log)), routed)
    // What is still needed just below is vouched for by what is above it, up to the place that its author signed.
    const [vouching, done] = partition(subtractRuns(here, needed), ({ from }) => runsContain(here, from - 1))
    this.#full.delete(log.author)
    shelf.keepOnly(log, unionRuns(needed, vouching), unionRuns(toRuns(shelf.dropped(log)), done))
  }
}

function toRange({ from, to }: Route): SeqRange {
  return { from, to: to ?? Number.MAX_SAFE_INTEGER }
}

function partition(runs: Runs, isFirst: (run: SeqRange) => boolean): readonly [Runs, Runs] {
  return [runs.filter((run) => isFirst(run)), runs.filter((run) => !isFirst(run))]
}

function isSameLog(a: LogKey, b: LogKey): boolean {
  return a.author === b.author && a.log === b.log && a.incarnation === b.incarnation
}

function groupByLog(rows: readonly LogRange[]): readonly (readonly [LogKey, readonly LogRange[]])[] {
  const groups = Map.groupBy(rows, ({ author, log, incarnation }) => `${author}/${log}/${incarnation}`)
  return [...groups.values()].map((list) => [list[0] as LogRange, list])
}
