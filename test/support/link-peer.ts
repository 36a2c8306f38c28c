/**
 * A device in its own process, for tests that kill it. Speaks libp2p, takes links from anyone,
 * and sends back what it gets. Prints one line of JSON with its key and addresses.
 */
import { randomBytes } from 'node:crypto'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { Link } from '../../src/sync/link.ts'
import { Libp2pNetwork } from '../../src/sync/links/libp2p-network.ts'

const peerSeed = new Uint8Array(randomBytes(32))
const log = { debug() {}, info() {}, warn() {}, error() {} }
const network = new Libp2pNetwork({
  log,
  peerSeed,
  gate: { mayConnect: () => true },
  onLink: (link) => void echo(link),
})

async function echo(link: Link): Promise<void> {
  for await (const chunk of link.chunks()) await link.send(chunk)
}

await network.start()
await network.listen(0)
const peerKey = Buffer.from(nodeCrypto.ed25519PublicKey(peerSeed)).toString('hex')
process.stdout.write(`${JSON.stringify({ peerKey, addresses: network.listening() })}\n`)
