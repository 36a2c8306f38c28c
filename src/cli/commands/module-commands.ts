/** Modules: the programs that may report over the bus. */
import { dirname } from 'node:path'
import type { ModuleAddedView, ModuleView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import type { Output } from '../output.ts'
import { plural } from '../render/plural.ts'
import { table } from './answer-table.ts'

const add: Command = {
  name: 'modules add',
  takes: 'NAME',
  help: 'let a module report over the bus; prints the credential file to hand to it',
  details: [
    'A name is 1 to 64 of a-z, 0-9, dot, dash and underscore. Whoever can read the file can report as this module.',
  ],
  examples: ['modules add core'],
  words: [1, 1],
  async run({ client, output, words }) {
    const added = await client.callAnyway<ModuleAddedView>('POST', '/v1/modules', { module: words[0] })
    output.answer(added, () =>
      [`${added.module} may use the bus with this credential:`, `  AICO_MESH_MODULE=${added.credential}`].join('\n'),
    )
  },
}

const list: Command = {
  name: 'modules list',
  takes: '',
  help: 'modules that may use the bus',
  examples: ['modules list'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ modules: readonly ModuleView[] }>('GET', '/v1/modules')
    output.answer(view, () =>
      view.modules.length === 0
        ? 'No modules yet. Add one with: aico-mesh modules add NAME'
        : describeModules(output, view.modules),
    )
  },
}

const remove: Command = {
  name: 'modules remove',
  takes: 'NAME',
  help: 'take a module off the bus; its credential stops working at once',
  examples: ['modules remove core'],
  words: [1, 1],
  async run({ client, output, words }) {
    const name = encodeURIComponent(words[0] as string)
    const removed = await client.callAnyway<{ module: string }>('DELETE', `/v1/modules/${name}`)
    output.answer(removed, () => `${removed.module} is off the bus.`)
  },
}

export const moduleCommands: readonly Command[] = [add, list, remove]

function describeModules(output: Output, modules: readonly ModuleView[]): string {
  const rows = modules.map(({ module, sessions, droppedMessages }) => [
    module,
    [
      sessions === 0 ? 'not connected' : plural(sessions, 'connection'),
      ...(droppedMessages > 0 ? [`${plural(droppedMessages, 'message')} dropped: it reads too slowly`] : []),
    ].join(', '),
  ])
  const folders = new Set(modules.map(({ credential }) => dirname(credential)))
  return [
    table(
      output,
      [
        { title: 'module', minWidth: 12 },
        { title: 'state', minWidth: 16 },
      ],
      rows,
    ),
    '',
    'Credentials are in:',
    ...[...folders].map((folder) => `  ${folder}`),
  ].join('\n')
}
