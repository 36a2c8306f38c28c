/** Protobuf by hand, for messages no honest encoder writes. */
import { concat, fromHex, utf8 } from '../../../../src/base/bytes.ts'
import { ProtobufWriter } from '../../../../src/wire/otlp/protobuf-writer.ts'

export function hex(text: string): Uint8Array {
  return fromHex(text.replaceAll(' ', '')) as Uint8Array
}

/** A length-delimited field. */
export function field(number: number, ...content: readonly (Uint8Array | string)[]): Uint8Array {
  const writer = new ProtobufWriter()
  writer.bytes((number << 3) | 2, concat(...content.map((part) => (typeof part === 'string' ? utf8(part) : part))))
  return writer.finish()
}

export function varint(number: number, value: number): Uint8Array {
  const writer = new ProtobufWriter()
  writer.integer(number << 3, value)
  return writer.finish()
}

export function fixed64(number: number, value: bigint): Uint8Array {
  const writer = new ProtobufWriter()
  writer.fixed64((number << 3) | 1, value)
  return writer.finish()
}

export const GOOD_TRACE_ID = hex('5b8efff798038103d269b633813fc60c')
export const GOOD_SPAN_ID = hex('eee19b7ec3c1b174')
/** The least a span needs. */
export const GOOD_SPAN = concat(field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID), field(5, 'good'))
export const SERVICE = field(1, field(1, field(1, 'service.name'), field(2, field(1, 'svc'))))

/** A data message of one resource and scope around these record messages. */
export function dataOf(...records: readonly Uint8Array[]): Uint8Array {
  return field(1, SERVICE, field(2, ...records.map((record) => field(2, record))))
}

/** An AnyValue that holds `depth` of them in each other, itself included. */
export function nested(depth: number): Uint8Array {
  let value = field(1, 'x')
  for (let i = 1; i < depth; i++) value = field(5, field(1, value))
  return value
}
