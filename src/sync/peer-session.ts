/**
 * One session with one paired device over one link: both sides run this, each as owner of its records and reader of the
 * other's (docs/spec/sync.md, docs/spec/reconcile.md).
 *
 * Order: hello, membership, consent and keys, then heads and segments. Nothing is sent to a device that is not a member,
 * nothing is offered that no live grant opens, and every segment is judged once more just before it is written.
 */
import type { Clock } from '../base/clock.ts'
import { equalBytes } from '../base/bytes.ts'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { DeviceId } from '../model/ids.ts'
import { FrameDecoder } from '../wire/frame.ts'
import {
  ADDRESSES_VERSION,
  CARRY_VERSION,
  MAX_CONTROL_ENTRIES,
  SYNC_VERSIONS,
  type HelloMessage,
  type RelayMessage,
  type SyncMessage,
} from '../wire/sync-message-types.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../wire/sync-messages.ts'
import type { ControlHead } from './seal-entries.ts'
import type { Pace } from './bandwidth.ts'
import { AddressExchange } from './address-exchange.ts'
import type { CarryStore } from './carry-store.ts'
import { ClockProbe } from './clock-probe.ts'
import type { Link } from './link.ts'
import { chunksOf } from './chunks-of.ts'
import { MembershipExchange } from './membership-exchange.ts'
import { OwnerSide, type OwnerTraffic } from './owner-side.ts'
import { ReaderSide, type ReaderTraffic } from './reader-side.ts'
import { RelayExchange } from './relay-exchange.ts'
import { SessionError } from './session-error.ts'
import type { MeshView, SyncStore } from './sync-store.ts'

export interface PeerSessionDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly store: SyncStore
  readonly view: MeshView
  /** Where this device can be reached, for the other to remember. */
  readonly addresses: () => readonly string[]
  /** How fast segments may travel over this link. */
  readonly pace: Pace
  /** New membership, consent or addresses came in: other sessions have to hear of it. */
  readonly onNews: () => void
}
export type SessionTraffic = OwnerTraffic & ReaderTraffic

/** A session ends when nothing was heard for this long; both sides send a ping more often. */
export const SILENCE_LIMIT_MS = 45_000
/**
 * Bytes posted and not taken by the transport, at most: the operations, entries and heads of a first meeting after years
 * fit several times, and a peer that asks without reading cannot fill memory.
 */
export const MAX_UNSENT_BYTES = 32 << 20

export class PeerSession {
  readonly peer: DeviceId
  readonly #link: Link
  readonly #deps: PeerSessionDeps
  readonly #probe: ClockProbe
  #greeted = false
  /** The version that both speak, once both have said hello. */
  #version = 0
  #heardAtMs: number
  /** Since a sign was last required. */
  #isHeard = true
  #cancelSign: (() => void) | undefined
  /** The entry of our log for the peer that it needs next; undefined before it said what it holds. */
  #nextEntry: number | undefined
  #digestSent = false
  #leaving: Promise<void> | undefined
  #upkeep: Promise<void> = Promise.resolve()
  #upkeepQueued = false
  #unsentBytes = 0
  /** What ended the session from beside the reading loop. */
  #failure: unknown
  readonly #members: MembershipExchange
  readonly #addresses: AddressExchange
  readonly #relay: RelayExchange | undefined
  readonly #owner: OwnerSide
  readonly #reader: ReaderSide

  constructor(peer: DeviceId, link: Link, deps: PeerSessionDeps) {
    this.peer = peer
    this.#link = link
    this.#deps = deps
    this.#heardAtMs = deps.clock.monotonic()
    this.#probe = new ClockProbe({
      clock: deps.clock,
      send: (message) => this.#post(message),
      onOffset: (clock) =>
        deps.store.rememberPeer(peer, { clock, lastSeenUnixMs: deps.clock.now(), ...this.#reader.stillInStep() }),
    })
    this.#members = new MembershipExchange({
      store: deps.store,
      post: (message) => this.#post(message),
      onSent: () => this.#sendAddresses({ anew: true }),
      onNews: deps.onNews,
    })
    this.#addresses = new AddressExchange({
      ...deps,
      peer,
      post: (message) => this.#post(message),
      remoteAddress: link.remoteAddress,
    })
    const sideDeps = {
      ...deps,
      peer,
      post: (message: SyncMessage) => this.#post(message),
      send: (message: SyncMessage) => this.#send(message),
      sendControlEntries: () => this.#sendControlEntries(),
      carry: () => this.#carry(),
      onFailure: (err: unknown) => this.#end(err),
    }
    const { carry } = deps.store
    this.#relay = carry && new RelayExchange({ peer, carry, post: sideDeps.post })
    this.#owner = new OwnerSide(sideDeps)
    this.#reader = new ReaderSide({ ...sideDeps, post: (message) => this.#postInPace(message) })
  }

  /** Runs until the link ends. @throws {SessionError}, {WireError} and what the store throws, after the link is closed */
  async run(): Promise<void> {
    const { clock, log } = this.#deps
    const stopWatch = clock.every(SILENCE_LIMIT_MS / 3, () => this.#watch())
    try {
      this.#post({ ...(await this.#hello()), type: 'hello' })
      const decoder = new FrameDecoder()
      for await (const chunk of this.#link.chunks()) {
        this.#heardAtMs = clock.monotonic()
        this.#isHeard = true
        for (const { kind, payload } of decoder.push(chunk)) await this.#handle(decodeSyncMessage(kind, payload))
      }
      if (this.#failure !== undefined) throw this.#failure
    } catch (err) {
      this.#refuse(err)
      throw err
    } finally {
      stopWatch()
      this.#deps.pace.end()
      this.#cancelSign?.()
      this.#probe.stop()
      await this.#link.close()
      log.debug({ peer: this.peer, ...this.traffic() }, 'session ended')
    }
  }

  /** There may be more consent, keys, members or records for the peer: sends what is new, soon and in order. */
  notify(): void {
    if (!this.#greeted || this.#upkeepQueued) return
    this.#upkeepQueued = true
    this.#upkeep = this.#upkeep
      .then(() => {
        this.#upkeepQueued = false
        return this.#sendNews()
      })
      .catch((err: unknown) => this.#end(err))
  }

  /** Ends the session unless the other device is heard within this time: the link may lead nowhere by now. */
  requireSign(withinMs: number): void {
    if (this.#cancelSign) return // it has begun to run
    this.#isHeard = false
    if (this.#greeted) this.#probe.ask()
    this.#cancelSign = this.#deps.clock.after(withinMs, () => {
      this.#cancelSign = undefined
      if (!this.#isHeard) this.#end(new SessionError('SYNC_SILENT', 'nothing heard over a network that may be another'))
    })
  }

  traffic(): SessionTraffic {
    return { ...this.#owner.traffic(), ...this.#reader.traffic() }
  }

  async close(): Promise<void> {
    this.#post({ type: 'bye' })
    await this.#link.close()
  }

  /** Ends the session with a device that is no member any more; the operations and revocations that say so go first. */
  farewell(): Promise<void> {
    return (this.#leaving ??= this.#leave())
  }

  async #leave(): Promise<void> {
    try {
      await this.#upkeep
      await this.#sendControlEntries()
      await this.#members.onMembers([])
    } finally {
      await this.close()
    }
  }

  /** Resolves once what was queued by {@link notify}, or the farewell, is written. */
  async flushed(): Promise<void> {
    await (this.#leaving ?? this.#upkeep)
  }

  async #hello(): Promise<Omit<HelloMessage, 'type'>> {
    const { view, store, addresses } = this.#deps
    return {
      versions: this.#versions(),
      mesh: view.mesh(),
      deviceId: view.self().deviceId,
      membershipDigest: await store.membershipDigest(),
      addresses: addresses(),
    }
  }

  #versions(): readonly number[] {
    return this.#deps.store.carry === undefined
      ? SYNC_VERSIONS.filter((version) => version < CARRY_VERSION)
      : SYNC_VERSIONS
  }

  /** Nothing goes through carriers with a device that does not know of them. */
  #carry(): CarryStore | undefined {
    return this.#version >= CARRY_VERSION ? this.#deps.store.carry : undefined
  }

  async #handle(message: SyncMessage): Promise<void> {
    if (!this.#greeted && message.type !== 'hello' && message.type !== 'refuse') {
      throw new SessionError('SYNC_NO_HELLO', 'a session begins with hello', { details: { type: message.type } })
    }
    switch (message.type) {
      case 'hello':
        return this.#onHello(message)
      case 'members':
        return this.#members.onMembers(message.opIds)
      case 'member-ops':
        return this.#members.onMemberOps(message.ops)
      case 'control-heads':
        return this.#onControlHeads(message.yours)
      case 'control-entries':
        return this.#onControlEntries(message.entries)
      case 'heads-digest':
        return this.#reader.onHeadsDigest(message)
      case 'heads-wanted':
        return this.#owner.onDigestAnswer(false)
      case 'in-sync':
        return this.#owner.onDigestAnswer(true)
      case 'heads':
        return this.#reader.onHeads(message)
      case 'want':
        return this.#owner.onWant(message)
      case 'segment':
        this.#deps.pace.spend('down', message.header.length + message.sealed.length)
        return this.#reader.onSegment(message)
      case 'run-end':
        return this.#reader.onRunEnd(message)
      case 'want-end':
        return this.#reader.onWantEnd(message.reason)
      case 'ack':
        return this.#carry()?.acknowledged(this.peer, message.rows)
      case 'ping':
        return this.#probe.onPing(message)
      case 'pong':
        await this.#probe.onPong(message)
        return this.#reader.restoreLost()
      case 'refuse':
        throw new SessionError('SYNC_REFUSED', 'the other device ended the session', {
          details: { code: message.code },
        })
      case 'bye':
        return this.#link.close()
      case 'addresses':
        return this.#addresses.onAddresses(message.rows)
      case 'relay-offer':
        return this.#relay?.onOffer(message.rows)
      case 'relay-want':
        return this.#relay?.onWant(message.rows)
      case 'relay':
        return this.#onRelay(message)
      case 'receipt':
        return this.#carry()?.takeReceipt(this.peer, message.receipt)
      case 'carry-refused':
        return this.#carry()?.takeCarryRefusal(this.peer, message.code)
    }
  }

  async #onHello(hello: HelloMessage): Promise<void> {
    if (this.#greeted) throw new SessionError('SYNC_OUT_OF_ORDER', 'hello comes once')
    const { view, onNews } = this.#deps
    const card = view.membership().members.get(this.peer)?.card
    const version = this.#versions().findLast((each) => hello.versions.includes(each))
    if (version === undefined) throw new SessionError('SYNC_VERSION_UNKNOWN', 'no version in common')
    if (hello.mesh !== view.mesh()) throw new SessionError('SYNC_OTHER_MESH', 'a device of another mesh')
    if (hello.deviceId !== this.peer || card === undefined || !equalBytes(card.peerKey, this.#link.remotePeerKey)) {
      throw new SessionError('SYNC_NOT_A_MEMBER', 'this connection does not belong to that device')
    }
    this.#greeted = true
    this.#version = version
    await this.#addresses.onHello(hello.addresses)
    await this.#members.onHello(hello.membershipDigest)
    await this.#sendControlHeads()
    await this.#sendAddresses()
    this.#probe.start()
    onNews()
  }

  /** @param anew after operations that the other side lacked: without them it had no use for the addresses */
  async #sendAddresses({ anew } = { anew: false }): Promise<void> {
    if (this.#version < ADDRESSES_VERSION) return
    await (anew ? this.#addresses.tellAnew() : this.#addresses.tell())
  }

  // Consent and keys: the owner sends what the reader does not hold; the reader answers with what it holds now.

  async #sendControlHeads(): Promise<void> {
    const { mine, yours } = await this.#deps.store.controlHeads(this.peer)
    const toHead = (head: ControlHead) => head && { seq: head.seq, id: head.entryId }
    this.#post({ type: 'control-heads', mine: toHead(mine), yours: toHead(yours) })
  }

  async #onControlHeads(held: { readonly seq: number; readonly id: Uint8Array } | undefined): Promise<void> {
    this.#nextEntry = held === undefined ? 0 : held.seq + 1
    await this.#sendControlEntries()
    if (this.#carry()) await this.#relay?.tell()
    if (this.#digestSent) return
    this.#digestSent = true
    await this.#owner.sendDigest()
  }

  async #sendControlEntries(): Promise<void> {
    const from = this.#nextEntry
    if (from === undefined) return
    const entries = await this.#deps.store.controlEntries(this.peer, from)
    this.#nextEntry = from + entries.length
    for (const chunk of chunksOf(entries, MAX_CONTROL_ENTRIES)) this.#post({ type: 'control-entries', entries: chunk })
  }

  async #onControlEntries(entries: readonly Uint8Array[]): Promise<void> {
    const isNew = await this.#deps.store.acceptControlEntries(this.peer, entries)
    if (isNew) this.#deps.onNews()
    await this.#sendControlHeads()
    if (isNew) await this.#reader.onOpened()
  }

  /** What an owner said to a device that it does not meet: others may be waiting for it in turn. */
  async #onRelay(message: RelayMessage): Promise<void> {
    if ((await this.#relay?.onRelay(message)) !== true) return
    this.#deps.onNews()
    await this.#reader.onOpened()
  }

  async #sendNews(): Promise<void> {
    await this.#members.tellIfNew()
    await this.#sendControlEntries()
    if (this.#carry() && this.#digestSent) await this.#relay?.tell()
    await this.#sendAddresses()
    await this.#owner.offerNews()
    await this.#reader.reconsider()
  }

  // The session itself.

  #watch(): void {
    if (this.#deps.clock.monotonic() - this.#heardAtMs > SILENCE_LIMIT_MS) {
      this.#end(new SessionError('SYNC_SILENT', 'nothing heard for too long'))
    }
  }

  #send(message: SyncMessage): Promise<void> {
    return this.#link.send(encodeSyncMessage(message))
  }

  /**
   * Sends without waiting for room: the reading loop must never wait for the peer to read, or two busy devices would
   * wait for each other for ever. Only segments are large, and those wait, beside the loop.
   */
  #post(message: SyncMessage): void {
    const frame = encodeSyncMessage(message)
    this.#unsentBytes += frame.length
    if (this.#unsentBytes > MAX_UNSENT_BYTES) {
      return this.#end(new SessionError('SYNC_NOT_READING', 'the other side asks and does not read'))
    }
    this.#link.send(frame).then(
      () => {
        this.#unsentBytes -= frame.length
      },
      (err: unknown) => this.#end(err),
    )
  }

  /** What is asked for comes: so it is the asking that waits, beside the reading loop, and no more is asked for than a limit bears. */
  #postInPace(message: SyncMessage): void {
    if (message.type !== 'want') return this.#post(message)
    const { pace } = this.#deps
    const want = { ...message, budgetBytes: pace.askBytes(message.budgetBytes) }
    if (pace.isFree('down')) return this.#post(want)
    void pace.until('down').then(() => this.#post(want))
  }

  #refuse(err: unknown): void {
    const code = codeOf(err)
    if (code !== 'SYNC_REFUSED' && !code.startsWith('LINK_')) this.#post({ type: 'refuse', code })
  }

  #end(err: unknown): void {
    // The other side has closed: what it said last is still to be read, and the reading loop ends by itself.
    if (codeOf(err) === 'LINK_CLOSED') return
    this.#failure ??= err
    this.#link.abort()
  }
}
