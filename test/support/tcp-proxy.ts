/** A TCP proxy that can cut what goes through it, and remembers the bytes that did. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  readonly seen: Uint8Array[]
  /** Ends every connection with a reset, without a goodbye of either side. */
  cut(): void
  stop(): Promise<void>
}

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const seen: Uint8Array[] = []
  const server = createServer((inbound) => {
    const outbound = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => seen.push(bytes))
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    cut,
    async stop() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
