/**
 * Message protocols as a table: one CBOR map per frame, the frame's kind says which message.
 *
 * Encoding reads its own map back, so nothing is sent that the other side would refuse.
 */
import { decodeCborMap } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { encodeFrame } from './frame.ts'

export interface MessageCodec<Message> {
  readonly kind: number
  readonly write: (message: Message) => CborMap
  /** @throws {WireError} for a map that is not this message. */
  readonly read: (map: CborMap) => Message
}
/** One codec for every `type` of a union of messages. */
export type MessageTable<Message extends { readonly type: string }> = {
  readonly [Type in Message['type']]: MessageCodec<Extract<Message, { type: Type }>>
}

export function encodeMessage<Message extends { readonly type: string }>(
  table: MessageTable<Message>,
  message: Message,
): Uint8Array {
  const codec = table[message.type as Message['type']] as unknown as MessageCodec<Message>
  const map = codec.write(message)
  codec.read(map)
  return encodeFrame({ kind: codec.kind, payload: encodeCbor(map) })
}

/** A reader of one protocol's payloads by kind; it answers `undefined` for a kind that the protocol does not have. */
export function messageReader<Message extends { readonly type: string }>(
  table: MessageTable<Message>,
  name: string,
): (kind: number, payload: Uint8Array) => Message | undefined {
  const codecs = Object.values(table) as unknown as readonly MessageCodec<Message>[]
  const byKind = new Map(codecs.map((codec) => [codec.kind, codec]))
  return (kind, payload) => byKind.get(kind)?.read(decodeCborMap(payload, name))
}
