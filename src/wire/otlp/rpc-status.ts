/**
 * `google.rpc.Status`, the body of every OTLP/HTTP answer that is not 200 (OTLP specification, "Failures"), in the
 * encoding of the request. Messages must not carry payloads.
 */
import { utf8 } from '../../base/bytes.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

export type OtlpEncoding = 'protobuf' | 'json'

/** The codes of google/rpc/code.proto that are answered here. */
export const RPC_CODE = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

export interface RpcStatus {
  readonly code: number
  readonly message: string
}

export function encodeRpcStatus({ code, message }: RpcStatus, encoding: OtlpEncoding): Uint8Array {
  if (encoding === 'json') return utf8(JSON.stringify({ code, message }))
  const writer = new ProtobufWriter()
  writer.integer(0x08, code)
  writer.text(0x12, message)
  return writer.finish()
}
