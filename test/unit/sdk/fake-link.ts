/** A link whose other end is the test: it sees every frame and says what the agent answers. */
import type { Link, LinkEvents } from '../../../src/sdk/link.ts'
import {
  decodeModuleFrames,
  encodeFrames,
  type AgentMessage,
  type ModuleMessage,
} from '../../../src/wire/bus-frames.ts'

export class FakeLink implements Link {
  readonly sent: ModuleMessage[] = []
  isClosed = false
  readonly #events: LinkEvents

  constructor(events: LinkEvents) {
    this.#events = events
  }

  async send(frames: readonly Uint8Array[]): Promise<void> {
    if (this.isClosed) throw new Error('closed')
    const decoded = decodeModuleFrames(frames)
    if ('refused' in decoded) throw new Error(`the SDK sent nonsense: ${decoded.refused.code}`)
    this.sent.push(decoded.message)
  }

  close(): void {
    this.isClosed = true
  }

  kinds(): string[] {
    return this.sent.map((message) => message.kind)
  }

  open(): void {
    this.#events.onOpen()
  }

  say(...messages: readonly AgentMessage[]): void {
    for (const message of messages) this.#events.onFrames(encodeFrames(message))
  }

  sayNonsense(): void {
    this.#events.onFrames([Uint8Array.of(1)])
  }

  lose(why: 'lost' | 'refused' = 'lost'): void {
    this.#events.onClosed(why)
  }
}

/** Every promise that can settle now has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
