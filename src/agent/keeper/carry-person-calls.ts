/** What a person may ask about carrying: whether this device does it, for whom and how much, and who does it for this one. */
import type { DeviceId } from '../../model/ids.ts'
import { carryStanding, type CarryStanding } from '../../policy/decide-carry.ts'
import { decodeReceipt, type CustodyReceipt } from '../../wire/custody-receipt.ts'
import { DEFAULT_CARRY_DAYS, carryLimits } from './carry-part.ts'
import { SETTING } from './device-settings.ts'
import type { Keeper } from './keeper.ts'

export interface CarryRequest {
  readonly on: boolean
  /** As before where it is not said. */
  readonly maxBytes?: number | undefined
}
/** What this device carries of one owner. */
export interface CarriedOwner {
  readonly owner: DeviceId
  readonly standing: CarryStanding
  /** For whom, as far as the owner has said. */
  readonly readers: readonly DeviceId[]
  readonly segments: number
  readonly bytes: number
}
/** What another device carries for this one. */
export interface CarrierOfOurs {
  readonly carrier: DeviceId
  readonly standing: CarryStanding
  /** Why it takes nothing more. */
  readonly refused: string | null
  readonly refusedUnixMs: number | null
  /** The latest of each log: the carrier's signed word that it keeps it. */
  readonly receipts: readonly CustodyReceipt[]
}

export function carryPersonCalls(keeper: Keeper) {
  const { store, carrying, manifests, members, shareViews, card } = keeper
  const others = (): readonly DeviceId[] =>
    [...members.current().members.keys()].filter((device) => device !== card.deviceId)
  return {
    carryLimits: () => carryLimits(store),
    /** The leaf comes first, as every leaf does. */
    setCarry({ on, maxBytes }: CarryRequest) {
      const limits = { on, maxBytes: maxBytes ?? carryLimits(store).maxBytes, keepDays: DEFAULT_CARRY_DAYS }
      keeper.ledger.append({
        type: 'carry.changed',
        outcome: 'success',
        actor: { kind: 'user', ref: card.deviceId },
        object: { kind: 'device', ref: card.deviceId },
        payload: { on, maxBytes: limits.maxBytes, keepDays: limits.keepDays },
      })
      store.settings.set(SETTING.carry, limits)
      if (!on) carrying.clear()
      // What was refused meanwhile may be taken now.
      store.carriers.forgetSeen()
      carrying.reconsider()
      keeper.deps.onEvent('view')
      return limits
    },
    carriedHere(): readonly CarriedOwner[] {
      return others().flatMap((owner) => {
        const standing = carryStanding(shareViews.of(owner), owner, card.deviceId)
        const use = store.carried.useOf(owner)
        const readers = [...new Set(manifests.contentFor(owner)?.routes.map(({ device }) => device))]
        return standing === 'ended' && use.segments === 0 ? [] : [{ owner, standing, readers, ...use }]
      })
    },
    carriedForUs(): readonly CarrierOfOurs[] {
      const notes = new Map(store.carriers.notes().map((note) => [note.device, note]))
      const receipts = Map.groupBy(store.carriers.receipts(), ({ carrier }) => carrier)
      return others().flatMap((carrier) => {
        const standing = carryStanding(shareViews.of(), card.deviceId, carrier)
        if (standing === 'ended') return []
        const note = notes.get(carrier)
        return [
          {
            carrier,
            standing,
            refused: note?.refused ?? null,
            refusedUnixMs: note?.refusedUnixMs ?? null,
            receipts: (receipts.get(carrier) ?? []).map(({ bytes }) => decodeReceipt(bytes, keeper.deps.crypto)),
          },
        ]
      })
    },
  }
}
