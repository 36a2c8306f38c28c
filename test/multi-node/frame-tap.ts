/** Reads what a tapped agent wrote: every byte before Noise, as streams, and as the sync messages they carry. */
import { existsSync, readFileSync } from 'node:fs'
import { FrameDecoder } from '../../src/wire/frame.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { decodeSyncMessage } from '../../src/wire/sync-messages.ts'

/** One line of the file. */
export interface TapLine {
  /** Tells the streams apart, restarts of the agent included. */
  readonly link: string
  readonly direction: 'in' | 'out'
  readonly protocol: 'sync' | 'pair'
  /** Base64. */
  readonly bytes: string
}

interface Stream {
  readonly protocol: TapLine['protocol']
  readonly bytes: Buffer
  readonly messages: readonly SyncMessage[]
}

/** The streams of one reading of the file, each from its first byte, or from where an earlier reading had ended. */
export class FrameTap {
  readonly #streams: ReadonlyMap<string, Stream>

  private constructor(streams: ReadonlyMap<string, Stream>) {
    this.#streams = streams
  }

  /** Everything so far. */
  static read(file: string): FrameTap {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    // What follows the last line feed is still being written.
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as TapLine)
    const byStream = Map.groupBy(lines, ({ link, direction, protocol }) => `${link} ${protocol} ${direction}`)
    return new FrameTap(new Map([...byStream].map(([name, pieces]) => [name, toStream(pieces)])))
  }

  /** Only what an earlier reading did not have yet. */
  since(earlier: FrameTap): FrameTap {
    const news = [...this.#streams].map(([name, { protocol, bytes, messages }]) => {
      const before = earlier.#streams.get(name)
      const later = {
        protocol,
        bytes: bytes.subarray(before?.bytes.length ?? 0),
        messages: messages.slice(before?.messages.length ?? 0),
      }
      return [name, later] as const
    })
    return new FrameTap(new Map(news))
  }

  /** Every sync message, both ways, stream by stream. */
  messages(): readonly SyncMessage[] {
    return [...this.#streams.values()].flatMap(({ messages }) => messages)
  }

  types(): ReadonlySet<SyncMessage['type']> {
    return new Set(this.messages().map(({ type }) => type))
  }

  /** Whether the bytes stand anywhere in what went over any stream, pairing included. */
  holds(needle: Uint8Array): boolean {
    return [...this.#streams.values()].some(({ bytes }) => bytes.includes(Buffer.from(needle)))
  }
}

function toStream(pieces: readonly TapLine[]): Stream {
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece.bytes, 'base64')))
  const protocol = (pieces[0] as TapLine).protocol
  return { protocol, bytes, messages: protocol === 'sync' ? decode(bytes) : [] }
}

function decode(bytes: Uint8Array): readonly SyncMessage[] {
  return new FrameDecoder().push(bytes).map(({ kind, payload }) => decodeSyncMessage(kind, payload))
}
