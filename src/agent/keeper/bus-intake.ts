/** A bus module's batch: read, taken once, and answered with what of it was refused, and why. */
import type { Delivery } from '../../model/delivery.ts'
import type { Signal } from '../../model/lane.ts'
import type { Admitted, Origin } from '../../ingest/admit.ts'
import { withMalformed } from '../../ingest/refusal-count.ts'
import { otlpJsonToProtobuf } from '../../wire/otlp/from-json.ts'
import { addRejected } from '../../wire/otlp/rejected-tally.ts'
import type { RejectedRecords } from '../../wire/otlp/rows.ts'
import type { Keeper } from './keeper.ts'
import type { PluginBook } from './plugin-book.ts'
import { TakenOnce } from './taken-once.ts'

/** Records of one bus module, as they came. */
export interface BusTelemetry {
  readonly module: string
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  readonly bytes: Uint8Array
  readonly delivery?: Delivery | undefined
  /** Of a plugin: what is left of its rate. */
  readonly maxRecords?: number | undefined
}

export interface BusTaken {
  readonly accepted: number
  readonly rejected: number
  /** Why, of the first. */
  readonly code?: string | undefined
  /** By code: records, and of a plugin also details of records. */
  readonly refusals: ReadonlyMap<string, number>
  /** Records of a plugin that count against its rate. */
  readonly spent: number
}

type BusOrigin = Extract<Origin, { kind: 'bus' }>

export class BusIntake {
  readonly #keeper: Keeper
  readonly #book: Pick<PluginBook, 'boundsOf'>
  readonly #once: TakenOnce

  constructor(keeper: Keeper, book: Pick<PluginBook, 'boundsOf'>) {
    this.#keeper = keeper
    this.#book = book
    this.#once = new TakenOnce(keeper.store.deliveries)
  }

  /** @throws {OtlpError} if the message as a whole cannot be read, and what the intake throws */
  async take(batch: BusTelemetry): Promise<BusTaken> {
    const { module, delivery, maxRecords = 0 } = batch
    const bounds = this.#book.boundsOf(module)
    const plugin = bounds && { bounds, maxRecords }
    const origin: BusOrigin = { kind: 'bus', module, delivery, plugin }
    const {
      accepted,
      rejected,
      refusals,
      spent = 0,
    } = await this.#once.run(module, delivery, () => this.#take(batch, origin))
    const { count = 0, code } = rejected ?? {}
    return { accepted, rejected: count, code, refusals: refusals ?? byCode(rejected), spent }
  }

  async #take({ signal, encoding, bytes }: BusTelemetry, origin: BusOrigin): Promise<Admitted> {
    if (encoding === 'protobuf') return this.#keeper.intake.take(signal, bytes, origin)
    const read = otlpJsonToProtobuf(signal, new TextDecoder().decode(bytes))
    const admitted = await this.#keeper.intake.take(signal, read.bytes, origin)
    const rejected = addRejected(read.rejected, admitted.rejected)
    return { ...admitted, rejected, refusals: admitted.refusals && withMalformed(admitted.refusals, read.rejected) }
  }
}

function byCode(rejected: RejectedRecords | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { code, count } of rejected?.reasons ?? []) counts.set(code, (counts.get(code) ?? 0) + count)
  return counts
}
