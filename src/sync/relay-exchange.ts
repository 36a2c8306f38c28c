/**
 * A session's part in passing on what owners say to devices they do not meet (docs/spec/carry.md): says what there is, hears
 * how much of it the other side has, sends the rest, and from then on what is new.
 */
import type { DeviceId } from '../model/ids.ts'
import {
  MAX_RELAYED_ENTRIES,
  MAX_RELAYED_MANIFESTS,
  MAX_ROWS,
  type RelayMessage,
  type RelayRow,
  type SyncMessage,
} from '../wire/sync-message-types.ts'
import type { CarryStore } from './carry-store.ts'
import { chunksOf } from './chunks-of.ts'

export interface RelayExchangeDeps {
  readonly peer: DeviceId
  readonly carry: Pick<CarryStore, 'relayOffer' | 'relayHeld' | 'relayItems' | 'takeRelay'>
  readonly post: (message: SyncMessage) => void
}

export class RelayExchange {
  readonly #deps: RelayExchangeDeps
  /** How much the other side has, of each pair it has told us of. */
  readonly #has = new Map<string, RelayRow>()
  readonly #offered = new Set<string>()
  /** What the other side offers and we have no part in, by now. */
  #left: readonly RelayRow[] = []

  constructor(deps: RelayExchangeDeps) {
    this.#deps = deps
  }

  /** Sends what is new, and names what the other side was not asked about yet. Asks for what we have a part in by now. */
  async tell(): Promise<void> {
    const { carry, peer, post } = this.#deps
    if (this.#left.length > 0) await this.onOffer([])
    const rows = await carry.relayOffer(peer)
    for (const row of rows) await this.#sendNews(row)
    const fresh = rows.filter((row) => !this.#offered.has(nameOf(row)))
    for (const row of fresh) this.#offered.add(nameOf(row))
    for (const chunk of chunksOf(fresh, MAX_ROWS)) post({ type: 'relay-offer', rows: chunk })
  }

  async onOffer(rows: readonly RelayRow[]): Promise<void> {
    const { carry, peer, post } = this.#deps
    const offered = [...this.#left, ...rows].slice(-MAX_ROWS)
    const held = await carry.relayHeld(peer, offered)
    const names = new Set(held.map(nameOf))
    this.#left = offered.filter((row) => !names.has(nameOf(row)))
    for (const chunk of chunksOf(held, MAX_ROWS)) post({ type: 'relay-want', rows: chunk })
  }

  /** What we did not offer is not answered. */
  async onWant(rows: readonly RelayRow[]): Promise<void> {
    for (const row of rows.filter((each) => this.#offered.has(nameOf(each)))) this.#has.set(nameOf(row), row)
    await this.tell()
  }

  /** @returns whether anything was new */
  onRelay({ entries, manifests }: RelayMessage): Promise<boolean> {
    const { carry, peer } = this.#deps
    return carry.takeRelay(peer, entries, manifests)
  }

  /** A manifest first: what it takes away counts before anything else. */
  async #sendNews(row: RelayRow): Promise<void> {
    const { carry, peer, post } = this.#deps
    const has = this.#has.get(nameOf(row))
    if (has === undefined || (has.entries >= row.entries && has.manifest >= row.manifest)) return
    const { entries, manifests } = await carry.relayItems(peer, has)
    this.#has.set(nameOf(row), { ...row, entries: has.entries + entries.length })
    for (const chunk of chunksOf(manifests, MAX_RELAYED_MANIFESTS))
      post({ type: 'relay', entries: [], manifests: chunk })
    for (const chunk of chunksOf(entries, MAX_RELAYED_ENTRIES)) post({ type: 'relay', entries: chunk, manifests: [] })
  }
}

function nameOf({ owner, recipient }: RelayRow): string {
  return `${owner}/${recipient}`
}
