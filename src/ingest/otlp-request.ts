/**
 * The OTLP/HTTP dialect of the one door: a body as it travelled in, protobuf out; what became of it in, an answer out.
 * Runs in the store worker, where decompressing 64 MiB blocks nobody. Rules: docs/spec/otlp-http.md.
 */
import { gunzipSync } from 'node:zlib'
import type { Signal } from '../model/lane.ts'
import { encodeExportResponse } from '../wire/otlp/export-response.ts'
import { otlpJsonToProtobuf } from '../wire/otlp/from-json.ts'
import { MAX_OTLP_BYTES } from '../wire/otlp/limits.ts'
import { OtlpError } from '../wire/otlp/otlp-error.ts'
import { encodeRpcStatus, RPC_CODE, type OtlpEncoding } from '../wire/otlp/rpc-status.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'

export interface OtlpRequest {
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly gzip: boolean
  /** At most {@link MAX_OTLP_BYTES}. */
  readonly body: Uint8Array
}

/** Bytes for the scan, which judges them; `rejected` are records that did not survive the way from JSON. */
export interface OtlpMessage {
  readonly ok: true
  readonly encoding: OtlpEncoding
  readonly bytes: Uint8Array
  readonly rejected: RejectedRecords | undefined
}

/** An answer that takes nothing. `status` 503 alone may be retried. */
export interface OtlpFailure {
  readonly ok: false
  readonly encoding: OtlpEncoding
  readonly status: 400 | 413 | 503
  readonly rpcCode: number
  readonly message: string
  /** Seconds to wait, on 503 only. */
  readonly retryAfterS?: number
}

/** The batch was committed; `rejected` are the records that were not in it, from reading, scanning and policy together. */
export interface OtlpSuccess {
  readonly ok: true
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly rejected: RejectedRecords | undefined
}

/** What the sender is told. */
export interface OtlpAnswer {
  readonly status: number
  readonly encoding: OtlpEncoding
  /** Seconds to wait before the next try; 0 on any status but 503. */
  readonly retryAfterS: number
  readonly body: Uint8Array
}

/** Exporters give up about 10 s after the first try and wait at least as long as told: longer pauses lose data. */
export const MIN_RETRY_AFTER_S = 1
export const MAX_RETRY_AFTER_S = 3

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Never throws for what a client sent. `maxBytes` bounds the body once it is decompressed. */
export function readOtlpRequest(request: OtlpRequest, maxBytes = MAX_OTLP_BYTES): OtlpMessage | OtlpFailure {
  const { signal, encoding, gzip, body } = request
  const plain = gzip ? decompressed(body, maxBytes) : body
  if (plain === 'too-large') return failure(encoding, 413, `decompressed body exceeds ${maxBytes} bytes`)
  if (!(plain instanceof Uint8Array)) return failure(encoding, 400, NOT_PLAIN[plain])
  return encoding === 'protobuf' ? { ok: true, encoding, bytes: plain, rejected: undefined } : readJson(signal, plain)
}

/** The answer to a message that the scan refused as a whole; anything but an OtlpError is a fault of ours and rethrown. */
export function otlpFailure(err: unknown, encoding: OtlpEncoding): OtlpFailure {
  if (!(err instanceof OtlpError)) throw err
  return failure(encoding, err.code === 'OTLP_TOO_LARGE' ? 413 : 400, err.message)
}

/** The answer under back-pressure, or while the disk is full. */
export function otlpBusy(
  encoding: OtlpEncoding,
  retryAfterS = MIN_RETRY_AFTER_S,
  message = 'busy, try again',
): OtlpFailure {
  return { ...failure(encoding, 503, message), retryAfterS }
}

/** The answer, in the request's encoding. */
export function otlpAnswer(outcome: OtlpSuccess | OtlpFailure): OtlpAnswer {
  const { encoding } = outcome
  if (outcome.ok) {
    const body = encodeExportResponse(outcome.signal, outcome.rejected, encoding)
    return { status: 200, encoding, retryAfterS: 0, body }
  }
  const { status, rpcCode, message, retryAfterS = MIN_RETRY_AFTER_S } = outcome
  const body = encodeRpcStatus({ code: rpcCode, message }, encoding)
  if (status !== 503) return { status, encoding, retryAfterS: 0, body }
  const pause = Math.min(Math.max(Math.ceil(retryAfterS), MIN_RETRY_AFTER_S), MAX_RETRY_AFTER_S)
  return { status, encoding, retryAfterS: pause, body }
}

const NOT_PLAIN = {
  'cut-off': 'the gzip body is cut off: its end is missing',
  damaged: 'the gzip body is damaged',
  'not-gzip': 'body is not gzip',
} as const

function decompressed(body: Uint8Array, maxOutputLength: number): Uint8Array | 'too-large' | keyof typeof NOT_PLAIN {
  try {
    const { buffer, byteOffset, byteLength } = gunzipSync(body, { maxOutputLength })
    return new Uint8Array(buffer, byteOffset, byteLength)
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-large'
    if (code === 'Z_BUF_ERROR') return 'cut-off' // all of it was read, and it had not ended
    return body[0] === 0x1f && body[1] === 0x8b ? 'damaged' : 'not-gzip'
  }
}

function readJson(signal: Signal, body: Uint8Array): OtlpMessage | OtlpFailure {
  const text = textOf(body)
  if (text === undefined) return failure('json', 400, 'body is not UTF-8')
  try {
    return { ok: true, encoding: 'json', ...otlpJsonToProtobuf(signal, text) }
  } catch (err) {
    return otlpFailure(err, 'json')
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function failure(encoding: OtlpEncoding, status: OtlpFailure['status'], message: string): OtlpFailure {
  return { ok: false, encoding, status, rpcCode: RPC_CODE_OF[status], message }
}

const RPC_CODE_OF: Readonly<Record<OtlpFailure['status'], number>> = {
  400: RPC_CODE.INVALID_ARGUMENT,
  413: RPC_CODE.RESOURCE_EXHAUSTED,
  503: RPC_CODE.UNAVAILABLE,
}
