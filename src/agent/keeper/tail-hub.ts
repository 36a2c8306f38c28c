/**
 * Who watches records as they come, and what they have yet to be told. Nothing is done while nobody watches. Records are
 * looked at after they were committed and answered, in turns with all else; whoever cannot keep up loses the oldest lines
 * and is told how many: neither the store nor ingest ever waits for a watcher.
 */
import { utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { MeshError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import type { LiveLines } from '../../query/search/live-lines.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'

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

export type TailErrorCode =
  /** Too many watch already. */
  | 'TAIL_BUSY'
  /** There is no such watcher, or not any more. */
  | 'TAIL_ENDED'
export class TailError extends MeshError<TailErrorCode> {}

/** Records that were just committed. */
export interface Committed {
  readonly lane: string
  readonly records: number
  readonly chunk: StoredChunk
}

/** What a watcher is told: that lines are missing, then lines. */
export interface TailNews {
  /** Records that were not looked at, and lines that found no room, since the last news. */
  readonly dropped: number
  /** Lines of JSON, each with its line break. */
  readonly lines: Uint8Array
}

interface Tail {
  readonly lane: SearchLane
  readonly linesOf: LiveLines
  /** The oldest first. */
  waiting: Uint8Array[]
  waitingBytes: number
  dropped: number
  wake: (() => void) | undefined
}

export interface TailHubDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Does something after whatever else there is to do now. */
  readonly later: (work: () => void) => void
  readonly onFailure: (err: unknown) => void
}

export class TailHub {
  readonly #deps: TailHubDeps
  readonly #tails = new Map<number, Tail>()
  #unseen: Committed[] = []
  #unseenBytes = 0
  /** What is under way of looking at them; undefined while there is nothing to look at. */
  #looking: Steps<void> | undefined
  #lastId = 0

  constructor(deps: TailHubDeps) {
    this.#deps = deps
  }

  /** @returns the watcher's number. @throws {TailError} `TAIL_BUSY` */
  open(lane: SearchLane, linesOf: LiveLines): number {
    if (this.#tails.size >= MAX_TAILS) throw new TailError('TAIL_BUSY', `no more than ${MAX_TAILS} can watch at once`)
    this.#tails.set(++this.#lastId, { lane, linesOf, waiting: [], waitingBytes: 0, dropped: 0, wake: undefined })
    return this.#lastId
  }

  close(id: number): void {
    const tail = this.#tails.get(id)
    this.#tails.delete(id)
    tail?.wake?.()
    if (this.#tails.size === 0) this.#forgetUnseen()
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
  offer({ lane, records, chunk }: Committed): void {
    if (!this.isWatched(lane)) return
    if (this.#unseenBytes + chunk.payload.length > MAX_UNSEEN_BYTES) {
      for (const tail of this.#tails.values()) if (tail.lane === lane) addDropped(tail, records)
      return
    }
    this.#unseen.push({ lane, records, chunk: { ...chunk, payload: chunk.payload.slice() } })
    this.#unseenBytes += chunk.payload.length
    this.#look()
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

  #look(): void {
    if (this.#looking !== undefined) return
    this.#looking = this.#lookAtAll()
    this.#deps.later(() => this.#turn())
  }

  /** Of its own, beside those of queries: what is live does not wait in line behind four long ones. */
  #turn(): void {
    const endMs = this.#deps.clock.monotonic() + TAIL_TURN_MS
    try {
      do {
        if (this.#looking?.next().done !== true) continue
        this.#looking = undefined
        return
      } while (this.#deps.clock.monotonic() < endMs)
    } catch (err) {
      this.#looking = this.#lookAtAll()
      this.#deps.onFailure(err)
    }
    this.#deps.later(() => this.#turn())
  }

  *#lookAtAll(): Steps<void> {
    for (let next = this.#unseen.shift(); next !== undefined; next = this.#unseen.shift()) {
      this.#unseenBytes -= next.chunk.payload.length
      for (const tail of this.#tails.values()) if (tail.lane === next.lane) yield* tell(tail, next)
      yield
    }
  }

  /** Ends every watcher. */
  stop(): void {
    for (const id of this.#tails.keys()) this.close(id)
  }

  #forgetUnseen(): void {
    this.#unseen = []
    this.#unseenBytes = 0
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
