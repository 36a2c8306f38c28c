/**
 * Manifests of this device for others, and of others for this device (docs/spec/carry.md).
 *
 * Ours say to each device what it may see and, to a carrier, what goes to whom; they are made only while there is a
 * carrier. One that takes something away is made at once, one that only tells of more a little later. Another owner's counts
 * as a word from it, once everything that it has said to us by then is here.
 */
import type { Crypto, Hpke } from '../base/crypto.ts'
import { equalBytes } from '../base/bytes.ts'
import type { DeviceId, MeshId } from '../model/ids.ts'
import { MAX_MANIFEST_ROWS, type ManifestContent } from '../model/manifest.ts'
import type { DeviceCard, Membership } from '../model/membership.ts'
import { carryStanding } from '../policy/decide-carry.ts'
import type { ShareView } from '../policy/decide-share.ts'
import {
  decodeManifestContent,
  encodeManifestContent,
  manifestAad,
  manifestInfo,
  signManifest,
  type DecodedManifest,
} from '../wire/manifest.ts'
import { carryScopeOf } from './carry-scope.ts'
import { scopeOf, type ScopeSource } from './scope.ts'

/** A manifest as it is kept: what travels, beside what only its two devices can read. */
export interface KeptManifest {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly n: number
  readonly atUnixMs: number
  readonly entries: number
  readonly bytes: Uint8Array
  readonly opened: Uint8Array | undefined
}
export interface ManifestsDeps {
  readonly crypto: Crypto & Hpke
  readonly self: DeviceId
  readonly deviceSeed: Uint8Array
  readonly sealSecret: Uint8Array
  /** Our clock as owner: it never goes back, so numbers made of it do not either. */
  readonly now: () => number
  readonly mesh: () => MeshId
  readonly membership: () => Membership
  readonly cardOf: (device: DeviceId) => DeviceCard | undefined
  readonly source: ScopeSource
  /** Consent as this device has it as an owner. */
  readonly view: () => ShareView
  readonly store: {
    get(owner: DeviceId, recipient: DeviceId): KeptManifest | undefined
    set(manifest: KeptManifest): void
    all(): readonly KeptManifest[]
    delete(manifest: KeptManifest): void
  }
  /** Entries of one owner's log for a device that are here. */
  readonly entriesHeld: (owner: DeviceId, recipient: DeviceId) => number
}

/** A manifest that only tells of more segments is made this long after the last, in milliseconds. */
export const TELL_EVERY_MS = 30_000
/** One that tells nothing new is made this often, in milliseconds: a reader counts it as having heard the owner. */
export const RENEW_EVERY_MS = 3_600_000

export class Manifests {
  readonly #deps: ManifestsDeps
  #making: Promise<void> = Promise.resolve()
  /** Contents of manifests for us, by owner, as they were decoded. */
  readonly #read = new Map<DeviceId, { readonly of: KeptManifest; readonly content: ManifestContent }>()

  constructor(deps: ManifestsDeps) {
    this.#deps = deps
  }

  /** Other devices that may carry for us now. */
  carriers(): readonly DeviceId[] {
    const { self, membership, view } = this.#deps
    const now = view()
    return [...membership().members.keys()].filter((device) => carryStanding(now, self, device) === 'open')
  }

  /** Makes those of ours that have changed; what is told to anybody afterwards is no more than they say. */
  renew(): Promise<void> {
    const made = this.#making.then(() => this.#renew())
    this.#making = made.catch(() => undefined)
    return made
  }

  /** What an owner's latest manifest for this device says. */
  contentFor(owner: DeviceId): ManifestContent | undefined {
    const { store, self } = this.#deps
    const kept = store.get(owner, self)
    if (kept?.opened === undefined) return undefined
    const known = this.#read.get(owner)
    if (known?.of === kept) return known.content
    const content = decodeManifestContent(kept.opened)
    this.#read.set(owner, { of: kept, content })
    return content
  }

  /** What an owner said through others that this device may see, and when. */
  saidTo(owner: DeviceId): (Pick<ManifestContent, 'offers'> & Pick<KeptManifest, 'atUnixMs'>) | undefined {
    const kept = this.#deps.store.get(owner, this.#deps.self)
    const content = this.contentFor(owner)
    return kept && content && { atUnixMs: kept.atUnixMs, offers: content.offers }
  }

  /** When an owner was heard last through others, on its own clock: all that it had said to us by then is here. */
  heardUnixMs(owner: DeviceId): number | undefined {
    const { store, self, entriesHeld } = this.#deps
    const kept = store.get(owner, self)
    return kept !== undefined && entriesHeld(owner, self) >= kept.entries ? kept.atUnixMs : undefined
  }

  /** Keeps a manifest if it is newer than the one that is here. @returns whether it is */
  async take({ manifest, bytes }: DecodedManifest): Promise<boolean> {
    const { store, self, crypto, sealSecret } = this.#deps
    const { owner, recipient, n, atUnixMs, entries, enc, ciphertext: ct } = manifest
    const isNewer = (): boolean => n > (store.get(owner, recipient)?.n ?? 0)
    if (!isNewer()) return false
    let opened: Uint8Array | undefined
    if (recipient === self) {
      const context = { info: manifestInfo(manifest), aad: manifestAad(manifest) }
      opened = await crypto.hpkeOpen(sealSecret, context, { enc, ct })
      if (opened === undefined) return false // sealed to a key that is not ours
      decodeManifestContent(opened)
    }
    if (!isNewer()) return false
    store.set({ owner, recipient, n, atUnixMs, entries, bytes, opened })
    return true
  }

  async #renew(): Promise<void> {
    const { self, membership, store } = this.#deps
    const carriers = this.carriers()
    const ours = store.all().filter(({ owner }) => owner === self)
    if (carriers.length === 0 && ours.length === 0) return
    for (const device of membership().members.keys()) {
      if (device !== self) await this.#renewFor(device, carriers)
    }
  }

  async #renewFor(recipient: DeviceId, carriers: readonly DeviceId[]): Promise<void> {
    const { self, store, now, entriesHeld } = this.#deps
    const content = this.#contentFor(recipient, carriers)
    const entries = entriesHeld(self, recipient)
    const before = store.get(self, recipient)
    if (!isDue(before, content, { entries, nowUnixMs: now() })) return
    const atUnixMs = now()
    const n = Math.max((before?.n ?? 0) + 1, atUnixMs)
    await this.#make(recipient, { n, atUnixMs, entries }, content)
  }

  async #make(
    recipient: DeviceId,
    said: Pick<KeptManifest, 'n' | 'atUnixMs' | 'entries'>,
    content: ManifestContent,
  ): Promise<void> {
    const { crypto, self, deviceSeed, mesh, cardOf, store } = this.#deps
    const card = cardOf(recipient)
    if (card === undefined) return
    const opened = encodeManifestContent(content)
    const head = { mesh: mesh(), owner: self, recipient, ...said }
    const context = { info: manifestInfo(head), aad: manifestAad(head) }
    const { enc, ct: ciphertext } = await crypto.hpkeSeal(card.sealKey, context, opened)
    const bytes = signManifest(crypto, deviceSeed, { ...head, enc, ciphertext })
    store.set({ owner: self, recipient, ...said, bytes, opened })
  }

  #contentFor(recipient: DeviceId, carriers: readonly DeviceId[]): ManifestContent {
    const { self, source, view } = this.#deps
    const now = view()
    const isCarrier = carriers.includes(recipient)
    const offers = scopeOf(source, now, self, recipient).slice(-MAX_MANIFEST_ROWS)
    return {
      offers: offers.map(({ log, incarnation, from, to }) => ({ log, incarnation, from, to })),
      routes: isCarrier ? carryScopeOf(source, now, self, recipient).routes.slice(-MAX_MANIFEST_ROWS) : [],
      carriers: isCarrier ? carriers.filter((device) => device !== recipient) : [],
    }
  }
}

function isDue(
  before: KeptManifest | undefined,
  content: ManifestContent,
  { entries, nowUnixMs }: { readonly entries: number; readonly nowUnixMs: number },
): boolean {
  const { offers, routes, carriers } = content
  if (before?.opened === undefined) return offers.length + routes.length + carriers.length > 0
  const old = decodeManifestContent(before.opened)
  const isSame = (a: Partial<ManifestContent>, b: Partial<ManifestContent>): boolean =>
    equalBytes(encodeManifestContent({ ...NOTHING, ...a }), encodeManifestContent({ ...NOTHING, ...b }))
  if (entries !== before.entries || !isSame({ routes, carriers }, { routes: old.routes, carriers: old.carriers })) {
    return true
  }
  const ageMs = nowUnixMs - before.atUnixMs
  if (ageMs >= TELL_EVERY_MS && !isSame({ offers }, { offers: old.offers })) return true
  return ageMs >= RENEW_EVERY_MS && offers.length + routes.length + carriers.length > 0
}

const NOTHING: ManifestContent = { offers: [], routes: [], carriers: [] }
