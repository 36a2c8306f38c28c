/** One device of discovery-netns.test.ts: announces itself, and prints whom it found as a line of JSON at every change. */
import { nodeClock } from '../../src/platform/node-clock.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { makeBeacon, recognise } from '../../src/sync/discovery/beacon.ts'
import { BonjourDiscovery } from '../../src/sync/discovery/bonjour.ts'

const members = [1, 2, 3].map((n) => new Uint8Array(32).fill(n))
const me = Number(process.argv[2])
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
const quiet = (): void => undefined
const log = { debug: quiet, info: quiet, error: quiet, warn: (fields: object) => print({ warned: fields }) }

const discovery = new BonjourDiscovery({ clock: nodeClock, log, crypto: nodeCrypto })
discovery.onChange(() => {
  const found = discovery.found().map(({ addresses, port, txt }) => ({
    member: recognise((bytes) => nodeCrypto.sha256(bytes), txt, members)?.[0] ?? 0,
    address: addresses[0],
    port,
  }))
  print({ found: found.sort((a, b) => a.member - b.member) })
})
process.once('SIGTERM', () => void discovery.stop())
await discovery.start()
discovery.announce({ port: 4_000 + me, txt: makeBeacon(nodeCrypto, new Uint8Array(32).fill(me)) })
print({ ready: true })
