/**
 * Bounds what a stranger may send before it has proven its key.
 *
 * libp2p reads protocol names byte by byte and retries on every byte of a length that
 * never ends, without yielding: a megabyte of 0xff holds the process for seconds
 * (`lpStream` in @libp2p/utils 7.4.1 tests its length limit too late). A handshake is short.
 */
import type { MultiaddrConnection, StreamMessageEvent } from '@libp2p/interface'
import { LinkError } from '../link.ts'

/** A whole Noise XX handshake with its protocol names takes less than 1 KiB. */
export const MAX_HANDSHAKE_BYTES = 8 * 1024

export class HandshakeGuard {
  readonly #guarded = new WeakMap<MultiaddrConnection, () => void>()

  /** Call in the same turn as the connection was made: from then on every byte counts. */
  watch(connection: MultiaddrConnection): void {
    let bytes = 0
    const count = (event: StreamMessageEvent): void => {
      bytes += event.data.byteLength
      if (bytes <= MAX_HANDSHAKE_BYTES) return
      this.release(connection)
      event.stopImmediatePropagation() // the reader behind us must not see these bytes at all
      connection.abort(new LinkError('LINK_LIMIT', 'too many bytes before the handshake', { details: { bytes } }))
    }
    connection.addEventListener('message', count)
    this.#guarded.set(connection, () => connection.removeEventListener('message', count))
  }

  /** The key is proven: from here on the connection's own limits hold. */
  release(connection: MultiaddrConnection): void {
    this.#guarded.get(connection)?.()
    this.#guarded.delete(connection)
  }
}
