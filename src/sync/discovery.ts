/**
 * Finding devices on the local network: says "here is somebody at this address", nothing more.
 *
 * What is found is a hint from anyone on the network, never a proof: a key is proven only by a link.
 * An announcement must not carry anything stable or personal; see `discovery/beacon.ts`.
 */
import { utf8 } from '../base/bytes.ts'
import { MeshError } from '../base/errors.ts'
import type { Service } from '../base/service.ts'

/** Most strangers remembered at once; the one not seen for longest makes room. A home network has far fewer. */
export const MAX_FOUND = 64
/** Most TXT entries of one announcement; the beacon uses four. */
export const MAX_TXT_ENTRIES = 8
/** Longest `key=value` of a TXT entry, in bytes (RFC 6763 section 6.1). */
export const MAX_TXT_ENTRY_BYTES = 255
/** Most addresses kept of one announcement. */
export const MAX_FOUND_ADDRESSES = 8

/** Time between questions to the network, in milliseconds: how soon somebody who missed an announcement is found. */
export const ASK_PERIOD_MS = 30_000
/** Somebody not heard of for so long, in milliseconds, is gone: three questions went unanswered. */
export const FORGET_AFTER_MS = 100_000

/** `DISCOVERY_ADVERT`: the announcement is over a limit. */
export type DiscoveryErrorCode = 'DISCOVERY_ADVERT'
export class DiscoveryError extends MeshError<DiscoveryErrorCode> {}

export interface Advert {
  /** TCP port of the network. */
  readonly port: number
  readonly txt: Readonly<Record<string, string>>
}

export interface Found {
  /** IP addresses, without port, the likeliest first; at most {@link MAX_FOUND_ADDRESSES}. */
  readonly addresses: readonly string[]
  readonly port: number
  readonly txt: Readonly<Record<string, string>>
  readonly lastSeenUnixMs: number
}

export interface Discovery extends Service {
  /**
   * Sets what is announced; `undefined` withdraws it. May be called at any time; takes effect while started.
   * Every call gives the announcement a new random name; announce a new beacon whenever the old one was out long enough.
   * @throws {DiscoveryError} `DISCOVERY_ADVERT` if the port or the TXT entries are out of bounds.
   */
  announce(advert: Advert | undefined): void
  /** Who is announcing now, without ourselves. May hold strangers and liars. */
  found(): readonly Found[]
  /** Called after {@link found} changed. @returns a function that ends it. */
  onChange(listener: () => void): () => void
  /** Asks the network again now. */
  refresh(): void
  /** The network may be another, or the device slept: announces and asks anew, on every interface there is now. */
  renew(): void
}

/** @throws {DiscoveryError} see {@link Discovery.announce}. */
export function checkAdvert({ port, txt }: Advert): void {
  const entries = Object.entries(txt)
  const long = entries.find(([key, value]) => utf8(`${key}=${value}`).length > MAX_TXT_ENTRY_BYTES)
  const portFits = Number.isInteger(port) && port >= 1 && port <= 65_535
  if (portFits && entries.length <= MAX_TXT_ENTRIES && !long) return
  throw new DiscoveryError('DISCOVERY_ADVERT', 'the announcement is over a limit', {
    details: { port, entries: entries.length },
  })
}
