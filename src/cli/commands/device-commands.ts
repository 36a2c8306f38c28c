/** The device itself: making it, running it, and what it does now. */
import { existsSync, readdirSync } from 'node:fs'
import type { StatusView } from '../../agent/http-types/device.ts'
import type { HealthView } from '../../agent/http-types/health.ts'
import type { ReadyEvent } from '../agent-host.ts'
import { CliError, usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { headline, renderHealth } from '../render/health-words.ts'
import { safeText } from '../render/safe-text.ts'
import { describeStatus } from './status-words.ts'

/** From chatty to silent; pino's names. */
const refuseLogLevel = oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
const DEFAULT_LOG_LEVEL = 'warn'

const init: Command = {
  name: 'init',
  takes: '',
  help: 'make this device: its keys and its encrypted store',
  details: [
    'With --key-store file the keys are protected by file permissions only, and nothing has to be typed. With passphrase they are locked by a passphrase of at least 8 characters, which every start asks for and nobody can recover.',
  ],
  examples: ['init --name phone', 'init --name laptop --key-store passphrase'],
  options: {
    name: { type: 'string', value: 'NAME', isRequired: true, help: 'what your other devices call this one' },
    'key-store': {
      type: 'string',
      value: 'STORE',
      refuse: oneOf(['file', 'passphrase']),
      help: 'what protects the keys: file (the default) or passphrase',
    },
  },
  async run({ host, home, options, passphrase, output }) {
    const name = options['name']
    const keyStore = options['key-store'] === 'passphrase' ? 'passphrase' : 'file'
    if (typeof name !== 'string') throw usage('init needs --name NAME')
    const secret = keyStore === 'passphrase' ? await passphrase.create() : undefined
    const hadFiles = holdsFiles(home)
    const device = await host.initDevice({ home, name, keyStore, passphrase: secret })
    output.answer(device, () =>
      [
        `${safeText(name)} is ready. Its id is ${device.deviceId}.`,
        `Its home is ${safeText(home)}.`,
        keyStore === 'file'
          ? 'Its keys are protected by file permissions only (0600).'
          : 'Its keys are locked by your passphrase. Nobody can recover it for you.',
        'Next: aico-mesh start',
      ].join('\n'),
    )
    if (hadFiles) output.hint('The folder held other files before. They were left as they are.')
  },
}

const start: Command = {
  name: 'start',
  takes: '',
  help: 'run the agent in the foreground; Ctrl-C ends it',
  details: [
    'When it is ready it says so: at a terminal in words, else (and with --json) in one line of JSON that scripts can wait for.',
  ],
  examples: ['start', 'start --otlp-port 0 --log info'],
  options: {
    'otlp-port': {
      type: 'string',
      value: 'N',
      refuse: wholeNumber(0, 65_535),
      help: 'port for OTLP on 127.0.0.1 (developer stage); default 4318, and any free one if that is taken or N is 0',
    },
    'no-host-metrics': {
      type: 'boolean',
      help: 'do not measure this device and the agent (pro and developer stage), see `metrics`',
    },
    log: {
      type: 'string',
      value: 'LEVEL',
      refuse: refuseLogLevel,
      help: 'what is logged to stderr: trace, debug, info, warn (the default), error, fatal or silent; else $AICO_MESH_LOG',
    },
  },
  async run({ host, home, options, passphrase, output }) {
    const stop = new AbortController()
    const logLevel = typeof options['log'] === 'string' ? options['log'] : logLevelOf(process.env)
    const secret = await passphrase.forHome()
    // The terminal and the launcher of an older Node may both send it: the second must not cut the end short.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    await host.runAgent({
      home,
      passphrase: secret,
      logLevel,
      otlpPort: typeof options['otlp-port'] === 'string' ? Number(options['otlp-port']) : undefined,
      hostMetrics: options['no-host-metrics'] !== true,
      onReady: (event) => output.event(event, () => describeReady(event, home)),
      signal: stop.signal,
    })
  },
}

const stop: Command = {
  name: 'stop',
  takes: '',
  help: 'stop the agent that runs in this home',
  examples: ['stop'],
  async run({ client, output }) {
    await client.call('POST', '/v1/stop')
    output.answer({ stopped: true }, () => 'The agent is stopping.')
  },
}

const status: Command = {
  name: 'status',
  takes: '',
  help: 'what this device is and does right now',
  details: [
    'With --health (pro stage): what is checked on this device and by its modules, why something fails, and since when. It ends with 0 if everything works, else with 1.',
  ],
  examples: ['status', 'status --health'],
  options: { health: { type: 'boolean', help: 'whether everything works, and if not why' } },
  async run(context) {
    const { client, output, options } = context
    if (options['health'] === true) return showHealth(context)
    const view = await client.call<StatusView>('GET', '/v1/status')
    output.answer(view, () => describeStatus(view, output.width))
  },
}

async function showHealth({ client, output }: CommandContext): Promise<void> {
  const view = await client.call<HealthView>('GET', '/v1/health')
  const { width, color } = output
  output.answer(view, () => renderHealth(view, { width, color, nowUnixMs: Date.now() }))
  if (!view.ready) throw new CliError('NOT_READY', headline(view))
}

export const deviceCommands: readonly Command[] = [init, start, stop, status]

function holdsFiles(folder: string): boolean {
  try {
    return existsSync(folder) && readdirSync(folder).length > 0
  } catch {
    return false // no folder, or one we may not look into: making the home says so
  }
}

/** @throws {CliError} `CLI_USAGE` */
function logLevelOf(env: NodeJS.ProcessEnv): string {
  const level = env['AICO_MESH_LOG'] || DEFAULT_LOG_LEVEL
  const taken = refuseLogLevel(level)
  if (taken !== undefined) throw usage(`AICO_MESH_LOG takes ${taken}`)
  return level
}

function describeReady({ mesh, otlp }: ReadyEvent, home: string): string {
  return [
    'The agent is running. Ctrl-C ends it; so does `aico-mesh stop` elsewhere.',
    `  home     ${safeText(home)}`,
    ...(otlp === null && mesh.length === 0
      ? ['  network  closed'] // as `status` has it where nobody needs to know these words (CL24)
      : [`  OTLP     ${otlp ?? 'closed'}`, `  mesh     ${mesh.length === 0 ? 'closed' : mesh.join('\n           ')}`]),
  ].join('\n')
}
