/**
 * Frames between the devtools process and its agent, once their connection was upgraded (docs/spec/otlp-http.md, OH20).
 *
 *   0 kind u8 | 1 encoding u8 | 2 detail u8 | 3 coding u8 | 4 status u16 | 6 zero u16 | 8 number u32 | 12 length u32 | body
 *
 *   1 push     process -> agent   detail: signal 0 traces, 1 logs, 2 metrics · coding: 0 none, 1 gzip · number: request
 *   2 answer   agent -> process   detail: seconds of Retry-After, 0 none · status: of HTTP · number: request
 *   3 refused  process -> agent   status: of HTTP · number: how often, at least once · no body
 *   4 ask      process -> agent   detail: 0 livez, 1 readyz · coding: 1 verbose · number: request · no body, answered by 2
 *
 * Integers are big-endian; encoding is 0 protobuf, 1 JSON; what a kind does not use is zero. Limits: a push's body has at most
 * MAX_OTLP_BYTES, an answer's MAX_ANSWER_BYTES. Whoever says anything else is not the program that belongs on the other side,
 * and the connection ends. Version: the word in `Upgrade`; both ends are of one package.
 */
import { concat } from '../base/bytes.ts'
import { SIGNALS, type Signal } from '../model/lane.ts'
import { MAX_OTLP_BYTES } from './otlp/limits.ts'
import type { OtlpEncoding } from './otlp/rpc-status.ts'
import { WireError } from './wire-error.ts'

export interface PushHead {
  readonly kind: 'push'
  /** Chosen by the process; the answer names it. */
  readonly request: number
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly gzip: boolean
  /** Bytes of body that follow. */
  readonly length: number
}
export interface AnswerHead {
  readonly kind: 'answer'
  readonly request: number
  readonly status: number
  readonly encoding: OtlpEncoding
  /** Seconds to wait before the next try; 0 if the answer says nothing of it. */
  readonly retryAfterS: number
  readonly length: number
}
export interface Answer extends Omit<AnswerHead, 'kind' | 'length'> {
  readonly body: Uint8Array
}
/** How often the process refused a request by itself. */
export interface RefusedHead {
  readonly kind: 'refused'
  readonly status: number
  readonly count: number
  readonly length: 0
}

/** Whether the agent works, for a program that asks on the process's port. */
export interface AskHead {
  readonly kind: 'ask'
  readonly request: number
  readonly probe: Probe
  readonly isVerbose: boolean
  readonly length: 0
}
export const PROBES = ['livez', 'readyz'] as const
export type Probe = (typeof PROBES)[number]

/** Path on the agent's socket, and the word in `Upgrade`. */
export const LINK_PATH = '/v1/devtools/link'
export const LINK_PROTOCOL = 'aico-mesh-devtools/1'
export const LINK_HEAD_BYTES = 16
/** Longest body of an answer, in bytes: what OTLP says an answer should not exceed. */
export const MAX_ANSWER_BYTES = 4 << 20
/** Statuses that a refusal of the process can have: a counter each, and no other. */
export const REFUSED_STATUSES: readonly number[] = [403, 404, 405, 413, 415, 503]

const KIND = { push: 1, answer: 2, refused: 3, ask: 4 } as const
const ENCODINGS: readonly OtlpEncoding[] = ['protobuf', 'json']

export type LinkErrorCode = 'LINK_KIND' | 'LINK_FIELD' | 'LINK_TOO_LARGE'
export class LinkError extends WireError<LinkErrorCode> {}

export function encodeLinkHead(head: PushHead | AnswerHead | RefusedHead | AskHead): Uint8Array {
  const bytes = new Uint8Array(LINK_HEAD_BYTES)
  if (head.kind === 'ask') {
    bytes.set([KIND.ask, 0, PROBES.indexOf(head.probe), head.isVerbose ? 1 : 0])
    writeU32(bytes, 8, head.request)
    return bytes
  }
  const isRefused = head.kind === 'refused'
  bytes[0] = KIND[head.kind]
  bytes[1] = isRefused ? 0 : ENCODINGS.indexOf(head.encoding)
  if (head.kind === 'push') {
    bytes[2] = SIGNALS.indexOf(head.signal)
    bytes[3] = head.gzip ? 1 : 0
  } else {
    if (!isRefused) bytes[2] = head.retryAfterS
    bytes[4] = head.status >>> 8
    bytes[5] = head.status
  }
  writeU32(bytes, 8, isRefused ? head.count : head.request)
  writeU32(bytes, 12, head.length)
  return bytes
}

/** The frames of answers, one after the other. */
export function encodeAnswers(answers: readonly Answer[]): Uint8Array {
  return concat(
    ...answers.flatMap(({ body, ...rest }) => [encodeLinkHead({ kind: 'answer', ...rest, length: body.length }), body]),
  )
}

/** Reads what the process says. @throws {LinkError} */
export function readDevtoolsHead(bytes: Uint8Array): PushHead | RefusedHead | AskHead {
  const [kind, encoding, detail, coding] = bytes as unknown as readonly [number, number, number, number]
  const status = u16(bytes, 4)
  const number = u32(bytes, 8)
  const length = u32(bytes, 12)
  if (kind === KIND.refused) {
    require(encoding + detail + coding + u16(bytes, 6) + length === 0, 'zero')
    require(REFUSED_STATUSES.includes(status), 'status')
    require(number > 0, 'count')
    return { kind: 'refused', status, count: number, length: 0 }
  }
  if (kind === KIND.ask) {
    require(encoding + status + u16(bytes, 6) + length === 0, 'zero')
    require(detail < PROBES.length, 'probe')
    require(coding <= 1, 'coding')
    return { kind: 'ask', request: number, probe: PROBES[detail] as Probe, isVerbose: coding === 1, length: 0 }
  }
  if (kind !== KIND.push) throw new LinkError('LINK_KIND', 'no frame of the devtools process', { details: { kind } })
  require(status + u16(bytes, 6) === 0, 'zero')
  require(detail < SIGNALS.length, 'signal')
  require(coding <= 1, 'coding')
  limit(length, MAX_OTLP_BYTES)
  const signal = SIGNALS[detail] as Signal
  return { kind: 'push', request: number, signal, encoding: encodingOf(encoding), gzip: coding === 1, length }
}

/** Reads what the agent says. @throws {LinkError} */
export function readAgentHead(bytes: Uint8Array): AnswerHead {
  const [kind, encoding, retryAfterS, coding] = bytes as unknown as readonly [number, number, number, number]
  if (kind !== KIND.answer) throw new LinkError('LINK_KIND', 'no frame of the agent', { details: { kind } })
  const status = u16(bytes, 4)
  const length = u32(bytes, 12)
  require(coding + u16(bytes, 6) === 0, 'zero')
  require(status >= 200 && status <= 599, 'status')
  limit(length, MAX_ANSWER_BYTES)
  return { kind: 'answer', request: u32(bytes, 8), status, encoding: encodingOf(encoding), retryAfterS, length }
}

function encodingOf(value: number): OtlpEncoding {
  const encoding = ENCODINGS[value]
  if (encoding === undefined) throw new LinkError('LINK_FIELD', 'encoding: unknown', { details: { field: 'encoding' } })
  return encoding
}

function require(isRight: boolean, field: string): void {
  if (!isRight) throw new LinkError('LINK_FIELD', `${field}: not one that can be`, { details: { field } })
}

function limit(length: number, max: number): void {
  if (length > max) throw new LinkError('LINK_TOO_LARGE', 'a body over its limit', { details: { length, limit: max } })
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_00_00 + u16(bytes, at + 2)
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
