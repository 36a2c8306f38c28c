/**
 * A module that does one thing as fast as it can for so many seconds: `bus-presser.ts CREDENTIAL lines|messages SECONDS`.
 * Prints what became of it, a line of JSON.
 *
 * lines: numbered log records, waiting for nothing but room (BU75). messages: published, waiting for nothing at all.
 */
import { connect } from '../../src/sdk/index.ts'
import { PRESSED_TOPIC, type PressedLines, type PressedMessages } from './bus-pressure-words.ts'

const BLOCK = 1_024
/** Messages between two rounds of the event loop: twice what a module has under way, and no round could send more. */
const MESSAGES_A_ROUND = 128

const [credential = '', what, seconds = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
// What came before the agent answered would wait for it, and not for the store.
if (!(await mesh.flush({ timeoutMs: 30_000 }))) throw new Error('no agent')
const began = performance.now()
const untilMs = began + Number(seconds) * 1_000
const result = what === 'lines' ? await lines() : await messages()
process.stdout.write(`${JSON.stringify(result)}\n`)
await mesh.close()

async function lines(): Promise<PressedLines> {
  let [made, makingMs] = [0, 0]
  while (performance.now() < untilMs) {
    const startedMs = performance.now()
    for (let i = 0; i < BLOCK; i++) mesh.logger.info({ n: made++ }, 'a line')
    makingMs += performance.now() - startedMs
    await mesh.room()
  }
  const isKept = await mesh.flush({ timeoutMs: 60_000 })
  const { droppedRecords, refusedRecords, unencodableRecords } = mesh.stats
  const lost = droppedRecords + refusedRecords + unencodableRecords
  const peakBytes = process.resourceUsage().maxRSS * 1_024
  return { made, makingMs, tookMs: performance.now() - began, isKept, lost, peakBytes }
}

async function messages(): Promise<PressedMessages> {
  let sent = 0
  while (performance.now() < untilMs) {
    for (let i = 0; i < MESSAGES_A_ROUND; i++) mesh.publish(PRESSED_TOPIC, { n: sent++ })
    await new Promise(setImmediate)
  }
  await mesh.flush({ timeoutMs: 60_000 })
  const { droppedMessages, unconfirmedMessages } = mesh.stats
  return { sent, dropped: droppedMessages, unconfirmed: unconfirmedMessages, tookMs: performance.now() - began }
}
