/** Files as their programs wrote them, whatever they are compressed with: told by their first bytes, never by their name. */
import { createGunzip, createZstdDecompress, zstdDecompressSync, type ZstdDecompress } from 'node:zlib'
import { pipeline, Readable } from 'node:stream'
import { isPacked, PackedMessages, ZSTD_MAGIC } from '../../transfer/packed-messages.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** First bytes that tell a compression. */
export const MAGIC_BYTES = 8
/** RFC 1952, 2.3.1. */
const GZIP_MAGIC = [0x1f, 0x8b]

export interface Unpacked {
  readonly compression: Compression
  readonly bytes: AsyncIterable<Uint8Array>
}

/** `start` is what `source` begins with. What is broken, or breaks off, makes reading throw. */
export function unpack(start: Uint8Array, source: AsyncIterable<Uint8Array>): Unpacked {
  if (GZIP_MAGIC.every((byte, i) => start[i] === byte)) {
    return { compression: 'gzip', bytes: gunzip(source) }
  }
  if (ZSTD_MAGIC.every((byte, i) => start[i] === byte)) return { compression: 'zstd', bytes: unzstd(source) }
  if (isPacked(start)) return { compression: 'zstd', bytes: unpackMessages(source) }
  return { compression: 'none', bytes: source }
}

function gunzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // What fails ends both ends, and is told to whoever reads.
  return pipeline(Readable.from(source), createGunzip(), () => undefined)
}

/** Frame after frame: Node's decompressor ends with the first, and files are often several behind each other. */
async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = source[Symbol.asyncIterator]()
  try {
    let rest = await nextOf(input)
    while (rest !== undefined) {
      const frame = createZstdDecompress()
      const fed = feed(frame, rest, input)
      fed.catch((err: unknown) => frame.destroy(err as Error))
      yield* frame as AsyncIterable<Uint8Array>
      rest = await fed
    }
  } finally {
    await input.return?.()
  }
}

/** @returns what comes behind the frame, if anything does */
async function feed(
  frame: ZstdDecompress,
  first: Uint8Array,
  input: AsyncIterator<Uint8Array>,
): Promise<Uint8Array | undefined> {
  let given = 0
  for (let chunk: Uint8Array | undefined = first; chunk !== undefined; chunk = await nextOf(input)) {
    await write(frame, chunk)
    given += chunk.length
    const unused = given - frame.bytesWritten
    if (unused > 0) return chunk.subarray(chunk.length - unused)
  }
  frame.end()
  return undefined
}

function write(frame: ZstdDecompress, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    frame.write(chunk, (err) => (err ? reject(err) : resolve()))
  })
}

async function nextOf(input: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  for (;;) {
    const { value, done } = await input.next()
    if (done === true) return undefined
    if (value.length > 0) return value
  }
}

async function* unpackMessages(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const messages = new PackedMessages((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength }))
  for await (const bytes of source) yield* messages.push(bytes)
  messages.finish()
}
