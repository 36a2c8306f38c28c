/**
 * Records made on this device, from the door to the disk. Requests that wait at the same moment share one commit, so
 * that many small batches cost one fsync; each is answered only after it.
 */
import { toLogId, type DeviceId, type Incarnation, type LogId } from '../../model/ids.ts'
import { AGENT_MODULE, BASE_PART, OTLP_PREFIX, type Signal, type StoredLane } from '../../model/lane.ts'
import type { Stage } from '../../model/stage.ts'
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { admit, type Admitted, type AdmittedChunk, type Origin } from '../../ingest/admit.ts'
import { decideAdmission } from '../../policy/stage-gate.ts'
import type { LocalBatch, SegmentWriter } from '../../store/segment-writer.ts'
import type { DeliveryTable } from '../../store/delivery-table.ts'
import type { LogTable, StoredLog } from '../../store/log-table.ts'
import type { CounterTable } from '../../store/small-tables.ts'
import { toStoreError } from '../../store/store-error.ts'
import type { Epochs } from '../../sync/epochs.ts'
import { digestOfPayload } from '../../wire/index/payload-digest.ts'
import { unnamedOf } from '../../wire/otlp/rejected-tally.ts'
import { StageError } from './stage-error.ts'
import type { TailHub } from './tail-hub.ts'

const LOG_ID_BYTES = 16

export interface LocalIntakeDeps {
  readonly crypto: Crypto
  readonly clock: Pick<Clock, 'now'>
  readonly store: {
    readonly logs: Pick<LogTable, 'ofAuthor' | 'findOwn' | 'add'>
    readonly deliveries: Pick<DeliveryTable, 'add'>
    readonly counters: Pick<CounterTable, 'add'>
  }
  readonly writer: Pick<SegmentWriter, 'append'>
  readonly epochs: Epochs
  readonly self: DeviceId
  readonly incarnation: Incarnation
  readonly stage: () => Stage
  /** Throws while nothing may come in (ST25). */
  readonly requireOpen: () => void
  /** What was admitted could not be kept. */
  readonly onRefused: (err: unknown) => void
  /** Called after a commit; `didCut` says that segments were made. */
  readonly onCommit: (didCut: boolean) => void
  /** Does something in a round of the event loop of its own. */
  readonly later: (work: () => void) => void
  /** Told of what was committed. */
  readonly tails: Pick<TailHub, 'offer'>
}

interface Waiting {
  readonly origin: Origin
  readonly admitted: Admitted
  readonly resolve: (admitted: Admitted) => void
  readonly reject: (err: unknown) => void
}

export class LocalIntake {
  readonly #deps: LocalIntakeDeps
  #waiting: Waiting[] = []

  constructor(deps: LocalIntakeDeps) {
    this.#deps = deps
  }

  /**
   * @returns once every accepted record is durable and visible to the next query
   * @throws {OtlpError} if the message cannot be read, {StoreError} if it cannot be kept
   */
  take(signal: Signal, bytes: Uint8Array, origin: Origin): Promise<Admitted> {
    this.#deps.requireOpen()
    const admitted = admit({
      signal,
      bytes,
      origin,
      stage: this.#deps.stage(),
      knownSources: this.#knownSources(signal),
    })
    if (this.#waiting.length === 0) this.#deps.later(() => this.commitWaiting())
    return new Promise((resolve, reject) => this.#waiting.push({ origin, admitted, resolve, reject }))
  }

  /**
   * Keeps the errors of log records that are kept already, on their own: they are no news to anybody.
   * @param also what belongs into the same transaction
   */
  keepErrors(module: string, payload: Uint8Array, also: () => void): void {
    const origin = { kind: 'agent', module } as const
    const { chunks } = admit({ signal: 'logs', bytes: payload, origin, stage: 'casual', knownSources: new Set() })
    const batches = chunks.map((chunk) => this.#toBatch(chunk))
    this.#deps.onCommit(this.#deps.writer.append(batches, also))
  }

  /**
   * What the person wrote, as records of documents; durable and visible to the next query on return.
   * @throws {StoreError} if it cannot be kept, {StageError} where the stage collects none
   */
  keepDocument(payload: Uint8Array): void {
    const { requireOpen, stage, epochs, writer, onCommit, onRefused, tails, self } = this.#deps
    requireOpen()
    if (!decideAdmission(stage(), { lane: 'documents', origin: 'agent' }).admit) {
      throw new StageError('STAGE_TOO_LOW', 'this stage keeps no documents')
    }
    const log = this.#logFor('documents', AGENT_MODULE)
    const digest = digestOfPayload('documents', payload)
    try {
      onCommit(writer.append([{ log, epoch: epochs.current('documents').n, payload, digest }]))
    } catch (err) {
      onRefused(err)
      throw toStoreError(err)
    }
    const chunk = { deviceId: self, module: AGENT_MODULE, provenance: 'unverified', payload } as const
    tails.offer({ lane: 'documents', records: digest.records, chunk })
  }

  /** Commits now what was admitted and waits for its commit. Never throws. */
  commitWaiting(): void {
    if (this.#waiting.length > 0) this.#commit()
  }

  #commit(): void {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const batches = waiting.flatMap(({ admitted }) => admitted.chunks.map((chunk) => this.#toBatch(chunk)))
      const didCut = batches.length > 0 && this.#deps.writer.append(batches, () => this.#noteDeliveries(waiting))
      for (const { admitted, resolve } of waiting) resolve(admitted)
      if (batches.length > 0) this.#deps.onCommit(didCut)
      for (const { admitted } of waiting) for (const chunk of admitted.chunks) this.#offer(chunk)
      this.#count(waiting)
    } catch (err) {
      // What fails after the commit rejects nobody: what was answered stays so, and would only be sent again.
      for (const { reject } of waiting) reject(toStoreError(err))
      this.#deps.onRefused(err)
    }
  }

  /** A batch of which nothing is kept may come again: nothing will be kept of it then. */
  #noteDeliveries(waiting: readonly Waiting[]): void {
    const { store, clock } = this.#deps
    for (const { origin, admitted } of waiting) {
      const isKept = admitted.chunks.length > 0
      if (isKept && origin.kind === 'bus' && origin.delivery)
        store.deliveries.add(origin.module, origin.delivery, clock.now())
    }
  }

  #offer({ lane, module, payload, digest }: AdmittedChunk): void {
    const chunk = { deviceId: this.#deps.self, module, provenance: 'unverified', payload } as const
    this.#deps.tails.offer({ lane, records: digest.records, chunk })
  }

  #toBatch({ lane, module, payload, digest }: AdmittedChunk): LocalBatch {
    return { log: this.#logFor(lane, module), epoch: this.#deps.epochs.current(lane).n, payload, digest }
  }

  #logFor(lane: StoredLane, module: string): StoredLog {
    const { store, crypto, self, incarnation } = this.#deps
    const known = store.logs.findOwn(lane, module, BASE_PART, incarnation)
    if (known) return known
    const log = toLogId(crypto.randomBytes(LOG_ID_BYTES)) as LogId
    return store.logs.add({ author: self, log, incarnation, lane, module, part: BASE_PART }, true)
  }

  /** Names that have a log, or will have one at the next commit. */
  #knownSources(lane: Signal): ReadonlySet<string> {
    const { store, self } = this.#deps
    const waiting = this.#waiting.flatMap(({ admitted }) => admitted.chunks)
    const named = [...store.logs.ofAuthor(self), ...waiting].filter((each) => each.lane === lane)
    return new Set(named.map(({ module }) => module).filter((module) => module.startsWith(OTLP_PREFIX)))
  }

  /** Nothing is left out in silence: what a stage does not collect and what was malformed is counted. */
  #count(waiting: readonly Waiting[]): void {
    const { counters } = this.#deps.store
    const dropped = waiting.reduce((sum, { admitted }) => sum + admitted.dropped, 0)
    if (dropped > 0) counters.add('ingest.dropped_by_stage', dropped)
    for (const { admitted } of waiting) {
      const { rejected } = admitted
      if (rejected === undefined) continue
      for (const { code, count } of rejected.reasons) counters.add(`ingest.rejected.${code}`, count)
      const unnamed = unnamedOf(rejected)
      if (unnamed > 0) counters.add('ingest.rejected.other', unnamed)
    }
  }
}
