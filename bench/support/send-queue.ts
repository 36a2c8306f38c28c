/** What goes out of one ZeroMQ socket: one send at a time, as it asks for, in order. */

interface Socket {
  send(parts: Uint8Array[]): Promise<void>
}

export class SendQueue {
  readonly #socket: Socket
  #waiting: (readonly Uint8Array[])[] = []
  #isSending = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  send(parts: readonly Uint8Array[]): void {
    this.#waiting.push(parts)
    if (!this.#isSending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      for (const parts of batch) await this.#socket.send([...parts])
    }
    this.#isSending = false
  }
}
