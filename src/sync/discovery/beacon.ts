/**
 * What a device announces: members recognise it, strangers see random bytes.
 *
 *   TXT  v=1  n=<nonce, 8 bytes hex>  t=<tag, 8 bytes hex>  [p=1 while a pairing is open]
 *        [k=<peer key, hex> while any device nearby is waited for: whom to call]
 *   tag = SHA-256("aico-mesh/beacon/v1\0" || peer key || nonce), first 8 bytes
 *
 * A new nonce makes an announcement that cannot be linked to the last one by anyone who does not know the
 * key already. It proves nothing: a replayed beacon is stopped by the link, which asks for the key itself.
 * Other versions are ignored; unknown entries too, so that a version may add some.
 */
import { concat, equalBytes, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import type { Crypto, Sha256 } from '../../base/crypto.ts'

const DOMAIN = utf8('aico-mesh/beacon/v1\0')
const VERSION = '1'
const PART_BYTES = 8
const KEY_BYTES = 32

export type BeaconTxt = Readonly<Record<string, string>>

export interface Beacon {
  readonly nonce: Uint8Array
  readonly tag: Uint8Array
  /** Somebody there is waiting to be paired with. */
  readonly pairing: boolean
  /** It waits for any device nearby, which is to ask for this key. */
  readonly doorKey: Uint8Array | undefined
}
export interface BeaconOptions {
  readonly pairing?: boolean
  /** Says the peer key itself. Whoever can see the announcement could as well connect and be shown it. */
  readonly door?: boolean
}

export function makeBeacon(
  crypto: Pick<Crypto, 'sha256' | 'randomBytes'>,
  peerKey: Uint8Array,
  { pairing = false, door = false }: BeaconOptions = {},
): BeaconTxt {
  const nonce = crypto.randomBytes(PART_BYTES)
  const txt = { v: VERSION, n: toHex(nonce), t: toHex(tagOf(crypto.sha256, peerKey, nonce)) }
  return { ...txt, ...(pairing && { p: '1' }), ...(door && { k: toHex(peerKey) }) }
}

/** @returns the beacon, or `undefined` for anything that is not one of this version. */
export function decodeBeacon(txt: BeaconTxt): Beacon | undefined {
  if (own(txt, 'v') !== VERSION) return undefined
  const [nonce, tag] = [part(own(txt, 'n'), PART_BYTES), part(own(txt, 't'), PART_BYTES)]
  const doorKey = part(own(txt, 'k'), KEY_BYTES)
  return nonce && tag && { nonce, tag, pairing: own(txt, 'p') === '1', doorKey }
}

/** @returns the one of `peerKeys` whose beacon this is, or `undefined` for a stranger's. */
export function recognise(sha256: Sha256, txt: BeaconTxt, peerKeys: Iterable<Uint8Array>): Uint8Array | undefined {
  const beacon = decodeBeacon(txt)
  if (!beacon) return undefined
  for (const peerKey of peerKeys) {
    if (equalBytes(tagOf(sha256, peerKey, beacon.nonce), beacon.tag)) return peerKey
  }
  return undefined
}

function tagOf(sha256: Sha256, peerKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return sha256(concat(DOMAIN, peerKey, nonce)).slice(0, PART_BYTES)
}

/** Length first: the text comes from anyone on the network. */
function part(text: string | undefined, length: number): Uint8Array | undefined {
  return text?.length === length * 2 ? fromHex(text) : undefined
}

function own(txt: BeaconTxt, key: string): string | undefined {
  return Object.hasOwn(txt, key) ? txt[key] : undefined
}
