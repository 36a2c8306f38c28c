/**
 * Where other members are, as members tell each other (docs/spec/session.md SE17 to SE19).
 *
 * Only what a device said of itself is passed on, never hearsay, and only to and about current members. What others say
 * is a hint: kept apart by who said it, so that nobody's word takes the place of another's or of the device's own.
 */
import type { Clock } from '../../base/clock.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { Member } from '../../model/membership.ts'
import type { AddressHint } from '../../store/small-tables.ts'
import type { AddressRow } from '../../wire/sync-message-types.ts'
import type { PeerBook } from './peer-book.ts'

export interface AddressBookDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly self: DeviceId
  readonly peers: PeerBook
  readonly members: () => ReadonlyMap<DeviceId, Member>
}

/** Members whose word about one device is kept, the newest: every list is one more that a dial may have to try. */
export const MAX_HINTS = 8

export class AddressBook {
  readonly #deps: AddressBookDeps

  constructor(deps: AddressBookDeps) {
    this.#deps = deps
  }

  /** What a member is told: where all others said that they are. Nothing for anybody else. */
  toTell(to: DeviceId): readonly AddressRow[] {
    const { self, peers } = this.#deps
    const members = this.#deps.members()
    if (!members.has(self) || !members.has(to)) return []
    return [...members.keys()]
      .filter((deviceId) => deviceId !== self && deviceId !== to)
      .flatMap((deviceId) => {
        const { said } = peers.get(deviceId)
        return said === undefined ? [] : [{ deviceId, ...said }]
      })
  }

  /** Takes what a member says of other members. Of itself it speaks in its hello; of us we know. */
  take(from: DeviceId, rows: readonly AddressRow[]): void {
    const { self, peers, clock } = this.#deps
    const members = this.#deps.members()
    if (!members.has(self) || !members.has(from)) return
    for (const { deviceId, saidUnixMs, addresses } of rows) {
      if (deviceId === self || deviceId === from || !members.has(deviceId)) continue
      // A time that has not come must not stay the newest.
      const hint: AddressHint = { by: from, saidUnixMs: Math.min(saidUnixMs, Math.floor(clock.now())), addresses }
      const others = peers.get(deviceId).hints.filter(({ by }) => by !== from && members.has(by))
      const hints = [hint, ...others].toSorted((a, b) => b.saidUnixMs - a.saidUnixMs).slice(0, MAX_HINTS)
      peers.remember(deviceId, { hints })
    }
  }

  /** Where to dial a device: where it said itself that it is, then each member's list by itself, newest first. */
  toTry(device: DeviceId): { readonly said: readonly string[]; readonly hinted: readonly (readonly string[])[] } {
    const members = this.#deps.members()
    const { addresses, hints } = this.#deps.peers.get(device)
    const live = hints.filter(({ by, addresses: hinted }) => members.has(by) && hinted.length > 0)
    return { said: addresses, hinted: live.map((hint) => hint.addresses) }
  }
}
