/** Somebody on the network who pairs nearby by hand: announces an open door, answers and calls, says whatever a test wants. */
import type { Crypto } from '../../src/base/crypto.ts'
import { toDeviceId, toMeshId, type DeviceId, type MeshId } from '../../src/model/ids.ts'
import { makeBeacon } from '../../src/sync/discovery/beacon.ts'
import { MemoryDiscovery } from '../../src/sync/discovery/memory-discovery.ts'
import { nearbyCommitment, nearbyOutcome, type NearbyOutcome, type NearbyParties } from '../../src/wire/nearby-code.ts'
import type { NearbyPart, PairCommit, PairShow } from '../../src/wire/nearby-messages.ts'
import { membershipSigningBytes } from '../../src/wire/membership-op.ts'
import type { PairJoin, PairMessage, PairOffer } from '../../src/wire/pair-messages.ts'
import { pairProof } from '../../src/wire/pair-proof.ts'
import { pairTokenId } from '../../src/wire/ticket.ts'
import { silentLog } from './network-devices.ts'
import type { MeshDevice } from './mesh-device.ts'
import type { MeshWorld } from './mesh-world.ts'
import { stranger, type RawPeer, type RawSession } from './raw-peer.ts'

export class NearbyAttacker {
  readonly peer: RawPeer
  readonly part: NearbyPart
  readonly #world: MeshWorld
  readonly #seed: Uint8Array

  private constructor(world: MeshWorld, peer: RawPeer) {
    this.#world = world
    this.peer = peer
    this.#seed = world.crypto.randomBytes(32)
    const { crypto } = world
    const deviceId = toDeviceId(crypto.ed25519PublicKey(this.#seed)) as DeviceId
    this.part = {
      nonce: crypto.randomBytes(32),
      card: { deviceId, name: 'laptop', peerKey: peer.peerKey, sealKey: crypto.randomBytes(32) },
      mesh: toMeshId(crypto.randomBytes(16)) as MeshId,
      hasOthers: false,
    }
  }

  static async on(world: MeshWorld): Promise<NearbyAttacker> {
    return new NearbyAttacker(world, await stranger(world))
  }

  get crypto(): Crypto {
    return this.#world.crypto
  }

  /** Opens a door, and waits until the victim calls. */
  async isCalled(victim: MeshDevice): Promise<RawSession<PairMessage>> {
    const [address] = await this.peer.listen()
    const [, , host = '', , port] = (address as string).split('/')
    const { clock, lan, crypto } = this.#world
    const discovery = new MemoryDiscovery({ clock, log: silentLog, lan, address: host })
    await discovery.start()
    const txt = makeBeacon(crypto, this.peer.peerKey, { pairing: true, door: true })
    discovery.announce({ port: Number(port), txt })
    const called = this.peer.nextPairLink()
    called.catch(() => undefined)
    await this.#world.advance(4_000, 500) // a victim with the higher key waits to be called itself
    const session = await this.#world.until(called)
    await this.#world.settle()
    lan.leave(discovery)
    if (session.all('seek').length !== 1) throw new Error(`${victim.name} did not seek`)
    return session
  }

  parties(callerPeerKey: Uint8Array, answererPeerKey: Uint8Array, versions: readonly number[] = [1]): NearbyParties {
    return { versions, version: 1, callerPeerKey, answererPeerKey }
  }

  commitTo(victim: MeshDevice, part: NearbyPart = this.part): PairCommit {
    const parties = this.parties(victim.peerKey, this.peer.peerKey)
    return { type: 'commit', version: 1, commitment: nearbyCommitment(this.crypto, parties, part) }
  }

  /** The code that the victim shows, for who has heard its part. */
  codeWith(session: RawSession<PairMessage>, victim: MeshDevice, part: NearbyPart = this.part): NearbyOutcome {
    const [open] = session.all('open')
    const [show] = session.all('show')
    if (open !== undefined) {
      const { commitment } = session.all('commit')[0] as PairCommit
      const parties = this.parties(this.peer.peerKey, victim.peerKey)
      return nearbyOutcome(this.crypto, { ...parties, commitment, caller: part, answerer: open.part })
    }
    const { commitment } = this.commitTo(victim, part)
    const parties = this.parties(victim.peerKey, this.peer.peerKey)
    return nearbyOutcome(this.crypto, { ...parties, commitment, caller: (show as PairShow).part, answerer: part })
  }

  join(victim: MeshDevice, token: Uint8Array, change: (join: PairJoin) => PairJoin = (same) => same): PairJoin {
    const { crypto } = this
    const draft = { tokenId: pairTokenId(token, crypto.sha256), nonce: crypto.randomBytes(16), card: this.part.card }
    const made = change({ type: 'join', ...draft, mac: new Uint8Array(32) })
    const mac = pairProof(crypto, token, { role: 'join', ...this.#ticketParties(victim), join: made })
    return { ...made, mac }
  }

  accept(victim: MeshDevice, token: Uint8Array, join: PairJoin, offer: PairOffer): PairMessage {
    const subjectSignature = this.crypto.ed25519Sign(this.#seed, membershipSigningBytes(offer.addPayload))
    const transcript = { role: 'accept' as const, ...this.#ticketParties(victim), join, offer, subjectSignature }
    return { type: 'accept', subjectSignature, mac: pairProof(this.crypto, token, transcript) }
  }

  #ticketParties(victim: MeshDevice) {
    return { inviter: victim.id, inviterPeerKey: victim.peerKey, joinerPeerKey: this.peer.peerKey }
  }
}
