/** Says on the local network that somebody is here, not who; again only when something changed, for every announcement has a new name. */
import type { Crypto } from '../base/crypto.ts'
import { makeBeacon, type BeaconOptions } from '../sync/discovery/beacon.ts'
import type { Discovery } from '../sync/discovery.ts'

export class Announcer {
  readonly #crypto: Pick<Crypto, 'sha256' | 'randomBytes'>
  #announced = ''

  constructor(crypto: Pick<Crypto, 'sha256' | 'randomBytes'>) {
    this.#crypto = crypto
  }

  announce(discovery: Discovery, port: number, peerKey: Uint8Array, beacon: BeaconOptions): void {
    const wanted = `${port}/${beacon.pairing}/${beacon.door}`
    if (wanted === this.#announced) return
    this.#announced = wanted
    discovery.announce({ port, txt: makeBeacon(this.#crypto, peerKey, beacon) })
  }

  /** The next one is said whatever was said before: the last is old, or nobody says it any more. */
  forget(): void {
    this.#announced = ''
  }
}
