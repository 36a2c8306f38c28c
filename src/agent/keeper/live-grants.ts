/** Grants of this device that have not been revoked: what follows from them for keys and cuts, and ending them. */
import type { DeviceId } from '../../model/ids.ts'
import type { Lane } from '../../model/lane.ts'
import type { ConsentRecord } from '../../policy/reduce-consent.ts'
import type { ConsentService } from '../../sync/consent-service.ts'

type Grant = ConsentRecord['grant']

export class LiveGrants {
  readonly #consents: () => Pick<ConsentService, 'records' | 'revoke'>
  readonly #self: DeviceId

  constructor(consents: () => Pick<ConsentService, 'records' | 'revoke'>, self: DeviceId) {
    this.#consents = consents
    this.#self = self
  }

  /** Where our grants for a lane begin or end: an epoch that reached across would fall out of one of them whole. */
  edges(lane: Lane): readonly number[] {
    return this.#own()
      .filter(({ lanes }) => lanes.includes(lane))
      .flatMap(({ sinceUnixMs, untilUnixMs }) => [sinceUnixMs, ...(untilUnixMs === undefined ? [] : [untilUnixMs])])
  }

  /** Lanes that a connected device may see now, or lets us see: our records beside its own are to be as proven. */
  watchedLanes(connected: ReadonlySet<DeviceId>): ReadonlySet<Lane> {
    // One of the two is this device: the other one is connected.
    const isWatched = ({ owner, recipient }: Grant): boolean => connected.has(recipient) || connected.has(owner)
    return new Set(
      this.#unrevoked()
        .filter(isWatched)
        .flatMap(({ lanes }) => lanes),
    )
  }

  /** Ends those that are meant; they are fenced before this first waits. */
  async revoke(isMeant: (grant: Grant) => boolean): Promise<void> {
    await Promise.all(
      this.#own()
        .filter(isMeant)
        .map(({ grantId }) => this.#consents().revoke(grantId)),
    )
  }

  #own(): readonly Grant[] {
    return this.#unrevoked().filter(({ owner }) => owner === this.#self)
  }

  #unrevoked(): readonly Grant[] {
    return this.#consents()
      .records()
      .flatMap(({ grant, revokedBy }) => (revokedBy === undefined ? [grant] : []))
  }
}
