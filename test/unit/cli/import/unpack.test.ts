import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { MAGIC_BYTES, unpack } from '../../../../src/cli/import/unpack.ts'
import { u32Prefix } from '../../../../src/wire/otlp/framing.ts'

const TEXT = 'a line of a log\n'.repeat(20_000)
const [FIRST, SECOND] = [Buffer.from(TEXT), Buffer.from('and more\n')]
const packed = (bytes: Uint8Array): Buffer => {
  const frame = zstdCompressSync(bytes)
  return Buffer.concat([u32Prefix(frame.length), frame])
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function unpacked(bytes: Uint8Array, size: number) {
  const { compression, bytes: plain } = unpack(bytes.subarray(0, MAGIC_BYTES), inPieces(bytes, size))
  const chunks: Uint8Array[] = []
  for await (const chunk of plain) chunks.push(chunk)
  return { compression, text: Buffer.concat(chunks).toString() }
}

const files = [
  { name: 'a plain file', bytes: FIRST, compression: 'none', text: TEXT },
  { name: 'gzip', bytes: gzipSync(FIRST), compression: 'gzip', text: TEXT },
  {
    name: 'gzip of two members',
    bytes: Buffer.concat([gzipSync(FIRST), gzipSync(SECOND)]),
    compression: 'gzip',
    text: `${TEXT}and more\n`,
  },
  { name: 'zstd', bytes: zstdCompressSync(FIRST), compression: 'zstd', text: TEXT },
  {
    name: 'zstd of three frames',
    bytes: Buffer.concat([zstdCompressSync(SECOND), zstdCompressSync(FIRST), zstdCompressSync(SECOND)]),
    compression: 'zstd',
    text: `and more\n${TEXT}and more\n`,
  },
  {
    name: 'messages compressed one by one',
    bytes: Buffer.concat([packed(Buffer.from('{"a":1}')), packed(Buffer.from('{"b":2}'))]),
    compression: 'zstd',
    text: '{"a":1}\n{"b":2}\n',
  },
  { name: 'an empty file', bytes: Buffer.alloc(0), compression: 'none', text: '' },
] as const

describe('files as their programs wrote them', () => {
  test.each(files)('[IM7] $name', async ({ bytes, compression, text }) => {
    for (const size of [1, 7, 65_536]) expect(await unpacked(bytes, size)).toEqual({ compression, text })
  })

  test.each(files.filter(({ compression }) => compression !== 'none'))(
    '[IM5] $name that breaks off fails',
    async ({ bytes }) => {
      await expect(unpacked(bytes.subarray(0, -3), 65_536)).rejects.toThrow(
        /unexpected end of file|ends inside a message/,
      )
    },
  )

  test('[IM5] what follows a frame and is none fails', async () => {
    await expect(
      unpacked(Buffer.concat([zstdCompressSync(FIRST), Buffer.from('trailing text')]), 65_536),
    ).rejects.toThrow(expect.objectContaining({ code: 'ZSTD_error_prefix_unknown' }))
  })

  test('[IM7] a reader that stops early ends the file too', async () => {
    let ended = 0
    const source = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(bytes, 100)
      } finally {
        ended++
      }
    }
    for (const bytes of [zstdCompressSync(FIRST, { params: {} }), FIRST]) {
      for await (const _ of unpack(bytes.subarray(0, MAGIC_BYTES), source(bytes)).bytes) break
    }
    expect(ended).toBe(2)
  })
})
