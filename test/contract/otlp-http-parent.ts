/** A parent to be killed: starts the devtools process as the agent does, says where it is, and stays. */
import { DevtoolsProcess } from '../../src/agent/devtools-process.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

process.once('message', (options: { socketPath: string; token: string; port: number }) => {
  const devtools = new DevtoolsProcess({ log: silent, clock: nodeClock }, options)
  void devtools.start().then(() => process.send?.({ url: devtools.url(), pid: devtools.pid() }))
})
