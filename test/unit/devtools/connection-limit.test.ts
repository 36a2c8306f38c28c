import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { ConnectionLimit } from '../../../src/devtools/connection-limit.ts'

/** All that the limit uses of a connection. */
class FakeSocket extends EventEmitter {
  isOpen = true

  destroy(): void {
    this.isOpen = false
    this.emit('close')
  }
}

function setUp(max: number) {
  const limit = new ConnectionLimit(max)
  const sockets: FakeSocket[] = []
  const connect = (): FakeSocket => {
    const socket = new FakeSocket()
    sockets.push(socket)
    limit.admit(socket as unknown as Socket)
    return socket
  }
  /** @returns what ends the request */
  const begin = (socket: FakeSocket): (() => void) => {
    const response = new EventEmitter()
    limit.begin(socket as unknown as Socket, response as unknown as ServerResponse)
    return () => void response.emit('close')
  }
  const open = (): readonly boolean[] => sockets.map(({ isOpen }) => isOpen)
  return { connect, begin, open }
}

test('[OH14] who comes when all places are taken gets that of the connection that has been idle longest', () => {
  const { connect, begin, open } = setUp(3)
  const first = connect()
  connect()
  connect()
  begin(first)() // it has said something since, so that the second is idle for longer
  connect()
  expect(open()).toEqual([true, false, true, true])
  connect()
  expect(open()).toEqual([true, false, false, true, true])
})

test('[OH14] a connection with a request under way keeps its place, and who comes when all have one is closed', () => {
  const { connect, begin, open } = setUp(2)
  const ends = [begin(connect()), begin(connect())]
  connect()
  expect(open()).toEqual([true, true, false])
  ends[1]?.()
  connect()
  expect(open()).toEqual([true, false, false, true])
})

test('[OH14] of two requests on one connection the first does not make it idle', () => {
  const { connect, begin, open } = setUp(1)
  const socket = connect()
  const ends = [begin(socket), begin(socket)]
  ends[0]?.()
  connect()
  expect(open()).toEqual([true, false])
  ends[1]?.()
  connect()
  expect(open()).toEqual([false, false, true])
})

test('[OH14] a connection that ends gives its place back, also in the middle of a request', () => {
  const { connect, begin, open } = setUp(1)
  const socket = connect()
  const end = begin(socket)
  socket.destroy()
  end()
  connect()
  connect()
  expect(open()).toEqual([false, false, true])
})
