/**
 * A module that writes numbered lines for ever, and says how many the agent has acknowledged: a line of JSON after each few.
 * `node counting-module.ts CREDENTIAL RUN`
 */
import { connect } from '../../src/sdk/index.ts'

const LINES = 25

const [credential = '', run = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
let n = 0
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
while (!ending.signal.aborted) {
  for (let i = 0; i < LINES; i++) mesh.logger.info({ run, n: n++ }, 'a line')
  if (await mesh.flush({ timeoutMs: 30_000 })) process.stdout.write(`${JSON.stringify({ kept: n })}\n`)
}
await mesh.close()
