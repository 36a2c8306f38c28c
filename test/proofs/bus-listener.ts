/**
 * A subscriber that takes its time for each message: `bus-listener.ts CREDENTIAL MS`. Says how many it has had, a line of JSON once
 * its subscription stands and whenever that has changed, until it is ended.
 */
import { connect } from '../../src/sdk/index.ts'
import { PRESSED_TOPIC, type Received } from './bus-pressure-words.ts'

const SAY_EVERY_MS = 100

const [credential = '', ms = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
let received = 0
let said = 0
mesh.subscribe(PRESSED_TOPIC, () => {
  received++
  // Busy, as a module is that works: nothing else of it is read meanwhile.
  for (const untilMs = performance.now() + Number(ms); performance.now() < untilMs;);
})
if (!(await mesh.flush({ timeoutMs: 30_000 }))) throw new Error('no agent')
say()
setInterval(() => {
  if (said !== received) say()
}, SAY_EVERY_MS)

function say(): void {
  said = received
  process.stdout.write(`${JSON.stringify({ received, unhandled: mesh.stats.unhandledMessages } satisfies Received)}\n`)
}
