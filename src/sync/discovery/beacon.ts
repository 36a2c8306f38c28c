/**
 * What a device announces: members recognise it, strangers see random bytes.
 *
 *   TXT  v=1  n=<nonce, 8 bytes hex>  t=<tag, 8 bytes hex>  [p=1 while a pairing is open]
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

export type BeaconTxt = Readonly<Record<string, string>>

export interface Beacon {
  readonly nonce: Uint8Array
  readonly tag: Uint8Array
  /** Somebody there is waiting to be paired with. */
  readonly pairing: boolean
}

export function makeBeacon(
  crypto: Pick<Crypto, 'sha256' | 'randomBytes'>,
  peerKey: Uint8Array,
  options: { readonly pairing?: boolean } = {},
): BeaconTxt {
  const nonce = crypto.randomBytes(PART_BYTES)
  const txt = { v: VERSION, n: toHex(nonce), t: toHex(tagOf(crypto.sha256, peerKey, nonce)) }
  return options.pairing ? { ...txt, p: '1' } : txt
}

/** @returns the beacon, or `undefined` for anything that is not one of this version. */
export function decodeBeacon(txt: BeaconTxt): Beacon | undefined {
  if (own(txt, 'v') !== VERSION) return undefined
  const [nonce, tag] = [part(own(txt, 'n')), part(own(txt, 't'))]
  return nonce && tag && { nonce, tag, pairing: own(txt, 'p') === '1' }
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
function part(text: string | undefined): Uint8Array | undefined {
  return text?.length === PART_BYTES * 2 ? fromHex(text) : undefined
}

function own(txt: BeaconTxt, key: string): string | undefined {
  return Object.hasOwn(txt, key) ? txt[key] : undefined
}
