/**
 * Links of strangers that have not come to anything yet: few at once, and shared out fairly, so that whoever holds them does
 * not keep others from the door. When there is no room, the oldest of the address with the most links is cut.
 */
import type { Link } from '../link.ts'
import { hostOf } from '../links/link-address.ts'

/** Strangers served at once: one is meant, the rest are kept from filling memory. */
export const MAX_STRANGER_LINKS = 4

export class StrangerLinks {
  readonly #links = new Set<Link>()

  /** Takes it, and cuts another, or it itself, where there are too many. */
  add(link: Link): void {
    this.#links.add(link)
    if (this.#links.size <= MAX_STRANGER_LINKS) return
    const crowded = this.#ofMostCrowdedHost()
    this.#links.delete(crowded)
    crowded.abort()
  }

  /** It is over, or has become something that is bounded by itself. */
  remove(link: Link): void {
    this.#links.delete(link)
  }

  #ofMostCrowdedHost(): Link {
    const byHost = Map.groupBy(this.#links, ({ remoteAddress }) => hostOf(remoteAddress))
    const [oldest] = [...byHost.values()].reduce((most, links) => (links.length > most.length ? links : most))
    return oldest as Link
  }
}
