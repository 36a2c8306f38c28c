/**
 * The program: hands the command line an agent to talk to. The agent is loaded only by the commands that need it, so that a
 * question to a running one is answered quickly; those begin its store's thread at once, which loads at the same time.
 */
import { enableCompileCache, flushCompileCache } from 'node:module'
import type { AgentHost } from './cli/agent-host.ts'
import { handleOutputErrors } from './cli/output-errors.ts'
import { beginKeeperThread } from './agent/keeper-thread.ts'
import { VERSION } from './agent/version.ts'

// A launcher on an older Node holds the other end: when it is gone, however it went, so are we.
if (process.env['AICO_MESH_LIFELINE'] === '1') {
  delete process.env['AICO_MESH_LIFELINE']
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}
enableCompileCache()

// Before anything else is loaded: it takes longest.
const begun = process.argv.includes('start') ? beginKeeperThread() : undefined

const host: AgentHost = {
  initDevice: async (options) => (await import('./agent/host.ts')).initDevice(options),
  async runAgent(options) {
    await (await import('./agent/host.ts')).runAgent({ ...options, keeperThread: begun ?? beginKeeperThread() })
    // Not left to Node: it takes signal handlers down first, and a second Ctrl-C would then make an orderly end look
    // like a killed one.
    flushCompileCache()
    process.exit(0)
  },
  async callOffline(call) {
    const keeperThread = beginKeeperThread()
    return (await import('./agent/host.ts')).callOffline({ ...call, keeperThread })
  },
  readKeyStore: async (home) => (await import('./agent/key-file.ts')).readKeyStore(home),
}

handleOutputErrors(process, (exitCode) => process.exit(exitCode))
const { runCli } = await import('./cli/run-cli.ts')
process.exitCode = await runCli(process.argv.slice(2), host, VERSION)
