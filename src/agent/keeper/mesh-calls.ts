/** What sessions, pairing and the mesh host ask of the keeper (mesh-store.ts). Every function answers after the commit it stands for. */
import type { DeviceId, OpId } from '../../model/ids.ts'
import type { PeerMemory } from '../../store/small-tables.ts'
import type { InviterState, JoinerState, NearbyInviter } from '../../sync/pairing/pairing-service.ts'
import type { Sealed } from '../../sync/serving.ts'
import type { HeadRow, LogRange } from '../../wire/log-rows.ts'
import type { PairAccept, PairJoin, PairOffer } from '../../wire/pair-messages.ts'
import type { AddressRow } from '../../wire/sync-message-types.ts'
import type { Keeper } from './keeper.ts'

/** The parts of a keeper that share records with other devices. */
export type MeshParts = Pick<
  Keeper,
  | 'card'
  | 'consents'
  | 'members'
  | 'pairing'
  | 'serving'
  | 'receiving'
  | 'restoring'
  | 'peers'
  | 'addresses'
  | 'setConnected'
  | 'notePeerHolds'
  | 'handedOver'
  | 'refusedOf'
> & { readonly refusals: Pick<Keeper['refusals'], 'add'> }

export function meshCalls(keeper: MeshParts) {
  const { consents, members, pairing, serving, receiving, restoring, peers, addresses, card } = keeper
  return {
    setConnected: (devices: readonly DeviceId[]): void => keeper.setConnected(devices),
    peer: (device: DeviceId) => ({ known: peers.get(device), refused: peers.refusedOf(device) }),
    rememberPeer: (device: DeviceId, news: Partial<Omit<PeerMemory, 'deviceId'>>): void => peers.remember(device, news),
    addressesOf: (device: DeviceId) => addresses.toTry(device),
    addressesToTell: (to: DeviceId) => addresses.toTell(to),
    takeAddresses: (from: DeviceId, rows: readonly AddressRow[]): void => addresses.take(from, rows),

    membershipDigest: () => members.digest(),
    memberOpIds: () => members.opIds(),
    memberOpsBeyond: (known: readonly OpId[]) => members.opsBeyond(new Set(known)),
    acceptMemberOps: (ops: readonly Uint8Array[]) => members.accept(ops),

    controlHeads: (peer: DeviceId) => ({
      mine: consents.head(card.deviceId, peer),
      yours: consents.head(peer, card.deviceId),
    }),
    controlEntries(peer: DeviceId, fromSeq: number) {
      keeper.notePeerHolds(peer, fromSeq)
      return consents.entriesFor(peer, fromSeq)
    },
    async acceptControlEntries(peer: DeviceId, entries: readonly Uint8Array[]) {
      const isNew = await consents.receive(peer, entries)
      if (isNew) receiving.resume(peer)
      return isNew
    },

    digestFor: (peer: DeviceId) => serving.digestFor(peer),
    async rowsFor(peer: DeviceId) {
      await keeper.handedOver()
      return serving.rowsFor(peer)
    },
    readRun: (peer: DeviceId, range: LogRange, budgetBytes: number) => serving.read(peer, range, budgetBytes),
    digestOf: (peer: DeviceId) => receiving.digestOf(peer),
    takeOffer: (peer: DeviceId, rows: readonly HeadRow[]) => receiving.offer(peer, rows),
    planWants(peer: DeviceId, denied?: LogRange) {
      if (denied) receiving.setAside(peer, denied)
      return receiving.plan(peer)
    },
    takeRun: (peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void =>
      receiving.take(peer, range, segments),
    planRestore(peer: DeviceId, denied?: LogRange) {
      if (denied) restoring.setAside(peer, denied)
      return restoring.plan(peer)
    },
    takeRestored: (peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void =>
      restoring.take(peer, range, segments),
    forgetOffer(peer: DeviceId): void {
      receiving.forget(peer)
      restoring.forget(peer)
    },
    /** @param by who sent it; somebody who is not known is only counted */
    refused: (code: string, by?: DeviceId): void =>
      by === undefined ? keeper.refusals.add('sync', code) : keeper.refusedOf(code, by),

    pairInvite: (ours: readonly string[]) => pairing.invite(ours),
    pairOpen: (): boolean => pairing.isOpen(),
    pairStart: (ticket: string) => pairing.startJoin(ticket),
    pairAnswerJoin: (join: PairJoin, remotePeerKey: Uint8Array) => pairing.answerJoin(join, remotePeerKey),
    pairAnswerOffer: (state: JoinerState, offer: PairOffer) => pairing.answerOffer(state, offer),
    pairFinish: (state: InviterState, accept: PairAccept) => pairing.finish(state, accept),
    pairComplete: (state: JoinerState, offer: PairOffer, accept: PairAccept) => pairing.complete(state, offer, accept),
    pairFailed: (code: string, name?: string): void => pairing.recordFailure(code, name),
    pairNearbyOpened: (): void => pairing.openNearby(),
    pairNearbyInvite: (token: Uint8Array): void => pairing.inviteNearby(token),
    pairNearbyStart: (inviter: NearbyInviter) => pairing.startNearbyJoin(inviter),
  }
}
