/**
 * A module or plugin that writes numbered lines for ever, and a numbered span for each few, and says how many of each the agent
 * has acknowledged: a line of JSON after each few. `node counting-module.ts CREDENTIAL RUN`
 */
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../src/sdk/index.ts'

const LINES_A_SPAN = 25
/** Between two spans: some thousand records a second of all modules, and no more of a plugin than it may ask for. */
const PAUSE_MS = 25

const [credential = '', run = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
const kept = { logs: 0, traces: 0 }
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
while (!ending.signal.aborted) {
  mesh.tracer.startActiveSpan('write lines', { attributes: { run, n: kept.traces++ } }, (span) => {
    for (let i = 0; i < LINES_A_SPAN; i++) mesh.logger.info({ run, n: kept.logs++ }, 'a line')
    span.end()
  })
  if (await mesh.flush({ timeoutMs: 30_000 })) process.stdout.write(`${JSON.stringify(kept)}\n`)
  await pause(PAUSE_MS)
}
const { droppedRecords, refusedRecords } = mesh.stats
await mesh.close()
if (droppedRecords + refusedRecords > 0) throw new Error(`${droppedRecords} dropped, ${refusedRecords} refused`)
