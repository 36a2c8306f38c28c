// Loads and uses each package that has native code. For .ci/run, after an install without Python and compilers:
// what was not prebuilt for this machine shows here.
import Database from 'better-sqlite3'
import { createLibp2p } from 'libp2p'
import { capability, curveKeyPair } from 'zeromq'

const db = new Database(':memory:')
db.pragma("cipher = 'chacha20'")
const { cipher } = db.prepare('SELECT sqlite3mc_config(?) AS cipher').get('cipher')
db.close()
const { publicKey } = curveKeyPair()
if (!capability.curve || publicKey.length !== 40) throw new Error('libzmq has no CURVE')
if (typeof createLibp2p !== 'function') throw new Error('libp2p did not load')
process.stdout.write(`natives load in Node ${process.versions.node}, page cipher ${cipher}\n`)
