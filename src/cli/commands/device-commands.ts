/** The device itself: making it, running it, its stage and its modules. */
import { painter } from '../render/colour.ts'
import { formatDurationMs } from '../render/duration.ts'
import { renderTable } from '../render/table.ts'
import { safeText } from '../render/safe-text.ts'
import type { ModuleAddedView, ModuleView, StageChangeView, StatusView } from '../../agent/http-types.ts'
import { usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { confirm } from '../confirm.ts'
import { describePeer, describeRemoval } from './peer-words.ts'

const STAGES = ['casual', 'pro', 'developer'] as const

const init: Command = {
  name: 'init',
  takes: '--name NAME [--key-store file|passphrase]',
  help: 'make this device: its keys and its encrypted store',
  options: { name: { type: 'string' }, 'key-store': { type: 'string' } },
  async run({ host, home, options, passphrase, output }) {
    const name = options['name']
    const keyStore = options['key-store'] ?? 'file'
    if (typeof name !== 'string') throw usage('init needs --name NAME')
    if (keyStore !== 'file' && keyStore !== 'passphrase') throw usage('--key-store is file or passphrase')
    const secret = keyStore === 'passphrase' ? await passphrase.create() : undefined
    const device = await host.initDevice({ home, name, keyStore, passphrase: secret })
    output.answer(device, () =>
      [
        `${safeText(name)} is ready. Its id is ${device.deviceId}.`,
        keyStore === 'file'
          ? 'Its keys are protected by file permissions only (0600).'
          : 'Its keys are locked by your passphrase. Nobody can recover it for you.',
        'Next: aico-mesh start',
      ].join('\n'),
    )
  },
}

const start: Command = {
  name: 'start',
  takes: '[--otlp-port N] [--log LEVEL]',
  help: 'run the agent in the foreground; prints one line of JSON when it is ready',
  options: { 'otlp-port': { type: 'string' }, log: { type: 'string' } },
  async run({ host, home, options, passphrase, output }) {
    const stop = new AbortController()
    // The terminal and the launcher of an older Node may both send it: the second must not cut the end short.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    await host.runAgent({
      home,
      passphrase: await passphrase.forHome(),
      logLevel: typeof options['log'] === 'string' ? options['log'] : (process.env['AICO_MESH_LOG'] ?? 'warn'),
      otlpPort: portOption(options['otlp-port']),
      onReady: (event) => output.event(event),
      signal: stop.signal,
    })
  },
}

const stop: Command = {
  name: 'stop',
  takes: '',
  help: 'stop the agent that runs in this home',
  async run({ client, output }) {
    await client.call('POST', '/v1/stop')
    output.answer({ stopped: true }, () => 'The agent is stopping.')
  },
}

const status: Command = {
  name: 'status',
  takes: '',
  help: 'what this device is and does right now',
  async run({ client, output }) {
    const view = await client.call<StatusView>('GET', '/v1/status')
    output.answer(view, () => describeStatus(view))
  },
}

const stage: Command = {
  name: 'stage',
  takes: '[casual|pro|developer] [--yes]',
  help: 'show the stage, or change what is collected, shown and opened',
  options: { yes: { type: 'boolean' } },
  words: [0, 1],
  async run(context) {
    const { client, output, words, options } = context
    const [to] = words
    if (to === undefined) {
      const { stage: current } = await client.callAnyway<StatusView>('GET', '/v1/status')
      return output.answer({ stage: current }, () => `This device is at the ${current} stage.`)
    }
    if (!(STAGES as readonly string[]).includes(to)) throw usage(`a stage is ${STAGES.join(', ')}`)
    const plan = await client.callAnyway<StageChangeView>('GET', `/v1/stage/${to}`)
    output.hint(describeChange(plan))
    if (options['yes'] !== true) await confirm(`Go to ${to}?`)
    const change = await client.callAnyway<StageChangeView>('POST', '/v1/stage', { stage: to })
    output.answer(change, () => `This device is now at the ${to} stage.`)
  },
}

const modulesAdd: Command = {
  name: 'modules add',
  takes: 'NAME',
  help: 'let a module report over the bus; prints the credential file to hand to it',
  words: [1, 1],
  async run({ client, output, words }) {
    const added = await client.callAnyway<ModuleAddedView>('POST', '/v1/modules', { module: words[0] })
    output.answer(added, () =>
      [`${added.module} may use the bus with this credential:`, `  AICO_MESH_MODULE=${added.credential}`].join('\n'),
    )
  },
}

const modulesList: Command = {
  name: 'modules list',
  takes: '',
  help: 'modules that may use the bus',
  async run({ client, output }) {
    const view = await client.callAnyway<{ modules: readonly ModuleView[] }>('GET', '/v1/modules')
    output.answer(view, () =>
      view.modules.length === 0
        ? 'No modules yet. Add one with: aico-mesh modules add NAME'
        : table(
            output,
            ['module', 'connections', 'credential'],
            view.modules.map((module) => [module.module, String(module.sessions), module.credential]),
          ),
    )
  },
}

const modulesRemove: Command = {
  name: 'modules remove',
  takes: 'NAME',
  help: 'take a module off the bus; its credential stops working at once',
  words: [1, 1],
  async run({ client, output, words }) {
    const name = encodeURIComponent(words[0] as string)
    const removed = await client.callAnyway<{ module: string }>('DELETE', `/v1/modules/${name}`)
    output.answer(removed, () => `${removed.module} is off the bus.`)
  },
}

export const deviceCommands: readonly Command[] = [
  init,
  start,
  stop,
  status,
  stage,
  modulesAdd,
  modulesList,
  modulesRemove,
]

export function table(
  output: CommandContext['output'],
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const columns = heads.map((title) => ({ title }))
  return renderTable(columns, rows, { width: output.width, paint: painter(output.color) }).trimEnd()
}

function describeStatus(view: StatusView): string {
  const { store, mesh } = view
  const protection = view.keyStore === 'file' ? 'protected only by file permissions' : 'locked by a passphrase'
  return [
    `${safeText(view.name)} · ${view.stage} stage · running for ${formatDurationMs(view.uptimeMs)}`,
    `  id       ${view.deviceId}`,
    `  keys     ${protection}`,
    `  store    ${store.records} records in ${store.segments} segments, ${Math.ceil(store.bytes / 1024)} KiB, encrypted`,
    `  modules  ${view.modules.length === 0 ? 'none' : view.modules.join(', ')}`,
    `  OTLP     ${view.otlp ?? 'closed'}`,
    `  mesh     ${mesh.listening.length === 0 ? 'closed' : mesh.listening.join('  ')}`,
    ...mesh.peers.map((peer) => `           ${describePeer(peer)}`),
    ...(view.removedBy === null ? [] : [describeRemoval(view.removedBy)]),
  ].join('\n')
}

function describeChange({ opens, closes, kept }: StageChangeView): string {
  const list = (title: string, sentences: readonly string[]): string[] =>
    sentences.length === 0 ? [] : [title, ...sentences.map((sentence) => `  - ${sentence}`)]
  return [...list('This starts:', opens), ...list('This ends:', closes), ...(kept === '' ? [] : [kept])].join('\n')
}

function portOption(value: string | boolean | undefined): number | undefined {
  if (value === undefined) return undefined
  const port = Number(value)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage('--otlp-port is a port number')
  return port
}
