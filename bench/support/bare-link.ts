/** A bare libp2p link from this process to one it starts: the raw limit under everything that crosses devices. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Link } from '../../src/sync/link.ts'
import { Libp2pNetwork } from '../../src/sync/links/libp2p-network.ts'
import { startNode } from './child.ts'

const ECHO = fileURLToPath(new URL('../../test/support/link-peer.ts', import.meta.url))
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Runs `work` with a link to a process that printed its key and addresses. */
export async function withBareLink<T>(args: readonly string[], work: (link: Link) => Promise<T>): Promise<T> {
  const child = startNode(args)
  const network = new Libp2pNetwork({
    log: silent,
    peerSeed: new Uint8Array(randomBytes(32)),
    gate: { mayConnect: () => true },
    onLink: (link) => link.abort(),
  })
  try {
    const { peerKey, addresses } = (await child.nextJson()) as { peerKey: string; addresses: readonly string[] }
    await network.start()
    const key = new Uint8Array(Buffer.from(peerKey, 'hex'))
    return await work(await network.dial(key, addresses, 'sync', AbortSignal.timeout(10_000)))
  } finally {
    await network.stop()
    await child.stop()
  }
}

/** Milliseconds of each of `count` round trips of the same bytes, one after another, after as many to warm up. */
export function roundTrips(bytes: Uint8Array, count: number): Promise<readonly number[]> {
  return withBareLink([ECHO], async (link) => {
    const times: number[] = []
    const chunks = link.chunks()[Symbol.asyncIterator]()
    for (let i = 0; i < 2 * count; i++) {
      const startedMs = performance.now()
      await link.send(bytes)
      for (let got = 0; got < bytes.length;) got += (await nextOf(chunks)).length
      if (i >= count) times.push(performance.now() - startedMs)
    }
    return times
  })
}

export async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const { done, value } = await chunks.next()
  if (done === true) throw new Error('the other process closed the link')
  return value
}
