/**
 * A link over one libp2p stream.
 *
 * libp2p streams push: they drop nothing only if somebody listens, honours a full
 * buffer and says when to pause. This turns that into awaited sends and a reader
 * that pulls, with at most {@link PAUSE_ABOVE_BYTES} and one window unread.
 */
import type { Stream } from '@libp2p/interface'
import { CLOSE_TIMEOUT_MS, LinkError, MAX_UNREAD_BYTES, type Link, type LinkProtocol } from '../link.ts'
import { ChunkQueue } from './chunk-queue.ts'

/** Unread bytes above which the peer is told to wait: one yamux window. */
const PAUSE_ABOVE_BYTES = 256 * 1024
/** Unread bytes below which it may go on. */
const RESUME_BELOW_BYTES = 64 * 1024
/** Largest piece handed to the transport at once; bounds what one long `send` makes it buffer. */
const PIECE_BYTES = 64 * 1024

/** The link tells the streams apart: bytes of several come interleaved. */
export type ByteTap = (direction: 'in' | 'out', protocol: LinkProtocol, bytes: Uint8Array, link: Link) => void

export interface StreamLinkInit {
  readonly stream: Stream
  readonly protocol: LinkProtocol
  readonly remotePeerKey: Uint8Array
  readonly remoteAddress: string
  readonly initiator: boolean
  readonly onBytes?: ByteTap | undefined
}

export class StreamLink implements Link {
  readonly protocol: LinkProtocol
  readonly remotePeerKey: Uint8Array
  readonly remoteAddress: string
  readonly initiator: boolean
  readonly #stream: Stream
  readonly #onBytes: ByteTap | undefined
  readonly #unread = new ChunkQueue(() => this.#resumeWhenLow())
  #sends: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  #discarding = false
  #paused = false
  #resuming = false
  #over = false
  readonly #ended = Promise.withResolvers<void>()
  #wake: () => void = () => undefined

  constructor(init: StreamLinkInit) {
    this.protocol = init.protocol
    this.remotePeerKey = init.remotePeerKey
    this.remoteAddress = init.remoteAddress
    this.initiator = init.initiator
    this.#stream = init.stream
    this.#onBytes = init.onBytes
    this.#listen()
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#closing || this.#over) return Promise.reject(closed())
    const sent = this.#sends.then(() => this.#write(bytes))
    this.#sends = sent.catch(() => undefined) // the caller sees the failure; the queue must go on
    return sent
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.#unread.read()
  }

  close(): Promise<void> {
    this.#discardUnread()
    return (this.#closing ??= this.#finish())
  }

  abort(): void {
    this.#discardUnread()
    this.#closing ??= Promise.resolve()
    this.#stream.abort(closed())
  }

  #listen(): void {
    const stream = this.#stream
    stream.maxReadBufferLength = MAX_UNREAD_BYTES
    stream.addEventListener('drain', () => this.#wake())
    stream.addEventListener('end', () => this.#unread.end())
    stream.addEventListener('remoteCloseWrite', () => {
      this.#closing ??= this.#finish() // closing is both ways; what was received stays readable
    })
    stream.addEventListener('close', () => this.#onClose())
    stream.addEventListener('message', (event) => this.#onMessage(plain(event.data.subarray())))
    // These may have happened between the protocol's agreement and this line.
    if (stream.remoteWriteStatus !== 'writable') this.#closing ??= this.#finish()
    if (stream.status !== 'open') this.#onClose()
    if (stream.readableEnded) this.#unread.end()
  }

  #onMessage(chunk: Uint8Array): void {
    if (this.#discarding) return
    this.#onBytes?.('in', this.protocol, chunk, this)
    this.#unread.push(chunk)
    if (!this.#resuming) this.#pauseWhenFull()
  }

  #pauseWhenFull(): void {
    if (this.#paused || this.#unread.unreadBytes < PAUSE_ABOVE_BYTES) return
    if (this.#stream.readStatus !== 'readable') return
    this.#paused = true
    this.#stream.pause()
  }

  #resumeWhenLow(): void {
    if (!this.#paused || this.#unread.unreadBytes > RESUME_BELOW_BYTES) return
    this.#paused = false
    this.#resuming = true // pausing within resume() would leave the window open: it sends the update last
    try {
      this.#stream.resume() // also hands over what libp2p kept meanwhile, and then its end
    } catch {
      // The connection is gone, so the window update cannot be sent; the bytes themselves were handed over before.
    }
    this.#resuming = false
    if (this.#over) this.#unread.end()
    else this.#pauseWhenFull()
  }

  #onClose(): void {
    this.#over = true
    this.#ended.resolve()
    this.#wake()
    // Paused: libp2p still holds bytes that the reader has not asked for; the end follows them.
    if (!this.#paused && this.#stream.readBufferLength === 0) this.#unread.end()
  }

  #discardUnread(): void {
    this.#discarding = true
    this.#unread.discard()
    this.#resumeWhenLow()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.slice(at, at + PIECE_BYTES) // a copy: libp2p may keep it after the caller may change it
      try {
        this.#stream.send(piece)
      } catch (err) {
        throw closed(err)
      }
      this.#onBytes?.('out', this.protocol, piece, this)
      // Not stream.onDrain(): its promise stays resolved after the first drain, so it stops holding anybody back.
      while (this.#stream.writableNeedsDrain && !this.#over) await this.#drainOrClose()
      if (this.#over) throw closed()
    }
  }

  #drainOrClose(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Done when the peer has closed its end too, which it does once everything has arrived there. */
  async #finish(): Promise<void> {
    const timer = setTimeout(() => this.#stream.abort(closed()), CLOSE_TIMEOUT_MS).unref()
    await this.#sends
    try {
      await this.#stream.close()
    } catch {
      // The stream ended before everything was flushed: the same as a link that died, which the peer sees as its end.
    }
    await this.#ended.promise
    clearTimeout(timer)
  }
}

function closed(cause?: unknown): LinkError {
  return new LinkError('LINK_CLOSED', 'the link is closed', { cause })
}

/** The same bytes as a plain Uint8Array: libp2p hands out Buffers too. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
