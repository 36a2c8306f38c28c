/**
 * A module that records what it is asked to, and answers once that is committed. `node asked-module.ts CREDENTIAL`
 * `talk/…`: a line of each level. `work {traces}`: so many traces of one span; answers how many were not sampled so far.
 */
import { connect } from '../../src/sdk/index.ts'

const [credential = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
mesh.subscribe('talk/', async () => {
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) mesh.logger[level]('said')
  return mesh.flush()
})
mesh.subscribe('work', async (message) => {
  const { traces } = message.json() as { readonly traces: number }
  for (let i = 0; i < traces; i++) mesh.tracer.startSpan('work', { root: true }).end()
  await mesh.flush()
  return mesh.stats.unsampledSpans
})
process.on('SIGTERM', () => void mesh.close())
