/**
 * One HTTP/1.1 connection that posts bodies one at a time: a load shares its two cores with what it
 * measures, and an HTTP client would cost more than the requests do. Understands answers with a Content-Length only.
 */
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Asked for with Retry-After, in milliseconds; 0 without it. */
  readonly retryAfterMs: number
  readonly bodyBytes: number
}

const HEAD_END = '\r\n\r\n'
/** Longest head of an answer, in bytes: whatever needs more is not the server that is measured. */
const MAX_HEAD_BYTES = 8_192

export class RawHttp {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #settle: { resolve: (answer: RawAnswer) => void; reject: (err: Error) => void } | undefined
  #failure: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (err) => this.#fail(err))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(url: URL): Promise<RawHttp> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawHttp(socket))
      })
    })
  }

  /** Both must stay as they are until the answer has come. @throws if the connection ends first */
  exchange(head: Uint8Array, body: Uint8Array): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure)
        return
      }
      this.#settle = { resolve, reject }
      this.#socket.cork()
      this.#socket.write(head)
      this.#socket.write(body)
      this.#socket.uncork()
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd < 0) {
      if (this.#received.length > MAX_HEAD_BYTES) this.#fail(new Error('an endless head'))
      return
    }
    const head = this.#received.toString('latin1', 0, headEnd + 2)
    const bodyBytes = Number(/\r\ncontent-length: *(\d+)\r/i.exec(head)?.[1] ?? Number.NaN)
    if (Number.isNaN(bodyBytes)) return this.#fail(new Error('an answer without Content-Length'))
    if (this.#received.length < headEnd + HEAD_END.length + bodyBytes) return
    this.#received = Buffer.alloc(0)
    const retryAfterMs = Number(/\r\nretry-after: *(\d+)\r/i.exec(head)?.[1] ?? 0) * 1000
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve({ status: Number(head.slice(9, 12)), retryAfterMs, bodyBytes })
  }

  #fail(err: Error): void {
    this.#failure ??= err
    this.#settle?.reject(this.#failure)
    this.#settle = undefined
    this.#socket.destroy()
  }
}

export function postHead(url: URL, bodyBytes: number): Uint8Array {
  return Buffer.from(
    `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/x-protobuf\r\n` +
      `Content-Length: ${bodyBytes}${HEAD_END}`,
  )
}
