/**
 * Bounds the connections of a server. Who comes when there are enough gets the place of the one that has been idle longest: a
 * program that opens many and says nothing keeps nobody out. Idle is who has no request under way, whatever it sends of a head.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class ConnectionLimit {
  readonly #max: number
  /** Requests under way on each connection. */
  readonly #open = new Map<Socket, number>()
  /** The longest idle first. */
  readonly #idle = new Set<Socket>()

  constructor(max: number) {
    this.#max = max
  }

  /** A new connection: it stays, unless there is no place and every other is busy. */
  admit(socket: Socket): void {
    if (this.#open.size >= this.#max) {
      const [longest] = this.#idle
      if (longest === undefined) {
        socket.destroy()
        return
      }
      this.#leave(longest)
      longest.destroy()
    }
    this.#open.set(socket, 0)
    this.#idle.add(socket)
    socket.once('close', () => this.#leave(socket))
  }

  /** A request has begun; it ends with its response. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket)
    this.#count(socket, 1)
    response.once('close', () => {
      if (this.#count(socket, -1) === 0) this.#idle.add(socket)
    })
  }

  /** @returns requests under way now, or `undefined` for a connection that is gone */
  #count(socket: Socket, change: number): number | undefined {
    const before = this.#open.get(socket)
    if (before === undefined) return undefined
    this.#open.set(socket, before + change)
    return before + change
  }

  #leave(socket: Socket): void {
    this.#open.delete(socket)
    this.#idle.delete(socket)
  }
}
