/**
 * The agent's end of the link to the devtools process: pushes in, answers out (src/wire/devtools-link.ts). The process takes
 * what strangers send, so it may be theirs: what it says is checked before memory is spent on it, what it can make wait is
 * bounded in bytes, in number and in time, and one wrong word ends the link. One link at a time: a new one ends the old.
 */
import type { Duplex } from 'node:stream'
import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { otlpAnswer, otlpBusy } from '../ingest/otlp-request.ts'
import {
  encodeAnswers,
  LINK_PATH,
  LINK_PROTOCOL,
  readDevtoolsHead,
  type AskHead,
  type PushHead,
  type RefusedHead,
} from '../wire/devtools-link.ts'
import { LinkReader, type LinkReceiver } from '../wire/link-reader.ts'
import { probeText } from './health-routes.ts'
import type { HealthService } from './health/health-service.ts'
import type { LinkRoute } from './http-server.ts'
import type { IntakeGate } from './intake-gate.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { Push } from './keeper/otlp-calls.ts'

export interface DevtoolsInletDeps {
  readonly keeper: Pick<KeeperClient, 'call' | 'callMoving'>
  readonly gate: Pick<IntakeGate, 'enter' | 'leave'>
  readonly clock: Pick<Clock, 'after'>
  readonly health: Pick<HealthService, 'look'>
  readonly log: Pick<Logger, 'warn' | 'error'>
}

/** Pushes that may wait for their answer: twice what the process has under way, for it gives up on those that take too long. */
export const MAX_PUSHES_WAITING = 512
/** Time a frame may take from its first byte to its last, in milliseconds: the process has all of it when it begins. */
export const FRAME_TIMEOUT_MS = 10_000

/** Questions that may be looked into at once; one more is answered that we are busy. */
export const MAX_ASKS = 8

type Head = PushHead | RefusedHead | AskHead
/** A body in a buffer of its own, which can be handed over. */
type Arrived = Push & { readonly body: Uint8Array<ArrayBuffer> }

export class DevtoolsInlet implements LinkRoute {
  readonly path = LINK_PATH
  readonly protocol = LINK_PROTOCOL
  readonly capability = 'devtools'
  readonly #deps: DevtoolsInletDeps
  #link: Link | undefined

  constructor(deps: DevtoolsInletDeps) {
    this.#deps = deps
  }

  /** Takes a connection over, until one side ends it. */
  open(connection: Duplex): void {
    this.#link?.end()
    this.#link = new Link(this.#deps, connection)
  }
}

class Link implements LinkReceiver<Head> {
  readonly #deps: DevtoolsInletDeps
  readonly #connection: Duplex
  readonly #reader = new LinkReader<Head>(readDevtoolsHead, this)
  /** Whole, and not on their way to the store yet. */
  #arrived: Arrived[] = []
  /** To be told that we are busy. */
  #turnedAway: PushHead[] = []
  #waiting = 0
  /** Room taken for the body that is coming. */
  #roomBytes = 0
  /** Grows with every head and every frame that is whole. */
  #progress = 0
  /** Refusals that the store was not told of yet, by status. */
  #refused = new Map<number, number>()
  #isTelling = false
  #asks = 0
  #cancelWatch: (() => void) | undefined

  constructor(deps: DevtoolsInletDeps, connection: Duplex) {
    this.#deps = deps
    this.#connection = connection
    connection.on('data', (chunk: Uint8Array) => this.#read(chunk))
    connection.on('drain', () => connection.resume())
    connection.once('end', () => this.end())
    connection.once('close', () => this.#forget())
  }

  end(): void {
    this.#connection.destroy()
  }

  room(head: Head): Uint8Array | undefined {
    this.#progress++
    if (head.kind !== 'push' || this.#waiting >= MAX_PUSHES_WAITING) return undefined
    if (!this.#deps.gate.enter(head.length)) return undefined
    this.#roomBytes = head.length
    // Not zeroed: nobody sees it before it is full.
    return Buffer.allocUnsafeSlow(head.length)
  }

  take(head: Head, body: Uint8Array | undefined): void {
    this.#progress++
    if (head.kind === 'refused') {
      this.#refused.set(head.status, (this.#refused.get(head.status) ?? 0) + head.count)
      return
    }
    if (head.kind === 'ask') {
      void this.#tellHealth(head)
      return
    }
    if (body === undefined) {
      this.#turnedAway.push(head)
      return
    }
    const { request, signal, encoding, gzip } = head
    this.#roomBytes = 0
    this.#waiting++
    this.#arrived.push({ request, signal, encoding, gzip, body: body as Uint8Array<ArrayBuffer> })
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk)
    } catch (err) {
      this.#deps.log.warn({ code: codeOf(err) }, 'the devtools process broke a rule of its link')
      this.end()
    }
    this.#turnAway(this.#turnedAway)
    this.#turnedAway = []
    this.#store(this.#arrived)
    this.#arrived = []
    if (this.#refused.size > 0 && !this.#isTelling) void this.#tellRefused()
    if (this.#reader.isInsideFrame) this.#watch()
  }

  /** What came together goes to the store together: one message there, one message and one write back. */
  #store(pushes: readonly Arrived[]): void {
    if (pushes.length === 0) return
    const { keeper, gate, log } = this.#deps
    const bytes = pushes.reduce((sum, { body }) => sum + body.length, 0)
    const heads = pushes.map(({ request, encoding }) => ({ request, encoding }))
    const buffers = pushes.map(({ body }) => body.buffer)
    keeper
      .callMoving(buffers, 'takePushes', pushes)
      .then(
        (answers) => this.#write(answers),
        (err: unknown) => {
          log.error({ err }, 'what the devtools process sent could not be stored')
          this.#turnAway(heads)
        },
      )
      .finally(() => {
        gate.leave(bytes)
        this.#waiting -= heads.length
      })
  }

  #turnAway(heads: readonly Pick<PushHead, 'request' | 'encoding'>[]): void {
    if (heads.length === 0) return
    this.#write(encodeAnswers(heads.map(({ request, encoding }) => ({ request, ...otlpAnswer(otlpBusy(encoding)) }))))
  }

  async #tellHealth({ request, probe, isVerbose }: AskHead): Promise<void> {
    this.#asks++
    const unknown = { status: 503, text: 'the agent cannot say now\n' }
    const look = async () => probeText(probe, await this.#deps.health.look(), isVerbose)
    // A stage that shows no health any more has no such process either.
    const { status, text } = this.#asks > MAX_ASKS ? unknown : await look().catch(() => unknown)
    this.#asks--
    this.#write(encodeAnswers([{ request, status, encoding: 'json', retryAfterS: 0, body: utf8(text) }]))
  }

  /** A process that does not read its answers is not read either: what waits for it stays bounded. */
  #write(frames: Uint8Array): void {
    if (!this.#connection.destroyed && !this.#connection.write(frames)) this.#connection.pause()
  }

  /** One call at a time, whatever the process says meanwhile. */
  async #tellRefused(): Promise<void> {
    this.#isTelling = true
    while (this.#refused.size > 0) {
      const counts = [...this.#refused]
      this.#refused.clear()
      // A store thread that has ended counts nothing any more, and takes the agent with it.
      await this.#deps.keeper.call('otlpRefused', counts).catch(() => undefined)
    }
    this.#isTelling = false
  }

  /** Ends the link if the frame that is coming now has not come to its end in time. */
  #watch(): void {
    const before = this.#progress
    this.#cancelWatch ??= this.#deps.clock.after(FRAME_TIMEOUT_MS, () => {
      this.#cancelWatch = undefined
      if (!this.#reader.isInsideFrame) return
      if (this.#progress !== before) return this.#watch()
      this.#deps.log.warn({ timeoutMs: FRAME_TIMEOUT_MS }, 'the devtools process stopped inside a frame')
      this.end()
    })
  }

  #forget(): void {
    this.#cancelWatch?.()
    this.#deps.gate.leave(this.#roomBytes)
    this.#roomBytes = 0
  }
}
