/**
 * The mesh as one device sees it: who is connected, who has to be dialled, and one session for each.
 *
 * The device with the lower connection key dials, so that two devices do not meet twice; the other only with the longest
 * pauses, should the first not know where it is. A failed dial is tried again with growing, jittered pauses, and at once on
 * any hint: a device was found nearby, paired, or has just gone.
 */
import { compareBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import type { DeviceId } from '../model/ids.ts'
import type { DeviceCard } from '../model/membership.ts'
import type { Bandwidth } from './bandwidth.ts'
import { dialRounds, ROUND_TIMEOUT_MS } from './dial-rounds.ts'
import { MAX_DIAL_ADDRESSES, type Link, type Network } from './link.ts'
import { PeerSession, type SessionTraffic } from './peer-session.ts'
import type { MeshView, SyncStore } from './sync-store.ts'

export interface MeshServiceDeps {
  readonly log: Logger
  readonly clock: Clock
  /** A number in [0, 1), for jitter only. */
  readonly random: () => number
  readonly network: Pick<Network, 'dial' | 'disconnect' | 'listening'>
  readonly store: SyncStore
  readonly view: MeshView
  readonly bandwidth: Bandwidth
  /** Whether a link goes over one of these interfaces now. */
  readonly goesOver: (link: Link, interfaces: readonly string[]) => boolean
  /** Addresses that discovery knows for a device just now. */
  readonly nearby: (card: DeviceCard) => readonly string[]
  /** Called when devices come and go. */
  readonly onConnected: (devices: readonly DeviceId[]) => void
}

/** The traffic is that of the session that lives. */
export interface PeerStatus extends SessionTraffic {
  readonly deviceId: DeviceId
  readonly name: string
  readonly connected: boolean
  /** Since the agent started. */
  readonly total: SessionTraffic
}

/** First pause after a failed dial, in milliseconds. */
export const FIRST_RETRY_MS = 500
/** Longest pause, in milliseconds: a device that comes back is met within half a minute even without a hint. */
export const LAST_RETRY_MS = 30_000
/** Failures in a row after which pauses are the longest. */
const LAST_RETRY_FAILURES = Math.ceil(Math.log2(LAST_RETRY_MS / FIRST_RETRY_MS))
/** After a change of network each device has so long to be heard, in milliseconds, before its session is given up. */
export const SIGN_WITHIN_MS = 8_000
/** Within so long after a change of network devices are dialled, in milliseconds. */
export const HINT_SPREAD_MS = 1_000
/** A session of this length ends a row of short ones, in milliseconds. */
export const STABLE_AFTER_MS = 30_000
const NO_TRAFFIC: SessionTraffic = { segmentsIn: 0, segmentsOut: 0, bytesIn: 0, bytesOut: 0 }

interface Dialling {
  readonly abort: AbortController
  failures: number
  cancelRetry: (() => void) | undefined
}

export class MeshService implements Service {
  readonly name = 'sync.mesh'
  readonly #deps: MeshServiceDeps
  readonly #sessions = new Map<DeviceId, PeerSession>()
  readonly #running = new Set<Promise<void>>()
  readonly #dialling = new Map<DeviceId, Dialling>()
  /** Sessions in a row that ended soon: two devices that cannot agree must not meet in a tight loop. */
  readonly #shortSessions = new Map<DeviceId, number>()
  /** Of sessions that have ended. */
  readonly #past = new Map<DeviceId, SessionTraffic>()
  #started = false
  #cancelHint: (() => void) | undefined

  constructor(deps: MeshServiceDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#started = true
    this.refresh()
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    this.#cancelHint?.()
    for (const device of this.#dialling.keys()) this.#stopDialling(device)
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    await Promise.all(this.#running)
  }

  /** Somebody opened a sync link to us. Strangers never get this far: the gate has judged the connection. */
  accept(link: Link): void {
    const card = this.#others().find(({ peerKey }) => compareBytes(peerKey, link.remotePeerKey) === 0)
    if (!this.#started || card === undefined) {
      link.abort()
      return
    }
    this.#begin(card.deviceId, link)
  }

  /** Membership, consent or what there is to serve may have changed: ends what has no place any more, tells the rest. */
  refresh(): void {
    const others = this.#others()
    for (const [device, session] of this.#sessions) {
      if (others.some(({ deviceId }) => deviceId === device)) session.notify()
      else this.#endSoon(device, session)
    }
    for (const card of others) this.#dial(card)
  }

  /** A hint that a device can be reached now, perhaps where it was not before: pauses are over, and sessions show that they live. */
  hint(): void {
    for (const session of this.#sessions.values()) session.requireSign(SIGN_WITHIN_MS)
    for (const device of this.#dialling.keys()) this.#stopDialling(device)
    this.#shortSessions.clear()
    this.refresh()
  }

  /**
   * The network may be another one: a link over the old one leads nowhere and does not know it, and what could not be reached
   * may be. Soon, not at once: other devices may have noticed the same.
   */
  networkChanged(): void {
    const { clock, random } = this.#deps
    this.#cancelHint?.()
    this.#cancelHint = clock.after(random() * HINT_SPREAD_MS, () => this.hint())
  }

  peers(): readonly PeerStatus[] {
    return this.#others().map(({ deviceId, name }) => {
      const traffic = this.#sessions.get(deviceId)?.traffic() ?? NO_TRAFFIC
      const total = sumOf(traffic, this.#past.get(deviceId) ?? NO_TRAFFIC)
      return { deviceId, name, connected: this.#sessions.has(deviceId), ...traffic, total }
    })
  }

  /** Resolves when what is due to connected devices, the removed ones too, has been written, or when time is up. */
  async flushed(limitMs: number): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.refresh()
    let cancel = (): void => undefined
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#deps.clock.after(limitMs, resolve)
    })
    await Promise.race([timeout, Promise.all(sessions.map((session) => session.flushed()))])
    cancel()
  }

  #others(): readonly DeviceCard[] {
    const { view } = this.#deps
    const self = view.self().deviceId
    const { members } = view.membership()
    if (!members.has(self)) return []
    return [...members.values()].map(({ card }) => card).filter(({ deviceId }) => deviceId !== self)
  }

  #begin(device: DeviceId, link: Link): void {
    const { clock, log, store, view, network, bandwidth, goesOver } = this.#deps
    this.#stopDialling(device)
    const before = this.#sessions.get(device)
    const session = new PeerSession(device, link, {
      clock,
      log,
      store,
      view,
      addresses: () => network.listening().slice(0, 16),
      pace: bandwidth.pace(() => goesOver(link, bandwidth.limits.metered)),
      onNews: () => this.refresh(),
    })
    this.#sessions.set(device, session)
    this.#told()
    const running = this.#run(device, session)
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
    // One session a device: the newer link is the one that both sides can use now.
    if (before) void before.close()
  }

  async #run(device: DeviceId, session: PeerSession): Promise<void> {
    const { log, store, clock } = this.#deps
    const startedMs = clock.monotonic()
    try {
      await session.run()
    } catch (err) {
      const code = codeOf(err)
      log.info({ peer: device, code }, 'session failed')
      if (!code.startsWith('LINK_')) void this.#note(device, store.refused(code, device))
    }
    this.#past.set(device, sumOf(session.traffic(), this.#past.get(device) ?? NO_TRAFFIC))
    const isStable = clock.monotonic() - startedMs >= STABLE_AFTER_MS
    this.#shortSessions.set(device, isStable ? 0 : (this.#shortSessions.get(device) ?? 0) + 1)
    if (this.#sessions.get(device) !== session) return
    this.#sessions.delete(device)
    this.#told()
    // Only now: a session that took this one's place has offers of its own.
    await this.#note(device, store.forgetOffer(device))
    if (store.carry) await this.#note(device, store.carry.forgetOfferToCarry(device))
    await this.#note(device, store.rememberPeer(device, { lastSeenUnixMs: clock.now() }))
    if (this.#started) this.refresh()
  }

  /** A session's end is no reason to fail, whatever the store says to it. */
  async #note(device: DeviceId, noted: Promise<void>): Promise<void> {
    await noted.catch((err: unknown) => {
      this.#deps.log.warn({ peer: device, code: codeOf(err) }, 'the end of a session could not be noted')
    })
  }

  /** A removed device is still told so, with the operation that says it. */
  #endSoon(device: DeviceId, session: PeerSession): void {
    this.#deps.log.info({ peer: device }, 'not a member any more')
    session.farewell().catch((err: unknown) => this.#deps.log.info({ peer: device, code: codeOf(err) }, 'no farewell'))
  }

  #told(): void {
    this.#deps.onConnected([...this.#sessions.keys()])
  }

  #dial(card: DeviceCard): void {
    const { deviceId, peerKey } = card
    if (!this.#started || this.#sessions.has(deviceId) || this.#dialling.has(deviceId)) return
    const isOurs = compareBytes(this.#deps.view.self().peerKey, peerKey) < 0
    // The other may not know where we are, as when a link broke right after pairing: with long pauses, we dial too.
    const failures = isOurs ? (this.#shortSessions.get(deviceId) ?? 0) : LAST_RETRY_FAILURES
    const dialling: Dialling = { abort: new AbortController(), failures, cancelRetry: undefined }
    this.#dialling.set(deviceId, dialling)
    // The first short session is met again at once: a link that broke is the usual reason.
    if (failures > 1) this.#retryLater(card, dialling)
    else void this.#dialOnce(card, dialling)
  }

  async #dialOnce(card: DeviceCard, dialling: Dialling): Promise<void> {
    const { store, nearby, log } = this.#deps
    try {
      const { said, hinted } = await store.addressesOf(card.deviceId)
      for (const addresses of dialRounds([...nearby(card).slice(0, MAX_DIAL_ADDRESSES), ...said], hinted)) {
        if (this.#dialling.get(card.deviceId) !== dialling) return
        const link = await this.#dialRound(card, addresses, dialling)
        if (link !== undefined) return this.#take(card, link, dialling)
      }
    } catch (err) {
      log.warn({ peer: card.deviceId, code: codeOf(err) }, 'its addresses could not be read')
    }
    this.#retryLater(card, dialling)
  }

  #take({ deviceId }: DeviceCard, link: Link, dialling: Dialling): void {
    if (this.#dialling.get(deviceId) === dialling) this.#begin(deviceId, link)
    else link.abort()
  }

  /** @returns undefined if nobody answered as this device at any of the addresses */
  async #dialRound(card: DeviceCard, addresses: readonly string[], dialling: Dialling): Promise<Link | undefined> {
    const { network, log, clock } = this.#deps
    const round = new AbortController()
    const abort = (): void => round.abort()
    const cancel = clock.after(ROUND_TIMEOUT_MS, abort)
    dialling.abort.signal.addEventListener('abort', abort)
    try {
      return await network.dial(card.peerKey, addresses, 'sync', round.signal)
    } catch (err) {
      log.debug({ peer: card.deviceId, code: codeOf(err) }, 'not reachable')
      return undefined
    } finally {
      cancel()
      dialling.abort.signal.removeEventListener('abort', abort)
    }
  }

  #retryLater(card: DeviceCard, dialling: Dialling): void {
    if (this.#dialling.get(card.deviceId) !== dialling) return
    const { clock, random } = this.#deps
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** dialling.failures, LAST_RETRY_MS) * (0.5 + random() / 2)
    const next: Dialling = { abort: new AbortController(), failures: dialling.failures + 1, cancelRetry: undefined }
    next.cancelRetry = clock.after(pauseMs, () => void this.#dialOnce(card, next))
    this.#dialling.set(card.deviceId, next)
  }

  #stopDialling(device: DeviceId): void {
    const dialling = this.#dialling.get(device)
    dialling?.cancelRetry?.()
    dialling?.abort.abort()
    this.#dialling.delete(device)
  }
}

function sumOf(a: SessionTraffic, b: SessionTraffic): SessionTraffic {
  return {
    segmentsIn: a.segmentsIn + b.segmentsIn,
    segmentsOut: a.segmentsOut + b.segmentsOut,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  }
}
