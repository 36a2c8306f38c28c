/** Requests an ordinary client would not make, and the bytes of google.rpc.Status read without the code under test. */
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface RawRequest {
  readonly port: number
  readonly address?: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Sends the body in chunks, without a Content-Length. */
  readonly chunked?: boolean
}
export interface RawAnswer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

export const PROTOBUF = 'application/x-protobuf'
export const JSON_TYPE = 'application/json'

export function ask(raw: RawRequest): Promise<RawAnswer> {
  const { port, address = '127.0.0.1', method = 'POST', path = '/v1/traces', body = '', chunked = false } = raw
  const length = chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const headers = { host: `127.0.0.1:${port}`, 'content-type': PROTOBUF, ...length, ...raw.headers }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: address, port, method, path, headers, agent: false, setHost: false })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    outgoing.end(body)
  })
}

/** A connection that is written by hand; `text` is all it has said so far. */
export class RawConnection {
  readonly socket: Socket
  readonly closed: Promise<void>
  text = ''

  constructor(port: number, address = '127.0.0.1') {
    this.socket = connect({ port, host: address })
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.text += text))
    this.socket.on('error', () => {}) // being cut off is what these tests are about
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  write(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Waits until the other side has said `wanted`. */
  async until(wanted: string): Promise<string> {
    while (!this.text.includes(wanted)) {
      await new Promise<void>((resolve, reject) => {
        this.socket.once('data', () => resolve())
        void this.closed.then(() => reject(new Error(`closed before '${wanted}': ${this.text}`)))
      })
    }
    return this.text
  }
}

export interface RpcStatus {
  readonly code: number
  readonly message: string
}

/** google.rpc.Status in the encoding its content type names: field 1 code (varint), field 2 message (string). */
export function rpcStatusOf(answer: RawAnswer): RpcStatus {
  if (answer.headers['content-type'] === JSON_TYPE) return JSON.parse(answer.body.toString()) as RpcStatus
  if (answer.headers['content-type'] !== PROTOBUF) throw new Error('a content type that is neither')
  const { body } = answer
  if (body[0] !== 0x08 || (body[1] as number) > 0x7f || body[2] !== 0x12)
    throw new Error(`bytes ${body.toString('hex')}`)
  const length = body[3] as number
  if (length > 0x7f || body.length !== 4 + length) throw new Error(`bytes ${body.toString('hex')}`)
  return { code: body[1] as number, message: body.subarray(4).toString() }
}
