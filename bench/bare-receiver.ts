/**
 * A process of the backfill benchmark: takes COUNT items of BYTES over libp2p, hashes and inserts each into an encrypted
 * SQLite, commits once, and answers with one byte. Prints one line of JSON with its key and addresses.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import { openEncrypted } from '../src/store/open-encrypted.ts'
import type { Link } from '../src/sync/link.ts'
import { Libp2pNetwork } from '../src/sync/links/libp2p-network.ts'

const [count, bytes] = process.argv.slice(2).map(Number) as [number, number]
const folder = mkdtempSync(join(tmpdir(), 'bench-bare-'))
const db = openEncrypted(join(folder, 'bare.db'), new Uint8Array(randomBytes(32)))
db.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL)')
const insert = db.prepare('INSERT INTO item (hash, body) VALUES (?, ?)')

const peerSeed = new Uint8Array(randomBytes(32))
const network = new Libp2pNetwork({
  log: { debug() {}, info() {}, warn() {}, error() {} },
  peerSeed,
  gate: { mayConnect: () => true },
  onLink: (link) => void take(link),
})
process.once('SIGTERM', () => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})

async function take(link: Link): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let taken = 0
  db.exec('BEGIN')
  for await (const chunk of link.chunks()) {
    rest = Buffer.concat([rest, chunk])
    for (; rest.length >= bytes; rest = rest.subarray(bytes)) {
      const item = rest.subarray(0, bytes)
      insert.run(createHash('sha256').update(item).digest(), item)
      taken++
    }
    if (taken === count) break
  }
  db.exec('COMMIT')
  await link.send(new Uint8Array(1))
}

await network.start()
await network.listen(0)
const peerKey = Buffer.from(nodeCrypto.ed25519PublicKey(peerSeed)).toString('hex')
process.stdout.write(`${JSON.stringify({ peerKey, addresses: network.listening() })}\n`)
