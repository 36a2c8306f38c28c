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

/** No program sends the last two; every browser does on a cross-site POST, even where CORS asks nothing first. */
type HeaderName = 'host' | 'content-type' | 'content-encoding' | 'content-length' | 'origin' | 'sec-fetch-site'
type Headers = { [Name in HeaderName]?: string[] }
const HEADER_NAMES: ReadonlySet<string> = new Set<HeaderName>([
  'host',
  'content-type',
  'content-encoding',
  'content-length',
  'origin',
  'sec-fetch-site',
])
const HOST_NAMES = ['127.0.0.1', 'localhost', '[::1]']
const SIGNAL_BY_PATH: ReadonlyMap<string, Signal> = new Map(SIGNALS.map((signal) => [`/v1/${signal}`, signal]))

export function judgeHead(head: RequestHead, limits: HeadLimits): OtlpPush | Refusal {
  const headers = collect(head.rawHeaders)
  const encoding = encodingOf(only(headers['content-type']))
  const refuse = (status: number, rpcCode: number, message: string, more: { allow?: string } = {}): Refusal => ({
    ok: false,
    status,
    rpcCode,
    message,
    encoding: encoding ?? 'json',
    ...more,
  })
  const stranger = problemOf(headers, limits.port)
  if (stranger !== undefined) return refuse(403, RPC_CODE.PERMISSION_DENIED, stranger)
  const signal = SIGNAL_BY_PATH.get((head.url ?? '').split('?', 1)[0] as string)
  if (signal === undefined)
    return refuse(404, RPC_CODE.NOT_FOUND, 'no such path: use /v1/traces, /v1/logs, /v1/metrics')
  if (head.method !== 'POST') return refuse(405, RPC_CODE.UNIMPLEMENTED, 'method not allowed', { allow: 'POST' })
  if (encoding === undefined) return refuse(415, RPC_CODE.INVALID_ARGUMENT, `content-type: ${either(CONTENT_TYPES)}`)
  const coding = (headers['content-encoding']?.join(',') || 'identity').trim().toLowerCase()
  if (coding !== 'gzip' && coding !== 'identity') {
    return refuse(415, RPC_CODE.INVALID_ARGUMENT, 'content-encoding must be gzip or absent')
  }
  const contentLength = lengthOf(headers)
  if (contentLength !== undefined && contentLength > limits.maxBodyBytes) return tooLarge(encoding, limits.maxBodyBytes)
  return { ok: true, signal, encoding, gzip: coding === 'gzip', contentLength }
}

/** Why nothing at all is said to whoever asks so; undefined if something may be. */
export function strangerProblem(head: Pick<RequestHead, 'rawHeaders'>, port: number): string | undefined {
  return problemOf(collect(head.rawHeaders), port)
}

function problemOf(headers: Headers, port: number): string | undefined {
  if (!isOwnHost(only(headers.host), port)) return 'host not allowed'
  return (headers.origin ?? headers['sec-fetch-site']) ? 'requests of web pages are not allowed' : undefined
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

function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === CONTENT_TYPES.protobuf) return 'protobuf'
  return type === CONTENT_TYPES.json ? 'json' : undefined
}

/** node:http has already refused a Content-Length that is not one decimal number. */
function lengthOf(headers: Headers): number | undefined {
  const value = only(headers['content-length'])
  return value === undefined ? undefined : Number(value)
}

/** The header's value if it came exactly once. */
function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined
}

/** Every value of every header that counts, in one pass: this is done for each request. */
function collect(rawHeaders: readonly string[]): Headers {
  const headers: Headers = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (isThatCounts(name)) (headers[name] ??= []).push(rawHeaders[i + 1] as string)
  }
  return headers
}

function isThatCounts(name: string): name is HeaderName {
  return HEADER_NAMES.has(name)
}

function either(types: Readonly<Record<string, string>>): string {
  return Object.values(types).join(' or ')
}
