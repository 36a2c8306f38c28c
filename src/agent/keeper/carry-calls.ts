/** What sessions ask of the keeper where something goes through carriers (sync/carry-store.ts). */
import type { DeviceId } from '../../model/ids.ts'
import { headsDigest } from '../../sync/core/heads-digest.ts'
import type { CarriedOffer } from '../../sync/carry-store.ts'
import type { Sealed } from '../../sync/serving.ts'
import { decodeReceipt } from '../../wire/custody-receipt.ts'
import type { HeadRow, LogRange } from '../../wire/log-rows.ts'
import type { RelayRow } from '../../wire/sync-message-types.ts'
import type { Keeper } from './keeper.ts'
import { Withheld } from './withheld.ts'

export function carryCalls(keeper: Keeper) {
  const { carrying, manifests, relaying, serving, receiving, store, card } = keeper
  const withheld = new Withheld({
    manifests,
    receiving,
    carriers: store.carriers,
    onBehind: (carrier) => keeper.refusedOf('CARRY_BEHIND', carrier),
  })
  const { sha256 } = keeper.deps.crypto
  /** Before anything is said to anybody: what we grant now is what our manifests say. */
  const renewed = async (): Promise<void> => {
    await keeper.handedOver()
    await manifests.renew()
  }
  return {
    offerFor(peer: DeviceId): CarriedOffer {
      const isCarrier = manifests.carriers().includes(peer)
      const toRead = carrying.rowsFor(peer)
      const toCarry = [...(isCarrier ? serving.rowsToCarry(peer) : []), ...carrying.rowsToCarry(peer)]
      const rows = [...toRead, ...toCarry]
      return { toRead, toCarry, digest: rows.length === 0 ? undefined : headsDigest(rows, sha256) }
    },
    readCarried: (peer: DeviceId, range: LogRange, budgetBytes: number) => carrying.read(peer, range, budgetBytes),
    takeOfferToCarry: (peer: DeviceId, rows: readonly HeadRow[]): void => carrying.offer(peer, rows),
    planCarry(peer: DeviceId, denied?: LogRange) {
      if (denied) carrying.setAside(peer, denied)
      return carrying.plan(peer)
    },
    takeCarried(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): Uint8Array {
      const receipt = carrying.take(peer, range, segments)
      keeper.announce()
      return receipt
    },
    forgetOfferToCarry: (peer: DeviceId): void => carrying.forget(peer),
    digestSeen: (peer: DeviceId) => store.carriers.seenOf(peer),
    tookAll(peer: DeviceId, digest: Uint8Array | undefined): void {
      if (digest !== undefined) store.carriers.setSeen(peer, digest)
      withheld.tookAll(peer)
    },
    acknowledged: (reader: DeviceId, rows: readonly LogRange[]): void =>
      carrying.acknowledged(
        reader,
        rows.filter(({ author }) => author !== card.deviceId),
      ),
    heldOfOffered: (peer: DeviceId) => receiving.heldOfOffered(peer).filter(({ author }) => author !== peer),

    async relayOffer(peer: DeviceId) {
      await renewed()
      return relaying.offer(peer)
    },
    relayHeld(peer: DeviceId, rows: readonly RelayRow[]) {
      const forUs = rows.filter(({ recipient, owner }) => recipient === card.deviceId && owner !== peer)
      if (forUs.length > 0)
        withheld.tells(
          peer,
          forUs.map(({ owner }) => owner),
        )
      return relaying.held(rows)
    },
    relayItems: (peer: DeviceId, row: RelayRow) => relaying.items(peer, row),
    async takeRelay(_peer: DeviceId, entries: readonly Uint8Array[], relayed: readonly Uint8Array[]) {
      const isNew = await relaying.take({ entries, manifests: relayed })
      if (isNew) keeper.relayed()
      return isNew
    },

    takeReceipt(carrier: DeviceId, bytes: Uint8Array): void {
      const receipt = decodeReceipt(bytes, keeper.deps.crypto)
      if (receipt.carrier !== carrier || receipt.author !== card.deviceId || store.logs.find(receipt) === undefined) {
        return keeper.refusedOf('CARRY_RECEIPT', carrier)
      }
      store.carriers.insertReceipt(carrier, receipt, bytes)
      store.carriers.setRefused(carrier, undefined, 0)
    },
    takeCarryRefusal: (carrier: DeviceId, code: string): void =>
      store.carriers.setRefused(carrier, code, keeper.deps.clock.now()),
  }
}
