/**
 * Frame: the smallest unit on a peer stream.
 *
 *   | version u8 | kind u8 | length u32 BE | payload (length bytes) |
 *
 * Everything read here comes from a peer and is hostile until checked: the length is compared with the limit before
 * any byte of payload is waited for, and memory grows with the bytes that arrived, never with the length announced.
 */
import { WireError } from './wire-error.ts'

export const FRAME_VERSION = 1
/** Largest payload, in bytes: a sealed segment of 1.2 MiB, or a full list of any message, with room to spare. */
export const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024
export const FRAME_HEADER_BYTES = 6
/** First room for a payload that arrives in pieces, in bytes. */
const FIRST_ROOM_BYTES = 4096

export type FrameErrorCode = 'FRAME_VERSION' | 'FRAME_KIND' | 'FRAME_TOO_LARGE'
export class FrameError extends WireError<FrameErrorCode> {}

export interface Frame {
  /** 0..255; what it means is up to the protocol: sync-messages.ts and pair-messages.ts. */
  readonly kind: number
  readonly payload: Uint8Array
}

/** @throws {FrameError} `FRAME_TOO_LARGE` if the payload is over {@link MAX_PAYLOAD_BYTES}, `FRAME_KIND` if no byte. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { kind, payload } = frame
  if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) {
    throw new FrameError('FRAME_KIND', 'a frame kind is one byte', { details: { kind } })
  }
  requireLength(payload.length, MAX_PAYLOAD_BYTES)
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
  bytes[0] = FRAME_VERSION
  bytes[1] = kind
  new DataView(bytes.buffer).setUint32(2, payload.length)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

export interface FrameDecoderOptions {
  /** Largest payload accepted, in bytes: lower it for peers that have not proved who they are. */
  readonly maxPayloadBytes?: number
}

/** Cuts a stream that arrives in chunks of any size into frames. Copies every byte a bounded number of times. */
export class FrameDecoder {
  #maxPayloadBytes: number
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  #headerBytes = 0
  #payloadBytes = 0
  #payload = new Uint8Array(0)
  #length = 0
  #failure: FrameError | undefined

  constructor(options: FrameDecoderOptions = {}) {
    this.#maxPayloadBytes = options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES
  }

  /** Whether the stream would end inside a frame if it ended now. */
  get isInsideFrame(): boolean {
    return this.#headerBytes > 0
  }

  /** Sets the largest payload accepted of frames that have not begun. */
  allow(maxPayloadBytes: number): void {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /**
   * Takes the next bytes of the stream and returns the frames they complete; payloads are copies.
   *
   * @throws {FrameError} once a header is wrong, and at every later call: the stream cannot be resumed.
   */
  push(chunk: Uint8Array): readonly Frame[] {
    if (this.#failure) throw this.#failure
    const frames: Frame[] = []
    let rest = chunk
    while (rest.length > 0) {
      rest = this.#headerBytes < FRAME_HEADER_BYTES ? this.#takeHeader(rest) : this.#takePayload(rest)
      if (this.#headerBytes === FRAME_HEADER_BYTES && this.#payloadBytes === this.#length) frames.push(this.#finish())
    }
    return frames
  }

  #takeHeader(bytes: Uint8Array): Uint8Array {
    const taken = Math.min(bytes.length, FRAME_HEADER_BYTES - this.#headerBytes)
    this.#header.set(bytes.subarray(0, taken), this.#headerBytes)
    this.#headerBytes += taken
    if (this.#headerBytes === FRAME_HEADER_BYTES) this.#length = this.#readLength()
    return bytes.subarray(taken)
  }

  #readLength(): number {
    const view = new DataView(this.#header.buffer)
    try {
      requireVersion(view.getUint8(0))
      return requireLength(view.getUint32(2), this.#maxPayloadBytes)
    } catch (err) {
      if (err instanceof FrameError) this.#failure = err
      throw err
    }
  }

  #takePayload(bytes: Uint8Array): Uint8Array {
    const taken = Math.min(bytes.length, this.#length - this.#payloadBytes)
    this.#makeRoom(this.#payloadBytes + taken)
    this.#payload.set(bytes.subarray(0, taken), this.#payloadBytes)
    this.#payloadBytes += taken
    return bytes.subarray(taken)
  }

  /** Doubles up to the frame's length: linear copying, and at the end the buffer is the payload. */
  #makeRoom(needed: number): void {
    if (needed <= this.#payload.length) return
    const room = Math.min(this.#length, Math.max(needed, this.#payload.length * 2, FIRST_ROOM_BYTES))
    const grown = new Uint8Array(room)
    grown.set(this.#payload.subarray(0, this.#payloadBytes))
    this.#payload = grown
  }

  #finish(): Frame {
    const frame = { kind: this.#header[1] as number, payload: this.#payload }
    this.#payload = new Uint8Array(0)
    this.#headerBytes = 0
    this.#payloadBytes = 0
    this.#length = 0
    return frame
  }
}

function requireVersion(version: number): void {
  if (version !== FRAME_VERSION) {
    throw new FrameError('FRAME_VERSION', 'unsupported frame version', { details: { version } })
  }
}

function requireLength(length: number, limit: number): number {
  if (length > limit) throw new FrameError('FRAME_TOO_LARGE', 'payload over its limit', { details: { length, limit } })
  return length
}
