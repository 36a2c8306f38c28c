/** Who announces itself on the local network, as far as this device knows them. What is found is a hint, never a proof. */
import { equalBytes } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { DeviceCard } from '../model/membership.ts'
import { decodeBeacon, recognise } from '../sync/discovery/beacon.ts'
import type { Found } from '../sync/discovery.ts'
import { linkAddress } from '../sync/links/link-address.ts'
import type { OpenDoor } from '../sync/pairing/open-doors.ts'

export interface Nearby {
  readonly addresses: readonly string[]
  /** The paired device it is, or null for a stranger. */
  readonly deviceId: string | null
  readonly name: string | null
  /** It is waiting to be paired with. */
  readonly pairing: boolean
}
interface Known {
  readonly sha256: Sha256
  /** Of the devices paired with this one. */
  readonly cards: readonly DeviceCard[]
}

export function nearbyDevices(found: readonly Found[], known: Known): readonly Nearby[] {
  return found.flatMap((each) => {
    const beacon = decodeBeacon(each.txt)
    if (beacon === undefined) return []
    const card = pairedCard(each, known)
    return [
      {
        addresses: addressesOf(each),
        deviceId: card?.deviceId ?? null,
        name: card?.name ?? null,
        pairing: beacon.pairing,
      },
    ]
  })
}

/** Devices that wait for any device nearby, but those that are paired with this one. */
export function openDoors(found: readonly Found[], known: Known): readonly OpenDoor[] {
  return found.flatMap((each) => {
    const peerKey = decodeBeacon(each.txt)?.doorKey
    const addresses = addressesOf(each)
    if (peerKey === undefined || addresses.length === 0 || pairedCard(each, known) !== undefined) return []
    return known.cards.some((card) => equalBytes(card.peerKey, peerKey)) ? [] : [{ peerKey, addresses }]
  })
}

/** Where a paired device announces that it is. */
export function addressesNearby(found: readonly Found[], sha256: Sha256, card: DeviceCard): readonly string[] {
  return found.filter((each) => pairedCard(each, { sha256, cards: [card] }) !== undefined).flatMap(addressesOf)
}

function pairedCard({ txt }: Found, { sha256, cards }: Known): DeviceCard | undefined {
  const key = recognise(
    sha256,
    txt,
    cards.map(({ peerKey }) => peerKey),
  )
  return key && cards.find(({ peerKey }) => equalBytes(peerKey, key))
}

function addressesOf({ addresses, port }: Found): readonly string[] {
  return addresses.flatMap((address) => linkAddress(address, port) ?? [])
}
