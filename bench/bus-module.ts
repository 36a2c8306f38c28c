/** One of two modules that talk through the agent: `bus-module.ts CREDENTIAL callee`, or `... CREDENTIAL WORK MS`, which prints two lines (`measure`). */
import { connect } from '../src/sdk/index.ts'
import { BLOCK, measure, PAYLOAD, type Peer, type Work } from './bus-messages.ts'

const [credential = '', role = '', ms = ''] = process.argv.slice(2)
const mesh = connect({ credential, global: false })

if (role === 'callee') {
  let told = 0
  mesh.subscribe('bench/told', () => {
    if (++told % BLOCK === 0) mesh.publish('bench/done', PAYLOAD)
  })
  mesh.subscribe('bench/asked', ({ payload }) => payload)
  await ready()
  process.stdout.write('{"event":"ready"}\n')
} else {
  let done = Promise.withResolvers<void>()
  mesh.subscribe('bench/done', () => done.resolve())
  await ready()
  const peer: Peer = {
    async tellBlock() {
      done = Promise.withResolvers()
      for (let i = 0; i < BLOCK; i++) mesh.publish('bench/told', PAYLOAD)
      await done.promise
    },
    ask: () => mesh.request('bench/asked', PAYLOAD),
  }
  await measure(peer, role as Work, Number(ms))
  const { droppedMessages, unconfirmedMessages } = mesh.stats
  if (droppedMessages + unconfirmedMessages > 0) throw new Error('messages were lost')
  await mesh.close()
}

async function ready(): Promise<void> {
  if (!(await mesh.flush({ timeoutMs: 30_000 }))) throw new Error('the agent does not answer')
}
