import { describe, expect, test } from 'vitest'
import { equalBytes } from '../../../../src/base/bytes.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { MemoryHub } from '../../../../src/sync/links/memory-hub.ts'
import { MemoryNetwork } from '../../../../src/sync/links/memory-network.ts'
import { newDevice, readAll, readSome, turns, type Device } from '../../../support/network-devices.ts'

const never = new AbortController().signal

async function devices(hub: MemoryHub, count: number): Promise<Device[]> {
  const made = Array.from({ length: count }, () => newDevice((deps) => new MemoryNetwork(deps, hub)))
  for (const { network } of made) {
    await network.start()
    await network.listen(0)
  }
  return made
}
const dial = (from: Device, to: Device) => from.network.dial(to.peerKey, to.network.listening(), 'sync', never)

/** Delivers until nothing moves any more. */
async function settle(hub: MemoryHub): Promise<void> {
  do await turns(1)
  while (hub.deliver() > 0)
}

describe('MemoryHub', () => {
  test('[LK19] with manual delivery nothing moves by itself', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    const dialling = dial(a, b)
    await turns(3)
    expect([b.inboundCount, hub.pending]).toEqual([0, 1])
    await settle(hub)
    const [ab, ba] = [await dialling, await b.inbound()]
    await ab.send(Uint8Array.of(1))
    await ab.send(Uint8Array.of(2))
    expect(hub.pending).toBe(2)
    expect(hub.deliver(1)).toBe(1)
    expect([...(await readSome(ba, 1))]).toEqual([1])
    hub.deliver(1)
    expect([...(await readSome(ba, 1))]).toEqual([2])
  })

  test('[LK19] the caller chooses whose bytes arrive first, and each direction keeps its order', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b, c] = (await devices(hub, 3)) as [Device, Device, Device]
    const dials = [dial(a, c), dial(b, c)]
    await settle(hub)
    const [ac, bc] = await Promise.all(dials)
    const inbound = [await c.inbound(), await c.inbound()]
    const arrived: string[] = []
    for (const link of inbound) {
      void (async () => {
        for await (const [n] of link.chunks())
          arrived.push(`${equalBytes(link.remotePeerKey, a.peerKey) ? 'a' : 'b'}${n}`)
      })()
    }
    await turns(1)
    for (const n of [1, 2]) {
      await ac?.send(Uint8Array.of(n))
      await bc?.send(Uint8Array.of(n))
    }
    while (hub.deliver(1, (routes) => routes - 1) > 0) await turns(1)
    const of = (who: string): string[] => arrived.filter((x) => x.startsWith(who))
    expect(arrived).toHaveLength(4)
    expect(arrived[0]).toBe('b1')
    expect([...of('a'), ...of('b')].map((x) => x.slice(-1))).toEqual(['1', '2', '1', '2'])
  })

  test('[LK20] a partition holds everything back, and healing loses nothing', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto })
    const [a, b, c] = (await devices(hub, 3)) as [Device, Device, Device]
    const ab = await dial(a, b)
    const ba = await b.inbound()
    hub.partition(a.peerKey, b.peerKey)
    await ab.send(Uint8Array.of(1))
    const reading = readSome(ba, 1)
    const dialling = dial(a, b)
    await turns(5)
    expect(hub.pending).toBe(0)
    await expect(c.network.dial(b.peerKey, b.network.listening(), 'sync', never)).resolves.toBeDefined()
    hub.heal(b.peerKey, a.peerKey)
    expect([...(await reading)]).toEqual([1])
    expect((await dialling).initiator).toBe(true)
  })

  test('[LK20] nobody new is reached across a partition', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    hub.partition(a.peerKey, b.peerKey)
    await expect(dial(a, b)).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
    await expect(dial(b, a)).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
  })

  test('[LK21] a killed device loses what it had on its way, and its peers see the end', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    const dialling = dial(a, b)
    await settle(hub)
    const ab = await dialling
    const ba = await b.inbound()
    await ab.send(Uint8Array.of(1))
    hub.kill(a.peerKey)
    await settle(hub)
    expect(await readAll(ba)).toHaveLength(0)
    expect(b.disconnects).toEqual([a.peerKey])
    const again = dial(b, a)
    await expect(again).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
  })

  test('[LK21] a device that dies while a dial is on its way does not answer it', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    const dialling = dial(a, b)
    hub.kill(b.peerKey)
    hub.deliver()
    await expect(dialling).rejects.toMatchObject({ code: 'LINK_UNREACHABLE' })
  })

  test('[LK7] an aborted dial leaves no connection behind at the peer', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    const controller = new AbortController()
    const dialling = a.network.dial(b.peerKey, b.network.listening(), 'sync', controller.signal)
    hub.deliver(1)
    controller.abort()
    await expect(dialling).rejects.toMatchObject({ code: 'LINK_ABORTED' })
    await settle(hub)
    expect(await readAll(await b.inbound())).toHaveLength(0)
    expect(b.disconnects).toEqual([a.peerKey])
  })

  test('[LK14] a dial that has no answer yet ends when the network stops', async () => {
    const hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
    const [a, b] = (await devices(hub, 2)) as [Device, Device]
    const dialling = dial(a, b)
    const ended = dialling.catch(codeOf)
    await a.network.stop()
    expect(await ended).toBe('LINK_NOT_RUNNING')
  })
})
