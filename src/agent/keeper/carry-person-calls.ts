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
  readonly receipts: readonly { readonly receipt: CustodyReceipt; readonly signed: Uint8Array }[]
}
/** An owner that others bring word of. */
export interface RelayedOwner {
  readonly owner: DeviceId
  /** When it said so, on its clock. */
  readonly atUnixMs: number
  /** Segments that it says are for this device, and that are not here. */
  readonly missing: number
}

export function carryPersonCalls(keeper: Keeper) {
  const { store, carrying, members, card } = keeper
  const others = (): readonly DeviceId[] =>
    [...members.current().members.keys()].filter((device) => device !== card.deviceId)
  return {
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
    carryReport: () => ({
      limits: carryLimits(store),
      carried: carriedHere(keeper, others()),
      carriers: carriersOfOurs(keeper, others()),
      relayed: relayedOwners(keeper, others()),
      behind: store.carriers
        .notes()
        .flatMap(({ device, behind }) => (behind > 0 ? [{ device, segments: behind }] : [])),
    }),
  }
}

function carriedHere(
  { manifests, shareViews, store, card }: Keeper,
  others: readonly DeviceId[],
): readonly CarriedOwner[] {
  return others.flatMap((owner) => {
    const standing = carryStanding(shareViews.of(owner), owner, card.deviceId)
    const use = store.carried.useOf(owner)
    const readers = [...new Set(manifests.contentFor(owner)?.routes.map(({ device }) => device))]
    return standing === 'ended' && use.segments === 0 ? [] : [{ owner, standing, readers, ...use }]
  })
}

function carriersOfOurs(
  { shareViews, store, card, deps }: Keeper,
  others: readonly DeviceId[],
): readonly CarrierOfOurs[] {
  const notes = new Map(store.carriers.notes().map((note) => [note.device, note]))
  const receipts = Map.groupBy(store.carriers.receipts(), ({ carrier }) => carrier)
  return others.flatMap((carrier) => {
    const standing = carryStanding(shareViews.of(), card.deviceId, carrier)
    if (standing === 'ended') return []
    const { refused = null, refusedUnixMs = null } = notes.get(carrier) ?? {}
    const signed = (receipts.get(carrier) ?? []).map(({ bytes }) => ({
      receipt: decodeReceipt(bytes, deps.crypto),
      signed: bytes,
    }))
    return [{ carrier, standing, refused, refusedUnixMs, receipts: signed }]
  })
}

function relayedOwners({ manifests, receiving }: Keeper, others: readonly DeviceId[]): readonly RelayedOwner[] {
  return others.flatMap((owner) => {
    const said = manifests.saidTo(owner)
    return said === undefined
      ? []
      : [{ owner, atUnixMs: said.atUnixMs, missing: receiving.missingOf(owner, said.offers) }]
  })
}
