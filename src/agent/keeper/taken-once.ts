/**
 * Takes each batch of a module once (docs/spec/bus.md BU36): one that was committed before is answered as it was then, save
 * for what was counted; one that is on its way already gets the same answer.
 */
import type { Admitted } from '../../ingest/admit.ts'
import type { Delivery } from '../../model/delivery.ts'
import type { DeliveryTable } from '../../store/delivery-table.ts'

const NOTHING_NEW: Admitted = { chunks: [], accepted: 0, rejected: undefined, dropped: 0 }

export class TakenOnce {
  readonly #deliveries: Pick<DeliveryTable, 'has'>
  readonly #underWay = new Map<string, Promise<Admitted>>()

  constructor(deliveries: Pick<DeliveryTable, 'has'>) {
    this.#deliveries = deliveries
  }

  /** @throws what `take` throws: then nothing was taken */
  async run(module: string, delivery: Delivery | undefined, take: () => Promise<Admitted>): Promise<Admitted> {
    if (delivery === undefined) return take()
    const id = JSON.stringify([module, delivery.stream, delivery.n])
    const underWay = this.#underWay.get(id)
    if (underWay !== undefined) return underWay
    if (this.#deliveries.has(module, delivery)) return NOTHING_NEW
    const taken = take()
    this.#underWay.set(id, taken)
    try {
      return await taken
    } finally {
      this.#underWay.delete(id)
    }
  }
}
