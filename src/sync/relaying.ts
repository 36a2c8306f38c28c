/**
 * What owners say to devices that they never meet, kept and passed on by carriers: control entries and manifests, each
 * signed by its owner and sealed to its recipient (docs/spec/carry.md).
 *
 * Passed on is to a recipient what is for it, and to another carrier of the same owner everything of that owner. Taken is
 * what is for us, and what we carry; what is in it only its recipient can read.
 */
import type { Crypto } from '../base/crypto.ts'
import { equalBytes } from '../base/bytes.ts'
import { codeOf } from '../base/errors.ts'
import type { DeviceId, MeshId } from '../model/ids.ts'
import { decodeControlEntry, type DecodedControlEntry } from '../wire/control-entry.ts'
import { decodeManifest, type DecodedManifest } from '../wire/manifest.ts'
import type { RelayRow } from '../wire/sync-message-types.ts'
import { ConsentError } from './consent-error.ts'
import type { Manifests } from './manifests.ts'
import { ControlLogError, type ControlHead } from './seal-entries.ts'

export interface RelayItems {
  readonly entries: readonly Uint8Array[]
  readonly manifests: readonly Uint8Array[]
}
interface CarriedEntry {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly seq: number
  readonly entryId: Uint8Array
  readonly kind: 'consent' | 'keys'
  readonly bytes: Uint8Array
  readonly opened: undefined
}
export interface RelayingDeps {
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>
  readonly self: DeviceId
  readonly members: () => readonly DeviceId[]
  readonly isOurMesh: (mesh: MeshId) => boolean
  readonly manifests: Pick<Manifests, 'contentFor' | 'carriers' | 'take'>
  /** Whether this device carries for an owner now. */
  readonly carriesFor: (owner: DeviceId) => boolean
  readonly store: {
    manifest(owner: DeviceId, recipient: DeviceId): { readonly n: number; readonly bytes: Uint8Array } | undefined
    lastEntry(owner: DeviceId, recipient: DeviceId): ControlHead
    entries(owner: DeviceId, recipient: DeviceId, fromSeq: number): readonly { readonly bytes: Uint8Array }[]
    insertEntry(entry: CarriedEntry): void
    /** Bytes of entries that are kept for others. */
    carriedBytes(): number
  }
  /** Takes an entry of an owner's log for us. @returns whether it was new */
  readonly receive: (owner: DeviceId, entry: Uint8Array) => Promise<boolean>
  /** Something of an owner was not taken, which is not the sender's fault. */
  readonly onRefused: (code: string, owner: DeviceId) => void
}

/** Entries kept for others at most, in bytes: consent and keys of years, and a bound on what owners can fill. */
export const MAX_CARRIED_ENTRY_BYTES = 64 << 20

export class Relaying {
  readonly #deps: RelayingDeps

  constructor(deps: RelayingDeps) {
    this.#deps = deps
  }

  /** How much there is that a device may be passed, of each owner for each recipient. */
  offer(peer: DeviceId): readonly RelayRow[] {
    const { self, members } = this.#deps
    const owners = members().filter((owner) => owner !== peer)
    return owners
      .flatMap((owner) => this.#recipientsFor(peer, owner).map((recipient) => this.#row(peer, owner, recipient)))
      .filter(({ entries, manifest }) => entries > 0 || manifest > 0)
      .sort((a, b) => Number(b.owner === self) - Number(a.owner === self))
  }

  /** How much of what is offered is here; what we have no part in is left out. */
  held(rows: readonly RelayRow[]): readonly RelayRow[] {
    return rows
      .filter(({ owner, recipient }) => this.#isOurs(owner, recipient))
      .map(({ owner, recipient }) => this.#heldOf(owner, recipient))
  }

  /** What a device lacks that holds as much as the row says. */
  items(peer: DeviceId, { owner, recipient, entries: from, manifest: n }: RelayRow): RelayItems {
    if (!this.#recipientsFor(peer, owner).includes(recipient)) return { entries: [], manifests: [] }
    const { store } = this.#deps
    const manifest = store.manifest(owner, recipient)
    return {
      entries: this.#row(peer, owner, recipient).entries > from ? this.#entries(owner, recipient, from) : [],
      manifests: manifest !== undefined && manifest.n > n ? [manifest.bytes] : [],
    }
  }

  /**
   * Takes what another passed on.
   * @returns whether anything was new
   * @throws {ControlError}, {WireError} for what its owner never signed: whoever passes that on made it
   */
  async take({ entries, manifests }: RelayItems): Promise<boolean> {
    let isNew = false
    const decoded = [
      ...entries.map((bytes) => decodeControlEntry(bytes, this.#deps.crypto)),
      ...manifests.map((bytes) => decodeManifest(bytes, this.#deps.crypto)),
    ]
    for (const each of decoded) isNew = (await this.#takeOne(each)) || isNew
    return isNew
  }

  /** What an owner's log did wrong is no fault of whoever brings it: it is counted, and the rest goes on. */
  async #takeOne(decoded: DecodedControlEntry | DecodedManifest): Promise<boolean> {
    const { isOurMesh, manifests, onRefused, receive, self } = this.#deps
    const { owner, recipient, mesh } = 'entry' in decoded ? decoded.entry : decoded.manifest
    if (!isOurMesh(mesh) || !this.#isOurs(owner, recipient)) {
      onRefused('CARRY_NO_GRANT', owner)
      return false
    }
    try {
      if ('manifest' in decoded) return await manifests.take(decoded)
      return recipient === self ? await receive(owner, decoded.bytes) : this.#keep(decoded)
    } catch (err) {
      if (!(err instanceof ControlLogError) && !(err instanceof ConsentError)) throw err
      onRefused(codeOf(err), owner)
      return false
    }
  }

  /** One after another, as its recipient will take them. */
  #keep({ entry, entryId, bytes }: DecodedControlEntry): boolean {
    const { store, onRefused } = this.#deps
    const { owner, recipient, seq, prev, kind } = entry
    const head = store.lastEntry(owner, recipient)
    const next = (head?.seq ?? -1) + 1
    if (seq < next) return false
    if (seq > next) throw new ControlLogError('CONTROL_GAP', 'entries before this one are missing')
    if (head !== undefined && (prev === undefined || !equalBytes(prev, head.entryId))) {
      throw new ControlLogError('CONTROL_FORK', 'the entry does not follow the one we hold')
    }
    if (store.carriedBytes() + bytes.length > MAX_CARRIED_ENTRY_BYTES) {
      onRefused('CARRY_FULL', owner)
      return false
    }
    store.insertEntry({ owner, recipient, seq, entryId, kind, bytes, opened: undefined })
    return true
  }

  /** Whether it is for us, or carried by us: of ours nobody tells us. */
  #isOurs(owner: DeviceId, recipient: DeviceId): boolean {
    const { self, members, carriesFor } = this.#deps
    const known = members()
    if (owner === self || !known.includes(owner) || !known.includes(recipient)) return false
    return recipient === self || carriesFor(owner)
  }

  /** For whom a device may be passed what an owner says. */
  #recipientsFor(peer: DeviceId, owner: DeviceId): readonly DeviceId[] {
    const { self, members, manifests, carriesFor } = this.#deps
    if (owner !== self && !carriesFor(owner)) return []
    const carriers = owner === self ? manifests.carriers() : (manifests.contentFor(owner)?.carriers ?? [])
    if (!carriers.includes(peer)) return [peer]
    return [peer, ...members().filter((device) => device !== owner && device !== peer && device !== self)]
  }

  /** Our entries for the device itself go the direct way (docs/spec/session.md, SE4). */
  #row(peer: DeviceId, owner: DeviceId, recipient: DeviceId): RelayRow {
    const row = this.#heldOf(owner, recipient)
    return owner === this.#deps.self && recipient === peer ? { ...row, entries: 0 } : row
  }

  #heldOf(owner: DeviceId, recipient: DeviceId): RelayRow {
    const { store } = this.#deps
    const entries = (store.lastEntry(owner, recipient)?.seq ?? -1) + 1
    return { owner, recipient, entries, manifest: store.manifest(owner, recipient)?.n ?? 0 }
  }

  #entries(owner: DeviceId, recipient: DeviceId, from: number): readonly Uint8Array[] {
    return this.#deps.store.entries(owner, recipient, from).map(({ bytes }) => bytes)
  }
}
