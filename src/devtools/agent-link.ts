/**
 * The devtools process's one way out: a link to the agent over its unix socket, opened under this process's own capability
 * token (src/wire/devtools-link.ts). It is the lifeline too: when it ends, so does the process. Every wait has a bound, and no
 * failure of the agent throws.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Signal } from '../model/lane.ts'
import type { OtlpEncoding } from '../wire/otlp/rpc-status.ts'
import { request as requestHttp } from '../platform/node-http.ts'
import {
  encodeLinkHead,
  LINK_PATH,
  LINK_PROTOCOL,
  readAgentHead,
  type Probe,
  type Answer,
  type AnswerHead,
} from '../wire/devtools-link.ts'
import { LinkReader, type LinkReceiver } from '../wire/link-reader.ts'
import type { DevtoolsConfig } from './process-words.ts'
import type { Counts } from './refusal-tally.ts'

/** A body as it came from the client, still compressed. */
export interface RawPush {
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly gzip: boolean
  readonly blocks: readonly Uint8Array[]
  readonly length: number
}
export type AgentAnswer = Omit<Answer, 'request'>

export interface AgentLinkOptions {
  /** Default {@link AGENT_TIMEOUT_MS}. */
  readonly timeoutMs?: number
  /** Default {@link MAX_UNSENT_BYTES}. */
  readonly maxUnsentBytes?: number
}

/** How long the agent may take to commit and answer: half of the 10 s most exporters give a push, so one retry still fits. */
export const AGENT_TIMEOUT_MS = 5_000
/** Bytes that may wait to be sent: an agent that reads no more gets nothing new, and memory stays bounded. */
export const MAX_UNSENT_BYTES = 128 << 20
const MAX_REQUEST = 0xff_ff_ff_ff

interface Waiting {
  readonly untilMs: number
  readonly settle: (answer: AgentAnswer | undefined) => void
}

export class AgentLink implements LinkReceiver<AnswerHead> {
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #maxUnsentBytes: number
  readonly #reader = new LinkReader<AnswerHead>(readAgentHead, this)
  /** By request, the oldest first. */
  readonly #waiting = new Map<number, Waiting>()
  #lastRequest = 0
  #timer: NodeJS.Timeout | undefined
  #isCorked = false
  /** Resolves when the link ends, whoever ended it. */
  readonly ended: Promise<void>

  /** @returns nothing if the agent did not accept it: wrong token, no agent, or no answer in time */
  static open(
    { socketPath, token }: Pick<DevtoolsConfig, 'socketPath' | 'token'>,
    options: AgentLinkOptions = {},
  ): Promise<AgentLink | undefined> {
    const headers = { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: LINK_PROTOCOL }
    return new Promise((resolve) => {
      const outgoing = requestHttp({ socketPath, path: LINK_PATH, agent: false, headers })
      const tooLate = setTimeout(() => outgoing.destroy(), options.timeoutMs ?? AGENT_TIMEOUT_MS)
      outgoing.on('upgrade', (_: IncomingMessage, socket: Socket, first: Uint8Array) => {
        clearTimeout(tooLate)
        if (first.length > 0) socket.unshift(first)
        resolve(new AgentLink(socket, options))
      })
      outgoing.on('response', () => outgoing.destroy())
      outgoing.on('error', () => {}) // what counts is that it closes
      outgoing.on('close', () => {
        clearTimeout(tooLate)
        resolve(undefined)
      })
      outgoing.end()
    })
  }

  private constructor(socket: Socket, options: AgentLinkOptions) {
    this.#socket = socket
    this.#timeoutMs = options.timeoutMs ?? AGENT_TIMEOUT_MS
    this.#maxUnsentBytes = options.maxUnsentBytes ?? MAX_UNSENT_BYTES
    socket.on('error', () => {}) // 'close' follows
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk))
    socket.once('end', () => socket.destroy())
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#giveUp(() => true)
        resolve()
      })
    })
  }

  /** @returns the agent's answer, or `undefined` if none came in time. */
  push({ signal, encoding, gzip, blocks, length }: RawPush): Promise<AgentAnswer | undefined> {
    if (this.#socket.destroyed || this.#socket.writableLength + length > this.#maxUnsentBytes) {
      return Promise.resolve(undefined)
    }
    const request = this.#nextRequest()
    this.#send(encodeLinkHead({ kind: 'push', request, signal, encoding, gzip, length }), ...blocks)
    return this.#answerTo(request)
  }

  /** @returns what the agent says of its health, or `undefined` if it says nothing in time. */
  ask(probe: Probe, isVerbose: boolean): Promise<AgentAnswer | undefined> {
    if (this.#socket.destroyed || this.#socket.writableLength > this.#maxUnsentBytes) return Promise.resolve(undefined)
    const request = this.#nextRequest()
    this.#send(encodeLinkHead({ kind: 'ask', request, probe, isVerbose, length: 0 }))
    return this.#answerTo(request)
  }

  /** Tells the agent how often this process refused a request itself. */
  tellRefused(counts: Counts): void {
    for (const [status, count] of counts) this.#send(encodeLinkHead({ kind: 'refused', status, count, length: 0 }))
  }

  room({ length }: AnswerHead): Uint8Array {
    return new Uint8Array(length)
  }

  take({ request, status, encoding, retryAfterS }: AnswerHead, body: Uint8Array): void {
    this.#settle(request, { status, encoding, retryAfterS, body })
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk)
    } catch {
      this.#socket.destroy() // whoever speaks there is not our agent
    }
  }

  /** Blocks go out as they are. What is sent in the same turn of the event loop goes out together. */
  #send(...blocks: readonly Uint8Array[]): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      setImmediate(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    for (const block of blocks) this.#socket.write(block)
  }

  #answerTo(request: number): Promise<AgentAnswer | undefined> {
    return new Promise((settle) => {
      this.#waiting.set(request, { untilMs: performance.now() + this.#timeoutMs, settle })
      this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#timeoutMs)
    })
  }

  #nextRequest(): number {
    do this.#lastRequest = this.#lastRequest === MAX_REQUEST ? 0 : this.#lastRequest + 1
    while (this.#waiting.has(this.#lastRequest))
    return this.#lastRequest
  }

  #settle(request: number, answer: AgentAnswer | undefined): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    waiting?.settle(answer)
  }

  #giveUpLate(): void {
    this.#timer = undefined
    const nowMs = performance.now()
    this.#giveUp(({ untilMs }) => untilMs <= nowMs)
    const [oldest] = this.#waiting.values()
    if (oldest !== undefined) this.#timer = setTimeout(() => this.#giveUpLate(), Math.ceil(oldest.untilMs - nowMs))
  }

  #giveUp(isOver: (waiting: Waiting) => boolean): void {
    for (const [request, waiting] of this.#waiting) {
      if (!isOver(waiting)) break
      this.#settle(request, undefined)
    }
    if (this.#waiting.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
  }
}
