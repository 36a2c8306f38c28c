/**
 * Decides from a request's head alone whether its body is worth reading: host, origin, path, method, encodings, length, in
 * that order, so that a stranger learns nothing but "no". Data in, decision out; never throws.
 */
import { SIGNALS, type Signal } from '../model/lane.ts'
import { RPC_CODE, type OtlpEncoding } from '../wire/otlp/rpc-status.ts'

/** The parts of node:http's IncomingMessage that count. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Names and values in turn, as received: joined headers would hide a second Host. */
  readonly rawHeaders: readonly string[]
}

export interface OtlpPush {
  readonly ok: true
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly gzip: boolean
  /** Declared length of the body in bytes; `undefined` if it comes in chunks. */
  readonly contentLength: number | undefined
}

export interface Refusal {
  readonly ok: false
  readonly status: number
  readonly rpcCode: number
  readonly message: string
  /** Encoding of the answer: the request's if it named one we speak, else JSON, which people can read. */
  readonly encoding: OtlpEncoding
  readonly allow?: string
  readonly retryAfterS?: number
}

export interface HeadLimits {
  /** Port the server listens on; a Host that names another port is a stranger. */
  readonly port: number
  readonly maxBodyBytes: number
}

export const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

const HOST_NAMES = ['127.0.0.1', 'localhost', '[::1]']
const SIGNAL_BY_PATH: ReadonlyMap<string, Signal> = new Map(SIGNALS.map((signal) => [`/v1/${signal}`, signal]))

export function judgeHead(head: RequestHead, limits: HeadLimits): OtlpPush | Refusal {
  const encoding = encodingOf(only(head, 'content-type'))
  const refuse = (status: number, rpcCode: number, message: string, more: { allow?: string } = {}): Refusal => ({
    ok: false,
    status,
    rpcCode,
    message,
    encoding: encoding ?? 'json',
    ...more,
  })
  if (!isOwnHost(only(head, 'host'), limits.port)) return refuse(403, RPC_CODE.PERMISSION_DENIED, 'host not allowed')
  if (isFromWebPage(head)) return refuse(403, RPC_CODE.PERMISSION_DENIED, 'requests of web pages are not allowed')
  const signal = SIGNAL_BY_PATH.get((head.url ?? '').split('?', 1)[0] as string)
  if (signal === undefined)
    return refuse(404, RPC_CODE.NOT_FOUND, 'no such path: use /v1/traces, /v1/logs, /v1/metrics')
  if (head.method !== 'POST') return refuse(405, RPC_CODE.UNIMPLEMENTED, 'method not allowed', { allow: 'POST' })
  if (encoding === undefined) return refuse(415, RPC_CODE.INVALID_ARGUMENT, `content-type: ${either(CONTENT_TYPES)}`)
  const coding = (valuesOf(head, 'content-encoding').join(',') || 'identity').trim().toLowerCase()
  if (coding !== 'gzip' && coding !== 'identity') {
    return refuse(415, RPC_CODE.INVALID_ARGUMENT, 'content-encoding must be gzip or absent')
  }
  const contentLength = lengthOf(head)
  if (contentLength !== undefined && contentLength > limits.maxBodyBytes) return tooLarge(encoding, limits.maxBodyBytes)
  return { ok: true, signal, encoding, gzip: coding === 'gzip', contentLength }
}

/** Also the answer when a body without a declared length turns out too long. */
export function tooLarge(encoding: OtlpEncoding, maxBodyBytes: number): Refusal {
  const message = `body exceeds ${maxBodyBytes} bytes`
  return { ok: false, status: 413, rpcCode: RPC_CODE.RESOURCE_EXHAUSTED, message, encoding }
}

function isOwnHost(host: string | undefined, port: number): boolean {
  const name = host?.toLowerCase()
  return HOST_NAMES.some((own) => name === own || name === `${own}:${port}`)
}

/** No program sends these; every browser does on a cross-site POST, even where CORS asks nothing first. */
function isFromWebPage(head: RequestHead): boolean {
  return ['origin', 'sec-fetch-site'].some((name) => valuesOf(head, name).length > 0)
}

function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === CONTENT_TYPES.protobuf) return 'protobuf'
  return type === CONTENT_TYPES.json ? 'json' : undefined
}

/** node:http has already refused a Content-Length that is not one decimal number. */
function lengthOf(head: RequestHead): number | undefined {
  const value = only(head, 'content-length')
  return value === undefined ? undefined : Number(value)
}

/** The header's value if it came exactly once. */
function only(head: RequestHead, name: string): string | undefined {
  const values = valuesOf(head, name)
  return values.length === 1 ? values[0] : undefined
}

function valuesOf(head: RequestHead, name: string): string[] {
  return head.rawHeaders.filter((_, i) => i % 2 === 1 && head.rawHeaders[i - 1]?.toLowerCase() === name)
}

function either(types: Readonly<Record<string, string>>): string {
  return Object.values(types).join(' or ')
}
