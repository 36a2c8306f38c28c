/**
 * The devtools process: started by the agent under the permission model, told its configuration in one IPC message, and
 * gone as soon as the agent no longer wants it: when IPC closes (the agent ended, even by SIGKILL) or the link does.
 */
import { once } from 'node:events'
import { AgentLink } from './agent-link.ts'
import { LoopbackServer } from './loopback-server.ts'
import { OtlpHttp } from './otlp-http.ts'
import { ProbeHttp } from './probe-http.ts'
import { RefusalTally } from './refusal-tally.ts'
import { collectWhenIdle } from '../platform/collect-when-idle.ts'
import { readConfig, type DevtoolsConfig, type DevtoolsListening } from './process-words.ts'

/** How long the agent may take to send the configuration. */
const CONFIG_TIMEOUT_MS = 10_000
/** How long requests under way may still take once the agent wants an end: whoever is cut off retries. */
const DRAIN_MS = 1_000
const EXIT_BAD_START = 1

let server: LoopbackServer | undefined
let isEnding = false

process.once('disconnect', () => void end())
// Started by hand, or the agent ended before this line: nobody would ever end this process.
if (process.connected) await serve(await configuration())
else process.exit(EXIT_BAD_START)
collectWhenIdle()

async function serve(config: DevtoolsConfig): Promise<void> {
  const agent = (await AgentLink.open(config)) ?? fail('the agent refused the link')
  void agent.ended.then(() => end())
  const tally = new RefusalTally((counts) => agent.tellRefused(counts))
  const otlp = new OtlpHttp(agent, { onRefused: (status) => tally.add(status) })
  const probes = new ProbeHttp(agent)
  server = new LoopbackServer(async (request, response, askedFirst) => {
    if (!(await probes.handle(request, response))) await otlp.handle(request, response, askedFirst)
  })
  const port = await server.listen(config.port)
  if (isEnding) return
  process.send?.({ type: 'listening', url: `http://127.0.0.1:${port}` } satisfies DevtoolsListening)
}

async function configuration(): Promise<DevtoolsConfig> {
  const inTime = { signal: AbortSignal.timeout(CONFIG_TIMEOUT_MS) }
  const [message] = await once(process, 'message', inTime).catch(() => fail('no configuration came'))
  return readConfig(message) ?? fail('the configuration is not one')
}

async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  await server?.close(DRAIN_MS)
  process.exit(0)
}

/** The agent logs the last line of stderr when this process ends early. */
function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(EXIT_BAD_START)
}
