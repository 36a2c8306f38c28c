/** A link whose other end is the test: it sees every frame and says what the agent answers. */
import { utf8 } from '../../../src/base/bytes.ts'
import type { Link } from '../../../src/sdk/link.ts'
import {
  decodeModuleFrames,
  encodeFrames,
  type AgentMessage,
  type ModuleMessage,
  type WrittenFrames,
} from '../../../src/wire/bus-frames.ts'

export class FakeLink implements Link {
  readonly sent: ModuleMessage[] = []
  isClosed = false
  readonly #onFrames: (frames: readonly Uint8Array[]) => void
  #connection = Promise.withResolvers<void>()

  constructor(onFrames: (frames: readonly Uint8Array[]) => void) {
    this.#onFrames = onFrames
  }

  async send([header, body]: WrittenFrames): Promise<void> {
    await this.#connection.promise
    const decoded = decodeModuleFrames([utf8(header), body])
    if ('refused' in decoded) throw new Error(`the SDK sent nonsense: ${decoded.refused.code}`)
    this.sent.push(decoded.message)
  }

  close(): void {
    this.isClosed = true
    this.#connection.promise.catch(() => {})
    this.#connection.reject(new Error('closed'))
  }

  /** From now on sending does not wait. */
  open(): void {
    this.#connection.resolve()
  }

  /** A new connection to an agent that does not know us: what was sent so far does not count. */
  reconnect(): void {
    this.sent.length = 0
    this.say({ kind: 'bye', code: 'BUS_NO_SESSION' })
  }

  kinds(): string[] {
    return this.sent.map((message) => message.kind)
  }

  say(...messages: readonly AgentMessage[]): void {
    for (const message of messages) this.#onFrames(encodeFrames(message))
  }

  sayNonsense(): void {
    this.#onFrames([Uint8Array.of(1)])
  }
}

/** Every promise that can settle now has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
