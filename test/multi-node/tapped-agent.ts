/**
 * An agent whose bytes before Noise go to a file as they pass, one line of JSON a piece: `tapped-agent.ts HOME FILE`.
 * With a third argument `deaf` it neither hears nor sends multicast, as on a network that filters it. Everything else is
 * as with `aico-mesh start`. The file is written before the bytes are acted on.
 */
import { openSync, writeSync } from 'node:fs'
import { pino } from 'pino'
import { startAgent } from '../../src/agent/compose.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import type { Discovery } from '../../src/sync/discovery.ts'
import { MemoryDiscovery, MemoryLan } from '../../src/sync/discovery/memory-discovery.ts'
import type { ByteTap } from '../../src/sync/links/stream-link.ts'
import type { TapLine } from './frame-tap.ts'

const [home, file, hearing] = process.argv.slice(2)
if (home === undefined || file === undefined) throw new TypeError('usage: tapped-agent.ts HOME FILE [deaf]')

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.channel?.unref()

const tap = openSync(file, 'a', 0o600)
const links = new Map<object, string>()
const onBytes: ByteTap = (direction, protocol, bytes, link) => {
  const name = links.get(link) ?? `${process.pid}/${links.size}`
  links.set(link, name)
  const line: TapLine = { link: name, direction, protocol, bytes: Buffer.from(bytes).toString('base64') }
  writeSync(tap, `${JSON.stringify(line)}\n`)
}

const { promise: ended, resolve: end } = Promise.withResolvers<void>()
process.once('SIGTERM', () => end())
const log = pino({ level: process.env['AICO_MESH_LOG'] ?? 'warn', base: null }, pino.destination({ fd: 2, sync: true }))
const alone = (): Discovery =>
  new MemoryDiscovery({ clock: nodeClock, log, lan: new MemoryLan(), address: '127.0.0.1' })
const agent = await startAgent({
  hostMetrics: false,
  home,
  passphrase: undefined,
  log,
  isOnline: true,
  otlpPort: 0,
  onStop: () => end(),
  onFatal: (err) => {
    throw err
  },
  network: { onBytes },
  ...(hearing === 'deaf' ? { createDiscovery: alone } : {}),
})
process.stdout.write(`${JSON.stringify(agent.state.ready())}\n`)
await ended
await agent.stop()
