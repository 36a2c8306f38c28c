/**
 * Finds stored bodies that are damaged, when they are read and by reading all of them slowly, and marks them lost, so that
 * a device that holds them is asked (docs/spec/storage.md ST45). Looks only at hashes: no key is needed to tell.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Sha256 } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { SegmentRowId, StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { decodeSegmentHeader } from '../../wire/segment-header.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { Turns } from './turns.ts'

/** Time after a suspicion before it is looked into, in milliseconds: what one query comes across is told at once. */
export const SETTLE_AFTER_MS = 1_000
/** How often some bodies are read again, in milliseconds. */
export const SCRUB_EVERY_MS = 60_000
/** Bodies read again at a time, at most: eight megabytes a minute, a store of ten million spans in two hours. */
const SCRUB_BODIES = 256
const SCRUB_BYTES = 8 << 20
/** Time between two rounds through all bodies, in milliseconds: a disk at rest stays at rest. */
export const SCRUB_ROUND_MS = 86_400_000
/** Bodies marked in one transaction, and told in one entry of the audit log for each owner. */
const MARKED_AT_ONCE = 256

/** Bodies that were found damaged, ever. */
export const DAMAGED_COUNTER = 'store.damaged.segments'

export interface DamageWatchDeps {
  readonly store: Pick<Store, 'segments' | 'packs' | 'lostBodies' | 'counters' | 'transaction'>
  readonly clock: Pick<Clock, 'after'>
  readonly sha256: Sha256
  /** A number in [0, 1): where reading again begins, so that runs that end soon do not always read the same. */
  readonly random: () => number
  readonly turns: Pick<Turns, 'upkeep'>
  /** These are about to be marked; what it throws keeps them from being marked. */
  readonly tell: (lost: readonly StoredSegment[]) => void
  /** More bodies are lost than before, or fewer. */
  readonly onChange: () => void
  readonly onFailure: (err: unknown) => void
}

export class DamageWatch {
  readonly #deps: DamageWatchDeps
  /** The last body that was read again in this round, and the one that the round began after. */
  #after: SegmentRowId
  #beganAfter: SegmentRowId
  #cancelScrub: () => void = () => undefined
  #cancelSettle: (() => void) | undefined
  #isStopped = false

  constructor(deps: DamageWatchDeps) {
    this.#deps = deps
    this.#after = Math.floor(deps.random() * deps.store.segments.lastId())
    this.#beganAfter = this.#after
  }

  start(): void {
    const { packs, lostBodies } = this.#deps.store
    lostBodies.watch(() => this.#settleSoon())
    for (const id of packs.cutOff()) lostBodies.suspect(id)
    this.#scrubAfter(SCRUB_EVERY_MS)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelScrub()
    this.#cancelSettle?.()
  }

  #scrubAfter(waitMs: number): void {
    if (this.#isStopped) return
    this.#cancelScrub = this.#deps.clock.after(waitMs, () => {
      void this.#run(() => this.#scrub()).then((isRound) => {
        this.#scrubAfter(isRound === true ? SCRUB_ROUND_MS : SCRUB_EVERY_MS)
      })
    })
  }

  /** Reads the next bodies again. @returns whether all of them have been now */
  *#scrub(): Steps<boolean> {
    const ids = this.#deps.store.segments.idsAfter(this.#after, SCRUB_BODIES)
    let bytes = 0
    for (const id of ids) {
      this.#after = id
      bytes += this.#check(id)
      yield
      if (bytes > SCRUB_BYTES) return false
    }
    if (ids.length === SCRUB_BODIES) return false
    const isRound = this.#beganAfter === 0
    this.#after = 0
    this.#beganAfter = 0
    return isRound
  }

  /** @returns bytes read */
  #check(id: SegmentRowId): number {
    const { store, onChange } = this.#deps
    const segment = store.segments.get(id)
    if (segment === undefined) return 0
    if (this.#isDamaged(segment)) {
      store.lostBodies.suspect(id)
    } else if (store.lostBodies.isLost(id)) {
      store.lostBodies.unmark(id)
      onChange()
    }
    return segment.bytes
  }

  #settleSoon(): void {
    if (this.#isStopped) return
    this.#cancelSettle ??= this.#deps.clock.after(SETTLE_AFTER_MS, () => {
      void this.#run(() => this.#settle()).then(() => {
        this.#cancelSettle = undefined
      })
    })
  }

  *#settle(): Steps<void> {
    const { store } = this.#deps
    for (let ids = store.lostBodies.takeSuspects(); ids.length > 0; ids = store.lostBodies.takeSuspects()) {
      const found: StoredSegment[] = []
      for (const id of ids) {
        const segment = store.segments.get(id)
        if (segment !== undefined && !store.lostBodies.isLost(id) && this.#isDamaged(segment)) found.push(segment)
        if (found.length === MARKED_AT_ONCE) this.#mark(found.splice(0))
        yield
      }
      this.#mark(found)
    }
  }

  /** What the audit log says comes first: after a power cut in between it is said twice, and never not at all. */
  #mark(found: readonly StoredSegment[]): void {
    if (found.length === 0) return
    const { store, tell, onChange } = this.#deps
    tell(found)
    store.transaction(() => {
      for (const { id } of found) store.lostBodies.mark(id)
      store.counters.add(DAMAGED_COUNTER, found.length)
    })
    onChange()
  }

  /** A header that is none says nothing of its body: it was not the disk that altered it. */
  #isDamaged(segment: StoredSegment): boolean {
    const wanted = hashIn(segment.header)
    if (wanted === undefined) return false
    const sealed = this.#deps.store.packs.read(segment)
    return sealed === undefined || !equalBytes(this.#deps.sha256(sealed), wanted)
  }

  /** Resolves with nothing after a failure, which was told. */
  async #run<T>(work: () => Steps<T>): Promise<T | undefined> {
    try {
      return await this.#deps.turns.upkeep(work)
    } catch (err) {
      if (!this.#isStopped) this.#deps.onFailure(err)
      return undefined
    }
  }
}

function hashIn(header: Uint8Array): Uint8Array | undefined {
  try {
    return decodeSegmentHeader(header).sealedHash
  } catch (err) {
    if (err instanceof WireError) return undefined
    throw err
  }
}
