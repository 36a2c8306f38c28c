import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts'
import { isPacked, PackedMessages } from '../../../src/transfer/packed-messages.ts'
import { u32Prefix } from '../../../src/wire/otlp/framing.ts'
import { MAX_OTLP_BYTES } from '../../../src/wire/otlp/limits.ts'
import { manySpans } from '../../support/otlp-records.ts'

const pack = (bytes: Uint8Array): Uint8Array => {
  const frame = zstdCompressSync(bytes)
  return concat(u32Prefix(frame.length), frame)
}
function unpack(bytes: Uint8Array): Uint8Array {
  const packed = new PackedMessages((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength }))
  const parts = [...packed.push(bytes)].map((part) => part.slice())
  packed.finish()
  return concat(...parts)
}

describe('files that the Collector compresses message by message', () => {
  const message = manySpans('app', 1, 1, 50)

  test('[IM7] JSON comes out as lines, protobuf behind its lengths', () => {
    const [a, b] = ['{"resourceSpans":[]}', '{"resourceLogs":[]}']
    expect(new TextDecoder().decode(unpack(concat(pack(utf8(a)), pack(utf8(b)))))).toBe(`${a}\n${b}\n`)
    expect(toHex(unpack(pack(message)))).toBe(toHex(concat(u32Prefix(message.length), message)))
  })

  test('[IM7] they are told by a length and a frame behind it', () => {
    expect(isPacked(pack(message).subarray(0, 8))).toBe(true)
    expect(isPacked(concat(u32Prefix(MAX_OTLP_BYTES * 2), zstdCompressSync(message)).subarray(0, 8))).toBe(false)
    expect(isPacked(concat(u32Prefix(message.length), message).subarray(0, 8))).toBe(false)
    expect(isPacked(zstdCompressSync(message).subarray(0, 8))).toBe(false)
  })

  test('[IM4] a message larger than any once it is unpacked is refused', () => {
    const bomb = pack(new Uint8Array(MAX_OTLP_BYTES + 1))
    expect(bomb.length).toBeLessThan(10_000)
    expect(() => unpack(bomb)).toThrow(expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }))
  })

  test('[IM5] one that breaks off says so', () => {
    expect(() => unpack(pack(message).subarray(0, -1))).toThrow(expect.objectContaining({ code: 'OTLP_MALFORMED' }))
  })
})
