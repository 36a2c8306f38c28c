import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { codeOf } from '../../src/base/errors.ts'
import { MAX_CONNECTIONS_PER_PEER } from '../../src/sync/link.ts'
import { MAX_HANDSHAKE_BYTES } from '../../src/sync/links/handshake-guard.ts'
import { Libp2pNetwork, type Libp2pNetworkOptions } from '../../src/sync/links/libp2p-network.ts'
import { newDevice, readAll, readSome, turns, type Device } from '../support/network-devices.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { networkContract } from './network-contract.ts'

networkContract('libp2p network', () => {
  const proxies: TcpProxy[] = []
  return {
    device: () => newDevice((deps) => new Libp2pNetwork(deps, { inboundConnectionsPerSecond: 1_000 })),
    async cuttable(device) {
      const port = Number(/\/tcp\/(\d+)/.exec(device.network.listening()[0] ?? '')?.[1])
      const proxy = await tcpProxy(port)
      proxies.push(proxy)
      return `/ip4/127.0.0.1/tcp/${proxy.port}`
    },
    cut: () => {
      for (const proxy of proxies) proxy.cut()
    },
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()))
    },
  }
})

const never = new AbortController().signal
const MARK = utf8('a sentence that must not be seen on the wire')

describe('libp2p network on a real network', () => {
  let devices: Device[]
  beforeEach(() => {
    devices = []
  })
  afterEach(async () => {
    await Promise.all(devices.map(({ network }) => network.stop()))
  })

  async function device(options: Libp2pNetworkOptions = {}): Promise<Device> {
    const made = newDevice((deps) => new Libp2pNetwork(deps, options))
    devices.push(made)
    await made.network.start()
    return made
  }

  test('[LK16] no port is open unless it listens, and stop leaves no socket', async () => {
    await turns(20) // what earlier tests closed is gone by now
    const before = sockets()
    const [a, b] = [await device(), await device()]
    expect(sockets()).toEqual(before)
    await b.network.listen(0)
    expect(sockets()).not.toEqual(before)
    const link = await a.network.dial(b.peerKey, b.network.listening(), 'sync', never)
    await link.send(MARK)
    await Promise.all([a.network.stop(), b.network.stop()])
    await turns(5)
    expect(sockets()).toEqual(before)
  })

  test('[LK12] the port that was asked for is opened on IPv4 and, where there is one, IPv6', async () => {
    const a = await device()
    await a.network.listen(0)
    const addresses = a.network.listening()
    const port = /\/tcp\/(\d+)$/.exec(addresses[0] ?? '')?.[1]
    expect(addresses.every((address) => address.endsWith(`/tcp/${port}`))).toBe(true)
    expect(addresses).toContain(`/ip4/127.0.0.1/tcp/${port}`)
    expect(addresses.some((address) => address.includes('0.0.0.0') || address.includes('/::/'))).toBe(false)
    expect(addresses.findIndex(isLoopback)).toBeGreaterThanOrEqual(addresses.filter((x) => !isLoopback(x)).length)
  })

  test('[LK12] a port that is taken is an error that leaves nothing open', async () => {
    const [a, b] = [await device(), await device()]
    await a.network.listen(0)
    const port = Number(/\/tcp\/(\d+)$/.exec(a.network.listening()[0] ?? '')?.[1])
    await expect(b.network.listen(port)).rejects.toMatchObject({ code: 'LINK_LISTEN', details: { port } })
    expect(b.network.listening()).toEqual([])
    await a.network.stopListening()
    await b.network.listen(port)
    expect(b.network.listening()).toContain(`/ip4/127.0.0.1/tcp/${port}`)
  })

  test('[LK7] addresses that take a connection and say nothing do not use up the time of the next', async () => {
    const [a, b] = [await device({ addressTimeoutMs: 100, dialTimeoutMs: 10_000 }), await device()]
    await b.network.listen(0)
    const silent = [createServer(), createServer(), createServer()]
    const held: Socket[] = []
    for (const server of silent) server.on('connection', (socket) => held.push(socket)).listen(0, '127.0.0.1')
    try {
      await Promise.all(silent.map((server) => once(server, 'listening')))
      const swallowing = silent.map((server) => `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`)
      const link = await a.network.dial(
        b.peerKey,
        [...swallowing, ...b.network.listening().filter(isLoopback)],
        'sync',
        never,
      )
      expect(link.remotePeerKey).toEqual(b.peerKey)
      expect(held).toHaveLength(3)
    } finally {
      for (const socket of held) socket.destroy()
      for (const server of silent) server.close()
    }
  })

  test('[LK17] what passes over the wire is not what was sent', async () => {
    const [a, b] = [await device(), await device()]
    await b.network.listen(0)
    const proxy = await tcpProxy(Number(/\/tcp\/(\d+)$/.exec(b.network.listening()[0] ?? '')?.[1]))
    const link = await a.network.dial(b.peerKey, [`/ip4/127.0.0.1/tcp/${proxy.port}`], 'sync', never)
    await link.send(MARK)
    expect(await readSome(await b.inbound(), MARK.length)).toEqual(MARK)
    const wire = Buffer.concat(proxy.seen)
    expect(wire.length).toBeGreaterThan(MARK.length)
    expect(wire.includes(Buffer.from(MARK))).toBe(false)
    expect(wire.includes('/aico-mesh/')).toBe(false)
    await Promise.all([a.network.stop(), b.network.stop()])
    await proxy.stop()
  })

  test('[LK17] a tap of a test sees the bytes of both directions', async () => {
    const tapped: string[] = []
    const a = await device({
      onBytes: (direction, protocol, bytes) => tapped.push(`${direction} ${protocol} ${toHex(bytes)}`),
    })
    const b = await device()
    await b.network.listen(0)
    const link = await a.network.dial(b.peerKey, b.network.listening(), 'pair', never)
    await link.send(Uint8Array.of(1, 2))
    const atB = await b.inbound()
    await readSome(atB, 2)
    await atB.send(Uint8Array.of(3))
    await readSome(link, 1)
    expect(tapped).toEqual(['out pair 0102', 'in pair 03'])
  })

  test('[LK10] a peer process that is killed ends the link', async () => {
    const a = await device()
    const peer = spawn(process.execPath, [new URL('../support/link-peer.ts', import.meta.url).pathname])
    try {
      const [line] = (await once(createInterface(peer.stdout), 'line')) as [string]
      const { peerKey, addresses } = JSON.parse(line) as { peerKey: string; addresses: string[] }
      const link = await a.network.dial(fromHex(peerKey) as Uint8Array, addresses, 'sync', never)
      await link.send(MARK)
      expect(await readSome(link, MARK.length)).toEqual(MARK)
      const reading = readAll(link)
      peer.kill('SIGKILL')
      expect(await reading).toHaveLength(0)
      expect(Buffer.from(await a.disconnected()).toString('hex')).toBe(peerKey)
      await expect(link.send(MARK)).rejects.toMatchObject({ code: 'LINK_CLOSED' })
    } finally {
      peer.kill('SIGKILL')
    }
  })

  test.each([
    ['noise', randomBytes(100_000)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['an endless protocol name', Buffer.alloc(1 << 20, 0xff)],
  ])('[LK18] a stranger who sends %s harms nobody', async (_what, bytes) => {
    const [a, b] = [await device(), await device()]
    await b.network.listen(0)
    const port = Number(/\/tcp\/(\d+)$/.exec(b.network.listening()[0] ?? '')?.[1])
    const stranger = connect(port, '127.0.0.1')
    stranger.on('error', () => undefined).resume()
    await new Promise((resolve) => stranger.write(bytes.subarray(0, 1_000), resolve))
    stranger.write(bytes.subarray(1_000))
    await a.network.dial(b.peerKey, b.network.listening(), 'sync', never)
    expect((await b.inbound()).remotePeerKey).toEqual(a.peerKey)
    expect(b.asked).not.toContain('out')
    expect(b.inboundCount).toBe(1)
    stranger.destroy()
  })

  test('[LK18] a stranger who sends more than a handshake takes is cut off at once', async () => {
    const b = await device()
    await b.network.listen(0)
    const port = Number(/\/tcp\/(\d+)$/.exec(b.network.listening()[0] ?? '')?.[1])
    const stranger = connect(port, '127.0.0.1').resume()
    const gone = new Promise((resolve) => stranger.once('close', resolve))
    stranger.on('error', () => undefined)
    stranger.write(Buffer.alloc(MAX_HANDSHAKE_BYTES + 1, 0xff))
    await gone
    expect(b.asked).toEqual([])
  })

  test('[LK7] a peer that accepts and then says nothing is given up', async () => {
    const a = await device({ dialTimeoutMs: 300 })
    const mute = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const address = `/ip4/127.0.0.1/tcp/${(mute.address() as AddressInfo).port}`
    const dialling = a.network.dial(newDevice((deps) => new Libp2pNetwork(deps)).peerKey, [address], 'sync', never)
    await expect(dialling).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
    mute.close()
    await once(mute, 'close')
  })

  test('[LK5] one peer cannot take every connection', async () => {
    const b = await device({ inboundConnectionsPerSecond: 1_000 })
    await b.network.listen(0)
    const seed = new Uint8Array(randomBytes(32))
    const codes: string[] = []
    for (let n = 0; n <= MAX_CONNECTIONS_PER_PEER; n++) {
      const twin = newDevice((deps) => new Libp2pNetwork(deps), seed)
      devices.push(twin)
      await twin.network.start()
      const outcome = twin.network.dial(b.peerKey, b.network.listening(), 'sync', never)
      codes.push(
        await outcome.then(
          () => 'linked',
          (err: unknown) => codeOf(err),
        ),
      )
    }
    expect(codes).toEqual([...Array.from({ length: MAX_CONNECTIONS_PER_PEER }, () => 'linked'), 'LINK_DENIED'])
  })
})

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /TCP/.test(kind))
}

function isLoopback(address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
}
