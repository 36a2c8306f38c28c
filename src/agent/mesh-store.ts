/** Fits the keeper's calls to what sessions, pairing and the mesh host ask of a store. */
import type { DeviceId } from '../model/ids.ts'
import { NO_SYNC_LIMITS } from '../model/sync-limits.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { CarryStore } from '../sync/carry-store.ts'
import type { MeshHostStore } from './mesh-host.ts'

const PORT_SETTING = 'mesh.port'
const LIMITS_SETTING = 'sync.limits'

export function meshStore(keeper: Pick<KeeperClient, 'call'>): MeshHostStore {
  return {
    rememberPeer: (device, news) => keeper.call('rememberPeer', device, news),
    addressesOf: (device) => keeper.call('addressesOf', device),
    addressesToTell: (to) => keeper.call('addressesToTell', to),
    takeAddresses: (from, rows) => keeper.call('takeAddresses', from, rows),
    membershipDigest: () => keeper.call('membershipDigest'),
    memberOpIds: () => keeper.call('memberOpIds'),
    memberOpsBeyond: (known) => keeper.call('memberOpsBeyond', known),
    acceptMemberOps: (ops) => keeper.call('acceptMemberOps', ops),
    controlHeads: (peer) => keeper.call('controlHeads', peer),
    controlEntries: (peer, fromSeq) => keeper.call('controlEntries', peer, fromSeq),
    acceptControlEntries: (peer, entries) => keeper.call('acceptControlEntries', peer, entries),
    digestFor: (peer) => keeper.call('digestFor', peer),
    rowsFor: (peer) => keeper.call('rowsFor', peer),
    readRun: (peer, range, budgetBytes) => keeper.call('readRun', peer, range, budgetBytes),
    digestOf: (peer) => keeper.call('digestOf', peer),
    takeOffer: (peer, rows) => keeper.call('takeOffer', peer, rows),
    planWants: (peer, denied) => keeper.call('planWants', peer, denied),
    takeRun: (peer, range, segments) => keeper.call('takeRun', peer, range, segments),
    planRestore: (peer, denied) => keeper.call('planRestore', peer, denied),
    takeRestored: (peer, range, segments) => keeper.call('takeRestored', peer, range, segments),
    forgetOffer: (peer) => keeper.call('forgetOffer', peer),
    refused: (code, by) => keeper.call('refused', code, by),

    answerJoin: (join, remotePeerKey) => keeper.call('pairAnswerJoin', join, remotePeerKey),
    answerOffer: (state, offer) => keeper.call('pairAnswerOffer', state, offer),
    finish: (state, accept) => keeper.call('pairFinish', state, accept),
    complete: (state, offer, accept) => keeper.call('pairComplete', state, offer, accept),
    failed: (code) => keeper.call('pairFailed', code),
    codeFailed: (code, name) => keeper.call('pairFailed', code, name),
    openNearby: () => keeper.call('pairNearbyOpened'),
    inviteNearby: (token) => keeper.call('pairNearbyInvite', token),
    startNearbyJoin: (inviter) => keeper.call('pairNearbyStart', inviter),

    invite: (addresses) => keeper.call('pairInvite', addresses),
    isPairingOpen: () => keeper.call('pairOpen'),
    startJoin: (ticket) => keeper.call('pairStart', ticket),
    setConnected: (devices: readonly DeviceId[]) => keeper.call('setConnected', devices),
    meshPort: async () => ((await keeper.call('setting', PORT_SETTING)) as number | undefined) ?? 0,
    setMeshPort: (port) => keeper.call('setSetting', PORT_SETTING, port),
    syncLimits: async () => ({ ...NO_SYNC_LIMITS, ...((await keeper.call('setting', LIMITS_SETTING)) as object) }),
    setSyncLimits: (limits) => keeper.call('setSetting', LIMITS_SETTING, limits),
  }
}

/** What sessions need besides, so that things can go through carriers. */
export function carryStore(keeper: Pick<KeeperClient, 'call'>): CarryStore {
  return {
    offerFor: (peer) => keeper.call('offerFor', peer),
    readCarried: (peer, range, budgetBytes) => keeper.call('readCarried', peer, range, budgetBytes),
    takeOfferToCarry: (peer, rows) => keeper.call('takeOfferToCarry', peer, rows),
    planCarry: (peer, denied) => keeper.call('planCarry', peer, denied),
    takeCarried: (peer, range, segments) => keeper.call('takeCarried', peer, range, segments),
    forgetOfferToCarry: (peer) => keeper.call('forgetOfferToCarry', peer),
    digestSeen: (peer) => keeper.call('digestSeen', peer),
    tookAll: (peer, digest) => keeper.call('tookAll', peer, digest),
    acknowledged: (reader, rows) => keeper.call('acknowledged', reader, rows),
    heldOfOffered: (peer) => keeper.call('heldOfOffered', peer),
    relayOffer: (peer) => keeper.call('relayOffer', peer),
    relayHeld: (peer, rows) => keeper.call('relayHeld', peer, rows),
    relayItems: (peer, row) => keeper.call('relayItems', peer, row),
    takeRelay: (peer, entries, manifests) => keeper.call('takeRelay', peer, entries, manifests),
    takeReceipt: (carrier, receipt) => keeper.call('takeReceipt', carrier, receipt),
    takeCarryRefusal: (carrier, code) => keeper.call('takeCarryRefusal', carrier, code),
  }
}
