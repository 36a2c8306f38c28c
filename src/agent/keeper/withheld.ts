/**
 * Carriers that bring an owner's word of more than they bring records: stale, or keeping something back. Which of the two
 * nothing proves, so it is counted and shown, and that is all (docs/spec/carry.md, CA18).
 */
import type { DeviceId } from '../../model/ids.ts'
import type { CarryBook } from '../../store/carry-book.ts'
import type { Manifests } from '../../sync/manifests.ts'
import type { Receiving } from '../../sync/receiving.ts'

export interface WithheldDeps {
  readonly manifests: Pick<Manifests, 'saidTo'>
  readonly receiving: Pick<Receiving, 'missingOf'>
  readonly carriers: Pick<CarryBook, 'notes' | 'setBehind'>
  readonly onBehind: (carrier: DeviceId) => void
}

export class Withheld {
  readonly #deps: WithheldDeps
  /** Owners of which a device has brought word in this run. */
  readonly #told = new Map<DeviceId, Set<DeviceId>>()

  constructor(deps: WithheldDeps) {
    this.#deps = deps
  }

  tells(carrier: DeviceId, owners: readonly DeviceId[]): void {
    this.#told.set(carrier, new Set([...(this.#told.get(carrier) ?? []), ...owners]))
  }

  /** All that a carrier offered is here: what its owners say there is besides, it does not bring. */
  tookAll(carrier: DeviceId): void {
    const { manifests, receiving, carriers, onBehind } = this.#deps
    const owners = [...(this.#told.get(carrier) ?? [])]
    const behind = owners.reduce((sum, owner) => {
      const said = manifests.saidTo(owner)
      return said === undefined ? sum : sum + receiving.missingOf(owner, said.offers)
    }, 0)
    const before = carriers.notes().find(({ device }) => device === carrier)?.behind ?? 0
    if (behind === before) return
    carriers.setBehind(carrier, behind)
    if (behind > before) onBehind(carrier)
  }
}
