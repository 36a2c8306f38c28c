/** Who was heard of lately, under the random names they announce: bounded, and forgetting by itself. */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { FORGET_AFTER_MS, MAX_FOUND, type Found } from '../discovery.ts'

export interface FoundTableDeps {
  readonly clock: Clock
  readonly log: Logger
}

export class FoundTable {
  readonly #deps: FoundTableDeps
  readonly #found = new Map<string, Found>()
  readonly #listeners = new Set<() => void>()

  constructor(deps: FoundTableDeps) {
    this.#deps = deps
  }

  list(): readonly Found[] {
    return [...this.#found.values()]
  }

  onChange(listener: () => void): () => void {
    const own = (): void => listener() // so that the same function may listen twice
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  seen(name: string, announced: Omit<Found, 'lastSeenUnixMs'>): void {
    const before = this.#found.get(name)
    this.#found.delete(name) // and back at the end: the map's order is that of the last sighting
    if (this.#found.size >= MAX_FOUND) this.#found.delete(this.#found.keys().next().value ?? '')
    this.#found.set(name, { ...announced, lastSeenUnixMs: this.#deps.clock.now() })
    if (!before || !sameAnnouncement(before, announced)) this.#changed()
  }

  gone(name: string): void {
    if (this.#found.delete(name)) this.#changed()
  }

  /** Forgets everybody not seen for {@link FORGET_AFTER_MS}. */
  expire(): void {
    const old = [...this.#found].filter(([, f]) => this.#deps.clock.now() - f.lastSeenUnixMs > FORGET_AFTER_MS)
    for (const [name] of old) this.#found.delete(name)
    if (old.length > 0) this.#changed()
  }

  clear(): void {
    const had = this.#found.size > 0
    this.#found.clear()
    if (had) this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (err) {
        this.#deps.log.error({ err }, 'a discovery listener failed')
      }
    }
  }
}

/** The order of the addresses does not count: on two networks at once the same device is heard from two of them. */
function sameAnnouncement(a: Omit<Found, 'lastSeenUnixMs'>, b: Omit<Found, 'lastSeenUnixMs'>): boolean {
  const text = ({ addresses, port, txt }: Omit<Found, 'lastSeenUnixMs'>): string => {
    const entries = Object.entries(txt).map(([key, value]) => `${key}=${value}`)
    return JSON.stringify([addresses.toSorted(), port, entries.toSorted()])
  }
  return text(a) === text(b)
}
