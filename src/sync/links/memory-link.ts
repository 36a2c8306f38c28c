/** One end of a link in memory. Bytes, credit, close and reset all travel as deliveries of the hub, in order. */
import { LinkError, type Link, type LinkProtocol } from '../link.ts'
import { ChunkQueue } from './chunk-queue.ts'

/** Bytes one end sends before the other has read them, as a yamux window. */
const WINDOW_BYTES = 256 * 1024
/** Largest piece delivered at once. */
const PIECE_BYTES = 64 * 1024

/** Carries things between devices, in order for each direction. */
export interface Courier {
  post(from: Uint8Array, to: Uint8Array, run: () => void): void
}

export interface MemoryLinkInit {
  readonly courier: Courier
  readonly protocol: LinkProtocol
  readonly localPeerKey: Uint8Array
  readonly remotePeerKey: Uint8Array
  readonly remoteAddress: string
  readonly initiator: boolean
  readonly onOver: (link: MemoryLink) => void
}

export class MemoryLink implements Link {
  readonly protocol: LinkProtocol
  readonly remotePeerKey: Uint8Array
  readonly remoteAddress: string
  readonly initiator: boolean
  readonly #init: MemoryLinkInit
  readonly #unread = new ChunkQueue(() => this.#grant())
  #other: MemoryLink | undefined
  #sends: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  #over = false
  #credit = WINDOW_BYTES
  #received = 0
  #granted = 0
  #wake: () => void = () => undefined

  constructor(init: MemoryLinkInit) {
    this.#init = init
    this.protocol = init.protocol
    this.remotePeerKey = init.remotePeerKey
    this.remoteAddress = init.remoteAddress
    this.initiator = init.initiator
  }

  /** Joins the two ends of a new link. */
  static join(a: MemoryLink, b: MemoryLink): void {
    a.#other = b
    b.#other = a
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
    this.#unread.discard()
    this.#grant()
    return (this.#closing ??= this.#finish())
  }

  abort(): void {
    this.#unread.discard()
    if (this.#over) return
    this.#post((other) => other.die())
    this.die()
  }

  /** The connection is gone, or the other end reset the link: what was received stays readable. */
  die(): void {
    if (this.#over) return
    this.#over = true
    this.#unread.end()
    this.#wake()
    this.#init.onOver(this)
  }

  async #finish(): Promise<void> {
    this.#wake() // no time passes here to wait for a slow reader in: from now on the window does not hold
    await this.#sends
    if (this.#over) return
    this.#post((other) => other.die())
    this.die()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.slice(at, at + PIECE_BYTES)
      while (this.#credit <= 0 && !this.#over && !this.#closing) await this.#woken()
      if (this.#over) throw closed()
      this.#credit -= piece.length
      this.#post((other) => other.#receive(piece))
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #receive(piece: Uint8Array): void {
    if (this.#over) return
    this.#received += piece.length
    this.#unread.push(piece)
    this.#grant()
  }

  /** Lets the other end send as much again as was read, or dropped, here. */
  #grant(): void {
    const bytes = this.#received - this.#unread.unreadBytes - this.#granted
    if (bytes === 0 || this.#over) return
    this.#granted += bytes
    this.#post((other) => {
      other.#credit += bytes
      other.#wake()
    })
  }

  #post(run: (other: MemoryLink) => void): void {
    const { courier, localPeerKey, remotePeerKey } = this.#init
    courier.post(localPeerKey, remotePeerKey, () => {
      if (this.#other) run(this.#other)
    })
  }
}

function closed(): LinkError {
  return new LinkError('LINK_CLOSED', 'the link is closed')
}
