/**
 * Batches until the agent has committed them: first in, first out, a few under way at a time. While the agent is away they go
 * to the spool, if there is one; small ones of a kind are joined there, which OTLP allows. Bounded in memory and on disk: when
 * full, the oldest that is not under way makes room, and is counted.
 */
import { concat } from '../base/bytes.ts'
import { isSignal, type Batch, type BatchKind } from './batch.ts'
import { MAX_SPOOLED_BYTES, type Spool } from './spool/spool.ts'

/** Most bytes kept in memory. */
export const MAX_QUEUED_BYTES = 16 * 1_048_576
/** Most batches sent and not yet answered: enough to hide a commit's time, few enough to stay in order. */
export const MAX_UNDER_WAY = 4
/** A batch on disk that is smaller is joined with the next of its kind, and stays in memory too until then. */
export const JOINED_BYTES = 262_144

export interface BatchQueueOptions {
  readonly spool?: Spool | undefined
  readonly maxBytes?: number
  readonly maxSpooledBytes?: number
}

interface Entry extends Batch {
  records: number
  size: number
  /** Undefined once it is on disk only. */
  bytes: Uint8Array | undefined
  /** What of it is on disk, or about to be. */
  spooledBytes: number
  /** One that may have arrived is never sent again with more in it. */
  wasSent: boolean
}

export class BatchQueue {
  readonly #spool: Spool | undefined
  readonly #maxBytes: number
  readonly #maxSpooledBytes: number
  /** In the order added, those under way included. */
  #entries: Entry[] = []
  readonly #underWay = new Set<number>()
  #bytes = 0
  #spooledBytes = 0
  /** The disk does one thing after the other. */
  #atWork: Promise<unknown> = Promise.resolve()

  constructor({ spool, maxBytes = MAX_QUEUED_BYTES, maxSpooledBytes = MAX_SPOOLED_BYTES }: BatchQueueOptions = {}) {
    this.#spool = spool
    this.#maxBytes = maxBytes
    this.#maxSpooledBytes = maxSpooledBytes
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Whether so little waits in memory that nothing is dropped soon. */
  get hasRoom(): boolean {
    return this.#bytes <= this.#maxBytes / 2
  }

  /** The lowest number of a stream that is not done with. */
  oldestOf(stream: string): number | undefined {
    return this.#entries.find((entry) => entry.stream === stream)?.n
  }

  /** @returns records dropped to make room. */
  add(batch: Batch, bytes: Uint8Array): number {
    this.#entries.push({ ...batch, bytes, size: bytes.length, spooledBytes: 0, wasSent: false })
    this.#bytes += bytes.length
    return this.#dropWhile(
      () => this.#bytes > this.#maxBytes,
      ({ bytes: kept }) => kept !== undefined,
    )
  }

  /** What earlier runs left comes before everything else. @returns records dropped because there is too much of it */
  async takeOver(nextSeq: () => number): Promise<number> {
    const found = (await this.#spool?.takeOver()) ?? []
    // They may have arrived, whatever their run knew of it.
    const entries = found.map((batch): Entry => ({
      ...batch,
      seq: nextSeq(),
      bytes: undefined,
      spooledBytes: batch.size,
      wasSent: true,
    }))
    this.#entries = [...entries, ...this.#entries]
    this.#spooledBytes += entries.reduce((sum, { size }) => sum + size, 0)
    return this.#dropFromDisk()
  }

  /** The agent is away: what waits in memory goes to the spool. @returns records dropped to make room there */
  spool(isSpooled: (kind: BatchKind) => boolean): number {
    if (this.#spool === undefined) return 0
    this.#join(isSpooled)
    for (const entry of this.#entries) {
      if (entry.bytes === undefined || entry.spooledBytes === entry.size || !isSpooled(entry.kind)) continue
      this.#spooledBytes += entry.size - entry.spooledBytes
      entry.spooledBytes = entry.size
      this.#write(entry)
    }
    return this.#dropFromDisk()
  }

  /** Resolves once the disk has what it was given. */
  async spooled(): Promise<void> {
    await this.#atWork
  }

  /** The oldest batch not under way, which it then is; `undefined` if there is none or enough are. */
  next(): Batch | undefined {
    if (this.#underWay.size >= MAX_UNDER_WAY) return undefined
    const entry = this.#entries.find(({ seq }) => !this.#underWay.has(seq))
    if (!entry) return undefined
    this.#underWay.add(entry.seq)
    entry.wasSent = true
    return entry
  }

  /** A promise if they are on disk only; of undefined if they cannot be read there any more. */
  bytesOf({ seq }: Batch): Uint8Array | Promise<Uint8Array | undefined> {
    const entry = this.#find(seq)
    return entry?.bytes ?? Promise.resolve(entry && this.#spool?.read(entry))
  }

  /** Done with: committed or refused for good. @returns the batch, or `undefined` if it was settled before. */
  settle(seq: number): Batch | undefined {
    const entry = this.#find(seq)
    if (!entry) return undefined
    this.#entries = this.#entries.filter((each) => each !== entry)
    this.#underWay.delete(seq)
    if (entry.bytes !== undefined) this.#bytes -= entry.size
    if (entry.spooledBytes > 0) {
      this.#spooledBytes -= entry.spooledBytes
      this.#later((spool) => spool.remove(entry))
    }
    return entry
  }

  /** Will be sent again, in its old place. */
  retry(seq: number): void {
    this.#underWay.delete(seq)
  }

  /** The connection is gone: whatever was under way will be sent again. */
  retryAll(): void {
    this.#underWay.clear()
  }

  /** Takes out all batches of a kind that nobody collects any more. @returns their records. */
  discard(kind: BatchKind): number {
    return this.#entries
      .filter((entry) => entry.kind === kind)
      .reduce((records, { seq }) => records + (this.settle(seq)?.records ?? 0), 0)
  }

  #find(seq: number): Entry | undefined {
    return this.#entries.find((entry) => entry.seq === seq)
  }

  /** Batches of one kind that were never sent become one, up to a size: a second's worth each would be thousands of files. */
  #join(isSpooled: (kind: BatchKind) => boolean): void {
    const open = new Map<BatchKind, Entry>()
    const joined = new Set<Entry>()
    for (const entry of this.#entries) {
      if (entry.bytes === undefined || entry.wasSent || !isSignal(entry.kind) || !isSpooled(entry.kind)) continue
      const earlier = open.get(entry.kind)
      if (earlier?.bytes === undefined || earlier.size >= JOINED_BYTES) {
        open.set(entry.kind, entry)
        continue
      }
      earlier.bytes = concat(earlier.bytes, entry.bytes)
      earlier.size += entry.size
      earlier.records += entry.records
      joined.add(entry)
    }
    if (joined.size > 0) this.#entries = this.#entries.filter((entry) => !joined.has(entry))
  }

  #write(entry: Entry): void {
    this.#later(async (spool) => {
      const { bytes, size } = entry
      if (bytes === undefined || this.#find(entry.seq) !== entry) return
      try {
        await spool.write(entry, bytes)
      } catch {
        this.#spooledBytes -= entry.spooledBytes
        entry.spooledBytes = 0 // a full disk: it waits in memory, and for the next time
        return
      }
      const isLast = entry.size === size && this.#find(entry.seq) === entry
      if (isLast && (size >= JOINED_BYTES || !isSignal(entry.kind))) {
        entry.bytes = undefined
        this.#bytes -= size
      }
    })
  }

  #later(work: (spool: Spool) => Promise<void>): void {
    const spool = this.#spool
    if (spool !== undefined) this.#atWork = this.#atWork.then(() => work(spool))
  }

  #dropFromDisk(): number {
    return this.#dropWhile(
      () => this.#spooledBytes > this.#maxSpooledBytes,
      ({ spooledBytes }) => spooledBytes > 0,
    )
  }

  #dropWhile(isTooMuch: () => boolean, takesRoom: (entry: Entry) => boolean): number {
    let dropped = 0
    while (isTooMuch()) {
      const oldest = this.#entries.find((entry) => !this.#underWay.has(entry.seq) && takesRoom(entry))
      if (!oldest) break
      this.settle(oldest.seq)
      dropped += oldest.records
    }
    return dropped
  }
}
