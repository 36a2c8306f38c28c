/** A device that pairs nearby over any network: real membership, pairing and doors, with stores of memory and a clock moved by hand. */
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { toDeviceId, type DeviceId, type MeshId, type OpId } from '../../src/model/ids.ts'
import type { DeviceCard } from '../../src/model/membership.ts'
import { PairInbox } from '../../src/sync/pairing/pair-inbox.ts'
import type { NearbySteps } from '../../src/sync/pairing/nearby-ceremony.ts'
import { NearbyPairing } from '../../src/sync/pairing/nearby-pairing.ts'
import type { OpenDoor } from '../../src/sync/pairing/open-doors.ts'
import { servePairing } from '../../src/sync/pairing/pair-link.ts'
import { PairingService, type StoredInvitation } from '../../src/sync/pairing/pairing-service.ts'
import { MembershipService } from '../../src/sync/membership-service.ts'
import type { Link } from '../../src/sync/link.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { ManualClock } from './manual-clock.ts'
import { silentLog, type Device } from './network-devices.ts'

export class NearbyDevice {
  readonly name: string
  readonly device: Device
  readonly members: MembershipService
  readonly nearby: NearbyPairing
  /** Codes of failures that were recorded. */
  readonly failures: string[] = []
  /** Keys, in hex, of devices whom a dial of this one never reaches, nor fails to. */
  readonly lost = new Set<string>()
  readonly #clock: ManualClock
  readonly #card: DeviceCard
  readonly #steps: NearbySteps

  constructor(name: string, device: Device, clock: ManualClock) {
    this.name = name
    this.device = device
    this.#clock = clock
    const deviceSeed = nodeCrypto.randomBytes(32)
    const deviceId = toDeviceId(nodeCrypto.ed25519PublicKey(deviceSeed)) as DeviceId
    this.#card = { deviceId, name, peerKey: device.peerKey, sealKey: nodeCrypto.randomBytes(32) }
    this.members = this.#makeMembers(deviceSeed)
    this.#steps = this.#makeSteps()
    this.nearby = new NearbyPairing({
      log: silentLog,
      clock,
      crypto: nodeCrypto,
      steps: this.#steps,
      self: () => ({
        card: this.#card,
        mesh: this.members.mesh(),
        hasOthers: this.members.current().members.size > 1,
      }),
      dial: (door, signal) => this.#dial(door, signal),
      onChange: async () => undefined,
      onCode: () => undefined,
    })
  }

  /** Serves every link from now on, until the network stops. */
  async serve(): Promise<never> {
    for (;;) {
      const link = await this.device.inbound()
      void servePairing(link, this.#steps, this.#clock, (...seek) => this.nearby.answer(...seek))
    }
  }

  door(): OpenDoor {
    return { peerKey: this.device.peerKey, addresses: this.device.network.listening() }
  }

  /** Calls somebody by hand, and says nothing. */
  async knock(other: NearbyDevice): Promise<PairInbox> {
    const { peerKey, addresses } = other.door()
    return new PairInbox(await this.device.network.dial(peerKey, addresses, 'pair', new AbortController().signal))
  }

  #dial({ peerKey, addresses }: OpenDoor, signal: AbortSignal): Promise<Link> {
    if (this.lost.has(toHex(peerKey))) return new Promise(() => undefined)
    return this.device.network.dial(peerKey, addresses, 'pair', signal)
  }

  #makeMembers(deviceSeed: Uint8Array): MembershipService {
    const ops = new Map<OpId, Uint8Array>()
    let mesh: { readonly mesh: MeshId; readonly root: OpId } | undefined
    return new MembershipService({
      crypto: nodeCrypto,
      ownerClock: { now: () => this.#clock.now() } as never,
      deviceSeed,
      card: this.#card,
      store: {
        ops: () => [...ops.values()],
        insertOp: (opId, bytes) => ops.size !== ops.set(opId, bytes).size,
        mesh: () => mesh,
        setMesh: (next) => {
          mesh = next
        },
        transaction: (work) => work(),
      },
      ledger: { append: () => undefined },
      beforeChange: async () => undefined,
      onRemoved: () => undefined,
      onChange: () => undefined,
      onRefused: () => undefined,
    })
  }

  #makeSteps(): NearbySteps {
    const invitations = new Map<string, StoredInvitation>()
    const pairing = new PairingService({
      crypto: nodeCrypto,
      now: () => this.#clock.now(),
      card: this.#card,
      members: this.members,
      invitations: {
        insert: (invitation) => void invitations.set(toHex(invitation.tokenId), { ...invitation, usedBy: undefined }),
        get: (tokenId) => invitations.get(toHex(tokenId)),
        use(tokenId, usedBy) {
          const known = invitations.get(toHex(tokenId))
          if (known === undefined || known.usedBy !== undefined) return false
          invitations.set(toHex(tokenId), { ...known, usedBy })
          return true
        },
        prune: () => undefined,
        openCount: () => invitations.size,
      },
      ledger: { append: () => undefined },
      remember: () => undefined,
      onRefused: (code) => void this.failures.push(code),
    })
    return {
      openNearby: async () => pairing.openNearby(),
      inviteNearby: async (token) => pairing.inviteNearby(token),
      startNearbyJoin: async (inviter) => pairing.startNearbyJoin(inviter),
      answerJoin: async (join, key) => pairing.answerJoin(join, key),
      answerOffer: async (state, offer) => pairing.answerOffer(state, offer),
      finish: (state, accept) => pairing.finish(state, accept),
      complete: async (state, offer, accept) => pairing.complete(state, offer, accept),
      failed: async (code) => pairing.recordFailure(code),
      codeFailed: async (code, name) => pairing.recordFailure(code, name),
    }
  }
}
