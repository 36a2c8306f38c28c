/** What every network must do. Run on the fake and on the real one. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_LINKS_PER_PROTOCOL, type Link, type LinkProtocol } from '../../src/sync/link.ts'
import { readAll, readSome, turns, type Device } from '../support/network-devices.ts'

export interface NetworkHarness {
  /** A device that is not started. */
  device(): Device
  /** An address of the device whose connections {@link cut} can break. */
  cuttable(device: Device): Promise<string>
  /** Breaks every connection between the two without a goodbye of either. */
  cut(a: Device, b: Device): void
  stop(): Promise<void>
}

/** Bytes a sender may be ahead of a reader that does not read: windows and buffers of both sides. */
const MAX_AHEAD_BYTES = 6 * 1024 * 1024
const never = new AbortController().signal

export function networkContract(name: string, create: () => NetworkHarness): void {
  describe(`network contract: ${name}`, () => {
    let harness: NetworkHarness
    let devices: Device[]

    beforeEach(() => {
      harness = create()
      devices = []
    })
    afterEach(async () => {
      await Promise.all(devices.map(({ network }) => network.stop()))
      await harness.stop()
    })

    async function device(listens = true): Promise<Device> {
      const made = harness.device()
      devices.push(made)
      await made.network.start()
      if (listens) await made.network.listen(0)
      return made
    }
    const dial = (from: Device, to: Device, protocol: LinkProtocol = 'sync', addresses = to.network.listening()) =>
      from.network.dial(to.peerKey, addresses, protocol, never)
    async function linked(protocol: LinkProtocol = 'sync'): Promise<{ a: Device; b: Device; ab: Link; ba: Link }> {
      const [a, b] = [await device(false), await device()]
      const ab = await dial(a, b, protocol)
      return { a, b, ab, ba: await b.inbound() }
    }

    test.each(['sync', 'pair'] as const)('[LK1] both ends of a %s link know the other one’s key', async (protocol) => {
      const { a, b, ab, ba } = await linked(protocol)
      expect(ab).toMatchObject({ protocol, initiator: true, remotePeerKey: b.peerKey })
      expect(ba).toMatchObject({ protocol, initiator: false, remotePeerKey: a.peerKey })
      expect(b.network.listening()).toContain(ab.remoteAddress)
    })

    test('[LK2] bytes arrive in order, both ways at once', async () => {
      const { ab, ba } = await linked()
      const [there, back] = [randomBytes(300_000), randomBytes(200_000)]
      const sends = pieces(there, 1_000).map((piece) => ab.send(piece))
      sends.push(...pieces(back, 7_000).map((piece) => ba.send(piece)))
      const [atB, atA] = await Promise.all([readSome(ba, there.length), readSome(ab, back.length)])
      expect(Buffer.compare(atB, there)).toBe(0)
      expect(Buffer.compare(atA, back)).toBe(0)
      await Promise.all(sends)
    })

    test('[LK2] a sender may reuse its bytes as soon as the send is done', async () => {
      const { ab, ba } = await linked()
      const reading = readAll(ba)
      const bytes = new Uint8Array(100_000)
      for (let n = 1; n <= 5; n++) await ab.send(bytes.fill(n))
      bytes.fill(0)
      await ab.close()
      const got = await reading
      expect([0, 1, 2, 3, 4].map((n) => new Set(got.subarray(n * 100_000, (n + 1) * 100_000)))).toEqual(
        [1, 2, 3, 4, 5].map((n) => new Set([n])),
      )
    })

    test('[LK3] a reader that comes late misses nothing, and may stop and go on', async () => {
      const { ab, ba } = await linked()
      await ab.send(Uint8Array.of(1))
      await turns(20)
      expect([...(await readSome(ba, 1))]).toEqual([1])
      await ab.send(Uint8Array.of(2))
      await ab.send(Uint8Array.of(3))
      expect([...(await readSome(ba, 2))]).toEqual([2, 3])
    })

    test('[LK3] what was sent before the peer closed can be read after it', async () => {
      const { ab, ba } = await linked()
      await ab.send(Uint8Array.of(1, 2, 3))
      await ab.close()
      await turns(50)
      expect([...(await readAll(ba))]).toEqual([1, 2, 3])
    })

    test('[LK4] a slow reader holds the sender back, and loses nothing', async () => {
      const { ab, ba } = await linked()
      const total = 24 * 1024 * 1024
      const block = new Uint8Array(64 * 1024)
      let accepted = 0
      const sending = (async () => {
        for (let n = 0; accepted < total; n++) {
          await ab.send(block.fill(n % 251))
          accepted += block.length
        }
        await ab.close()
      })()
      await turns(500)
      expect(accepted).toBeLessThan(MAX_AHEAD_BYTES)
      let read = 0
      for await (const chunk of ba.chunks()) {
        for (let i = 0; i < chunk.length; i += 997) {
          if (chunk[i] !== ((read + i) >> 16) % 251) expect.fail(`wrong byte at ${read + i}`)
        }
        read += chunk.length
        expect(accepted - read).toBeLessThan(MAX_AHEAD_BYTES)
        await turns(2)
      }
      await sending
      expect(read).toBe(total)
    })

    test('[LK5] our own gate refuses to dial, before anything reaches the peer', async () => {
      const [a, b] = [await device(false), await device()]
      a.gate.out = false
      await expect(dial(a, b)).rejects.toMatchObject({ code: 'LINK_DENIED' })
      expect(b.asked).toEqual([])
    })

    test('[LK5] the gate of the peer refuses an inbound connection', async () => {
      const [a, b] = [await device(false), await device()]
      b.gate.in = false
      await expect(dial(a, b)).rejects.toMatchObject({ code: 'LINK_DENIED' })
      expect(b.asked).toContain('in')
      expect(b.inboundCount).toBe(0)
    })

    test('[LK5] a gate that changed its mind refuses new links over an open connection', async () => {
      const { a, b } = await linked()
      b.gate.in = false
      const refused = await dial(a, b).then(
        (link) => readAll(link).then((bytes) => bytes.length),
        (err: unknown) => (err as { code: string }).code,
      )
      expect([0, 'LINK_DENIED']).toContain(refused)
      expect(b.inboundCount).toBe(1)
      a.gate.out = false
      await expect(dial(a, b)).rejects.toMatchObject({ code: 'LINK_DENIED' })
    })

    test('[LK6] somebody else at the address is not who was dialled', async () => {
      const [a, b, c] = [await device(false), await device(), await device()]
      await expect(dial(a, b, 'sync', c.network.listening())).rejects.toMatchObject({ code: 'LINK_WRONG_PEER' })
      expect(c.inboundCount).toBe(0)
    })

    test('[LK6] one good address among bad ones is enough', async () => {
      const [a, b, c] = [await device(false), await device(), await device()]
      const addresses = ['/dns4/example.org/tcp/1', ...c.network.listening(), ...b.network.listening()].slice(0, 16)
      await dial(a, b, 'sync', addresses)
      expect((await b.inbound()).remotePeerKey).toEqual(a.peerKey)
    })

    test('[LK7] dials that cannot succeed say why', async () => {
      const [a, b] = [await device(false), await device()]
      const gone = b.network.listening()
      await b.network.stopListening()
      await expect(dial(a, b, 'sync', gone)).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
      await expect(dial(a, b, 'sync', [])).rejects.toMatchObject({ code: 'LINK_ADDRESS' })
      await expect(dial(a, b, 'sync', ['/dns4/example.org/tcp/80'])).rejects.toMatchObject({ code: 'LINK_ADDRESS' })
      const short = a.network.dial(new Uint8Array(31), gone, 'sync', never)
      await expect(short).rejects.toMatchObject({ code: 'LINK_ADDRESS' })
      const aborted = a.network.dial(b.peerKey, gone, 'sync', AbortSignal.abort())
      await expect(aborted).rejects.toMatchObject({ code: 'LINK_ABORTED' })
    })

    test('[LK7] a dial ends when its signal fires', async () => {
      const [a, b] = [await device(false), await device()]
      const controller = new AbortController()
      const dialling = a.network.dial(b.peerKey, b.network.listening(), 'sync', controller.signal)
      controller.abort()
      await expect(dialling).rejects.toMatchObject({ code: 'LINK_ABORTED' })
      await dial(a, b) // and does no harm to the next one
    })

    test('[LK8] close flushes, then ends both ways', async () => {
      const { ab, ba } = await linked()
      const bytes = randomBytes(3 * 1024 * 1024)
      const sends = pieces(bytes, 100_000).map((piece) => ab.send(piece))
      const closing = ab.close()
      expect(Buffer.compare(await readAll(ba), bytes)).toBe(0)
      await Promise.all([...sends, closing, ab.close()])
      expect(await readAll(ab)).toHaveLength(0)
      await expect(ab.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'LINK_CLOSED' })
      await expect(ba.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'LINK_CLOSED' })
    })

    test('[LK8] closing one link leaves the next one on the same connection alone', async () => {
      const { a, b, ab, ba } = await linked()
      const second = await dial(a, b, 'sync', [])
      const secondAtB = await b.inbound()
      await ab.close()
      await readAll(ba)
      await second.send(Uint8Array.of(9))
      expect([...(await readSome(secondAtB, 1))]).toEqual([9])
    })

    test('[LK9] abort ends the link at once, on both sides', async () => {
      const { ab, ba } = await linked()
      const waiting = readAll(ab)
      ab.abort()
      ab.abort()
      expect(await waiting).toHaveLength(0)
      await readAll(ba)
      await expect(ab.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'LINK_CLOSED' })
      await expect(ba.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'LINK_CLOSED' })
      await ab.close()
    })

    test('[LK9] a blocked send fails when the link is aborted', async () => {
      const { ab } = await linked()
      const sending = ab.send(new Uint8Array(8 * 1024 * 1024))
      sending.catch(() => undefined)
      await turns(100)
      ab.abort()
      await expect(sending).rejects.toMatchObject({ code: 'LINK_CLOSED' })
    })

    test('[LK10] a connection that dies ends its links on both sides, and both are told', async () => {
      const [a, b] = [await device(false), await device()]
      const ab = await dial(a, b, 'sync', [await harness.cuttable(b)])
      const ba = await b.inbound()
      const [atA, atB] = [readAll(ab), readAll(ba)]
      const sending = ab.send(Uint8Array.of(1))
      await sending
      harness.cut(a, b)
      await Promise.all([atA, atB])
      expect(await a.disconnected()).toEqual(b.peerKey)
      expect(await b.disconnected()).toEqual(a.peerKey)
      await expect(ab.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'LINK_CLOSED' })
      await dial(a, b) // and the next dial makes a new one
    })

    test('[LK11] many devices and links at once stay apart', async () => {
      const hub = await device()
      const others = await Promise.all(Array.from({ length: 8 }, () => device(false)))
      const dials = others.flatMap((other, n) =>
        (['sync', 'pair'] as const).map(async (protocol) => {
          const link = await dial(other, hub, protocol)
          await link.send(Uint8Array.of(n, protocol.length))
          await link.close()
        }),
      )
      const got: string[] = []
      for (let i = 0; i < 16; i++) {
        const link = await hub.inbound()
        const [n] = await readAll(link)
        expect(link.remotePeerKey).toEqual(others[n ?? -1]?.peerKey)
        got.push(`${n} ${link.protocol}`)
      }
      await Promise.all(dials)
      expect(new Set(got).size).toBe(16)
    })

    test('[LK11] links to one peer are limited, per protocol', async () => {
      const { a, b } = await linked()
      for (let n = 1; n < MAX_LINKS_PER_PROTOCOL; n++) await dial(a, b)
      await expect(dial(a, b)).rejects.toMatchObject({ code: 'LINK_LIMIT' })
      expect((await dial(a, b, 'pair')).protocol).toBe('pair')
    })

    test('[LK11] the side that was dialled may open links too', async () => {
      const { a, b } = await linked()
      const back = await dial(b, a)
      expect(back).toMatchObject({ initiator: true, remotePeerKey: a.peerKey })
      expect((await a.inbound()).initiator).toBe(false)
    })

    test('[LK12] listening is switched on and off while running', async () => {
      const [a, b, c] = [await device(false), await device(false), await device()]
      expect(b.network.listening()).toEqual([])
      await b.network.listen(0)
      const addresses = b.network.listening()
      await b.network.listen(0)
      expect(b.network.listening()).toEqual(addresses)
      const [ab, bc] = [await dial(a, b), await dial(b, c)]
      const [ba, cb] = [await b.inbound(), await c.inbound()]
      await b.network.stopListening()
      await b.network.stopListening()
      expect(b.network.listening()).toEqual([])
      await Promise.all([readAll(ab), readAll(ba)])
      await bc.send(Uint8Array.of(5))
      expect([...(await readSome(cb, 1))]).toEqual([5])
      await b.network.listen(0)
      await dial(a, b)
    })

    test('[LK13] disconnect ends every link to the peer, and only to it', async () => {
      const { a, b, ab, ba } = await linked()
      const c = await device()
      const ac = await dial(a, c)
      const ca = await c.inbound()
      await a.network.disconnect(b.peerKey)
      await a.network.disconnect(b.peerKey)
      await Promise.all([readAll(ab), readAll(ba)])
      expect(await b.disconnected()).toEqual(a.peerKey)
      expect(await a.disconnected()).toEqual(b.peerKey)
      await ac.send(Uint8Array.of(7))
      expect([...(await readSome(ca, 1))]).toEqual([7])
    })

    test('[LK14] stop ends links on both sides, refuses what comes after, and may be repeated', async () => {
      const { a, b, ab, ba } = await linked()
      await Promise.all([b.network.stop(), b.network.stop()])
      await b.network.stop()
      await Promise.all([readAll(ab), readAll(ba)])
      expect(b.network.listening()).toEqual([])
      await expect(dial(b, a)).rejects.toMatchObject({ code: 'LINK_NOT_RUNNING' })
      await expect(b.network.listen(0)).rejects.toMatchObject({ code: 'LINK_NOT_RUNNING' })
    })

    test('[LK14] what was closed before stop still arrives', async () => {
      const { a, ab, ba } = await linked()
      await ab.send(new Uint8Array(200_000))
      await ab.close()
      const reading = readAll(ba)
      await a.network.stop()
      expect(await reading).toHaveLength(200_000)
    })

    test('[LK14] a stopped network can be started again', async () => {
      const [a, b] = [await device(false), await device()]
      await b.network.stop()
      await b.network.start()
      await b.network.listen(0)
      await dial(a, b)
      expect((await b.inbound()).remotePeerKey).toEqual(a.peerKey)
    })

    test('[LK15] an owner that fails to take a link loses that link only', async () => {
      const [a, b] = [await device(false), await device()]
      b.owner.fails = true
      expect(await readAll(await dial(a, b))).toHaveLength(0)
      b.owner.fails = false
      const link = await dial(a, b)
      await link.send(Uint8Array.of(3))
      expect([...(await readSome(await b.inbound(), 1))]).toEqual([3])
    })
  })
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}
