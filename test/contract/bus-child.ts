/** A module as its own process, for the contract tests: credential from the environment, behaviour from its arguments. */
import { connect } from '../../src/sdk/index.ts'

const [how = 'close', count = '1'] = process.argv.slice(2)
const mesh = connect({ serviceVersion: '1.0.0' })

if (how === 'echo') {
  mesh.subscribe('conversation/heard', (message) => {
    mesh.publish('conversation/answer', `${message.source} said ${message.text()}`)
  })
  await mesh.flush()
  process.stdout.write('ready\n')
  process.stdin.once('data', () => void mesh.close().then(() => process.exit(0)))
} else {
  mesh.tracer.startActiveSpan('work', (span) => {
    for (let i = 0; i < Number(count); i++) mesh.logger.info({ i }, 'line %d', i)
    span.end()
  })
  for (let i = 0; i < 10; i++) mesh.publish('work/done', { i })
  const isFlushed = await mesh.close({ timeoutMs: how === 'alone' ? 200 : 20_000 })
  process.stdout.write(`${isFlushed}\n`)
  if (how === 'exit') process.exit(0) // the trap: frames libzmq still holds would be lost here
}
