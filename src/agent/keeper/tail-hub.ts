/**
 * Who watches records as they come, and what they have yet to be told. Nothing is done while nobody watches. Records are
 * looked at after they were committed and answered, in turns with all else; whoever cannot keep up loses the oldest lines
 * and is told how many: neither the store nor ingest ever waits for a watcher.
 */
import { utf8 } from '../../base/bytes.ts'
import { MeshError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import type { LiveLines } from '../../query/search/live-lines.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import { LookLater, type Committed, type LookDeps } from './look-later.ts'

/** Most watchers at once: some terminals and a dashboard. */
export const MAX_TAILS = 16
/** Most lines that wait for one watcher: some seconds of a busy day. */
export const MAX_WAITING_LINES = 2000
/** Most bytes that wait for one watcher. */
export const MAX_WAITING_BYTES = 4 << 20
/** Most bytes of records that wait to be looked at. */
export const MAX_UNSEEN_BYTES = 8 << 20

/** Length of a turn, in milliseconds: with it one filter keeps up with 38,000 spans a second on two busy cores. */
const TAIL_TURN_MS = 10

/** What can be watched. */
export type TailLane = SearchLane | 'documents'

export type TailErrorCode =
  /** Too many watch already. */
  | 'TAIL_BUSY'
  /** There is no such watcher, or not any more. */
  | 'TAIL_ENDED'
export class TailError extends MeshError<TailErrorCode> {}

/** What a watcher is told: that lines are missing, then lines. */
export interface TailNews {
  /** Records that were not looked at, and lines that found no room, since the last news. */
  readonly dropped: number
  /** Lines of JSON, each with its line break. */
  readonly lines: Uint8Array
}

interface Tail {
  readonly lane: TailLane
  readonly linesOf: LiveLines
  /** The oldest first. */
  waiting: Uint8Array[]
  waitingBytes: number
  dropped: number
  wake: (() => void) | undefined
}

export class TailHub {
  readonly #tails = new Map<number, Tail>()
  readonly #unseen: LookLater
  #lastId = 0

  constructor(deps: LookDeps) {
    this.#unseen = new LookLater(deps, {
      maxBytes: MAX_UNSEEN_BYTES,
      turnMs: TAIL_TURN_MS,
      look: (committed) => this.#tellAll(committed),
    })
  }

  /** @returns the watcher's number. @throws {TailError} `TAIL_BUSY` */
  open(lane: TailLane, linesOf: LiveLines): number {
    if (this.#tails.size >= MAX_TAILS) throw new TailError('TAIL_BUSY', `no more than ${MAX_TAILS} can watch at once`)
    this.#tails.set(++this.#lastId, { lane, linesOf, waiting: [], waitingBytes: 0, dropped: 0, wake: undefined })
    return this.#lastId
  }

  close(id: number): void {
    const tail = this.#tails.get(id)
    this.#tails.delete(id)
    tail?.wake?.()
    if (this.#tails.size === 0) this.#unseen.forget()
  }

  /** Lets every watcher ask again whether it still may watch. */
  wakeAll(): void {
    for (const tail of this.#tails.values()) tail.wake?.()
  }

  isWatched(lane: string): boolean {
    for (const tail of this.#tails.values()) if (tail.lane === lane) return true
    return false
  }

  /** Takes a copy of what somebody watches; costs nothing else. */
  offer(committed: Committed): void {
    const { lane, records } = committed
    if (!this.isWatched(lane) || this.#unseen.offer(committed)) return
    for (const tail of this.#tails.values()) if (tail.lane === lane) addDropped(tail, records)
  }

  /**
   * Resolves when there is news, or with none when the signal is aborted.
   * @throws {TailError} `TAIL_ENDED`
   */
  async read(id: number, signal: AbortSignal | undefined): Promise<TailNews> {
    const tail = this.#require(id)
    if (tail.waiting.length === 0 && tail.dropped === 0 && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        tail.wake = resolve
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
      tail.wake = undefined
    }
    return takeNews(this.#require(id))
  }

  #require(id: number): Tail {
    const tail = this.#tails.get(id)
    if (tail === undefined) throw new TailError('TAIL_ENDED', 'this watcher has ended')
    return tail
  }

  *#tellAll(committed: Committed): Steps<void> {
    for (const tail of this.#tails.values()) if (tail.lane === committed.lane) yield* tell(tail, committed)
  }

  /** Ends every watcher. */
  stop(): void {
    for (const id of this.#tails.keys()) this.close(id)
  }
}

function* tell(tail: Tail, { chunk, records }: Committed): Steps<void> {
  try {
    yield* tail.linesOf(chunk, (line) => addLine(tail, utf8(`${line}\n`)))
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
    addDropped(tail, records)
  }
  if (tail.waiting.length > 0 || tail.dropped > 0) tail.wake?.()
}

function addLine(tail: Tail, line: Uint8Array): void {
  tail.waiting.push(line)
  tail.waitingBytes += line.length
  while (tail.waiting.length > MAX_WAITING_LINES || tail.waitingBytes > MAX_WAITING_BYTES) {
    tail.waitingBytes -= tail.waiting.shift()?.length ?? 0
    tail.dropped++
  }
}

function addDropped(tail: Tail, records: number): void {
  tail.dropped += records
  tail.wake?.()
}

function takeNews(tail: Tail): TailNews {
  const { dropped, waiting } = tail
  tail.dropped = 0
  tail.waiting = []
  tail.waitingBytes = 0
  return { dropped, lines: Buffer.concat(waiting) }
}
