/**
 * Files of the OpenTelemetry Collector's file exporter with `compression: zstd`: each message is compressed by itself,
 * behind its length (framing `u32`). Unpacked they are what the exporter would have written without: JSON lines, or
 * protobuf behind its length.
 */
import { utf8 } from '../base/bytes.ts'
import { MessageSplitter, u32Prefix } from '../wire/otlp/framing.ts'
import { MAX_OTLP_BYTES } from '../wire/otlp/limits.ts'

/** Decompresses one zstd frame. @throws for one that is broken, or larger than `maxBytes` once it is decompressed */
export type Decompress = (frame: Uint8Array, maxBytes: number) => Uint8Array

/** RFC 8878, 3.1.1: the first bytes of a zstd frame. */
export const ZSTD_MAGIC: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd]
/** Bytes of a length, before a message. */
const LENGTH_BYTES = 4
const OPEN_BRACE = 0x7b
const NEWLINE = utf8('\n')

/** A length that some message has, and a zstd frame behind it. */
export function isPacked(start: Uint8Array): boolean {
  const frame = start.subarray(LENGTH_BYTES)
  return (start[0] ?? 0xff) <= MAX_OTLP_BYTES >>> 24 && ZSTD_MAGIC.every((byte, i) => frame[i] === byte)
}

/** @throws {OtlpError} and what decompressing throws: what comes after cannot be found any more */
export class PackedMessages {
  readonly #messages = new MessageSplitter('u32')
  readonly #decompress: Decompress

  constructor(decompress: Decompress) {
    this.#decompress = decompress
  }

  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (const frame of this.#messages.push(bytes)) {
      const message = this.#decompress(frame, MAX_OTLP_BYTES)
      const isJson = message[0] === OPEN_BRACE
      if (!isJson) yield u32Prefix(message.length)
      yield message
      if (isJson) yield NEWLINE
    }
  }

  finish(): void {
    this.#messages.finish()
  }
}
