/** Devices for tests of the network port: a network with its key, a gate one can change, and what reached it. */
import { randomBytes } from 'node:crypto'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { Link, Network, NetworkDeps } from '../../src/sync/link.ts'

export const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

export interface Device {
  readonly network: Network
  readonly peerKey: Uint8Array
  /** Change it to change the gate's answers. */
  readonly gate: { in: boolean; out: boolean }
  readonly asked: ('in' | 'out')[]
  /** Set `fails` to make the owner throw at the next inbound links. */
  readonly owner: { fails: boolean }
  readonly disconnects: Uint8Array[]
  /** The next link a peer opened, in order; waits for it. */
  inbound(): Promise<Link>
  readonly inboundCount: number
  /** The next time the last connection to a peer is gone. */
  disconnected(): Promise<Uint8Array>
}

/** @returns a device that is not started; `seed` is also its peer key's. */
export function newDevice(create: (deps: NetworkDeps) => Network, seed = new Uint8Array(randomBytes(32))): Device {
  const links = mailbox<Link>()
  const disconnects = mailbox<Uint8Array>()
  const gate = { in: true, out: true }
  const asked: ('in' | 'out')[] = []
  const owner = { fails: false }
  const network = create({
    log: silentLog,
    peerSeed: seed,
    gate: {
      mayConnect(_peerKey, direction) {
        asked.push(direction)
        return gate[direction]
      },
    },
    onLink(link) {
      if (owner.fails) throw new Error('the owner of this device fails on purpose')
      links.put(link)
    },
    onDisconnect: disconnects.put,
  })
  return {
    network,
    peerKey: nodeCrypto.ed25519PublicKey(seed),
    gate,
    asked,
    owner,
    disconnects: disconnects.all,
    inbound: links.take,
    get inboundCount() {
      return links.all.length
    },
    disconnected: disconnects.take,
  }
}

function mailbox<T>(): { put: (item: T) => void; take: () => Promise<T>; all: T[] } {
  const all: T[] = []
  const waiting: ((item: T) => void)[] = []
  let taken = 0
  return {
    all,
    put(item) {
      all.push(item)
      const next = waiting.shift()
      if (!next) return
      taken++
      next(item)
    },
    take() {
      if (taken < all.length) return Promise.resolve(all[taken++] as T)
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}

/** Everything until the link ends. */
export async function readAll(link: Link): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of link.chunks()) parts.push(chunk)
  return new Uint8Array(Buffer.concat(parts))
}

/** At least `count` bytes, fewer only if the link ends before. */
export async function readSome(link: Link, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of link.chunks()) {
    parts.push(chunk)
    length += chunk.length
    if (length >= count) break
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** Lets everything that is ready run, `count` times. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
