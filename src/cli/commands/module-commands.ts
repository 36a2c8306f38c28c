/** Modules: the programs that may report over the bus, and what they are to record. */
import { dirname } from 'node:path'
import type { ModuleAddedView, ModuleView } from '../../agent/http-types/device.ts'
import { usage } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { oneOf } from '../option-values.ts'
import type { Output } from '../output.ts'
import { parseRatio, refuseRatio } from '../parse-ratio.ts'
import { plural } from '../render/plural.ts'
import { recordingTable } from '../render/recording-words.ts'
import { wrapText } from '../render/wrap-text.ts'
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

const show: Command = {
  name: 'modules show',
  takes: 'NAME',
  help: 'whether a module is connected, and what it is to record',
  examples: ['modules show core'],
  words: [1, 1],
  async run({ client, output, words }) {
    const view = await client.callAnyway<ModuleView>('GET', pathOf(words))
    output.answer(view, () => describeModule(output, view))
  },
}

const set: Command = {
  name: 'modules set',
  takes: 'NAME',
  help: 'what a module is to record, from now on and while it runs',
  details: [
    'With --topic, only what belongs to topics that begin so; the longest beginning that fits counts. Without, everything.',
    'A level is the least severe log records that are made. It is at most error: errors are always kept, and so are audit events and notifications.',
    'A sample is the part of the traces that begin in this module and are kept, whole, over all modules and devices: 10% or 0.1.',
    'What the stage does not collect is not kept, whatever is set here; and what the module itself leaves out stays out.',
  ],
  examples: [
    'modules set core --level info',
    'modules set core --topic conversation/ --level debug --sample 10%',
    'modules set core --topic conversation/ --reset',
    'modules set core --reset',
  ],
  options: {
    topic: { type: 'string', value: 'PREFIX', help: 'only for topics that begin so' },
    level: {
      type: 'string',
      value: 'LEVEL',
      refuse: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
      help: 'log records of this level and more: trace, debug, info, warn or error',
    },
    sample: { type: 'string', value: 'RATIO', refuse: refuseRatio, help: 'this part of the traces: 10% or 0.1' },
    reset: { type: 'boolean', help: 'as if nothing had been set: of that topic, or at all' },
  },
  words: [1, 1],
  async run({ client, output, words, options: { topic, level, sample, reset } }) {
    const isRule = level !== undefined || sample !== undefined
    if (isRule === (reset === true)) throw usage('give --level, --sample or both; or --reset')
    const path = `${pathOf(words)}/recording`
    const view = isRule
      ? await client.callAnyway<ModuleView>('POST', path, {
          topic,
          level,
          sample: typeof sample === 'string' ? parseRatio(sample) : undefined,
        })
      : await client.callAnyway<ModuleView>('DELETE', withTopic(path, topic))
    output.answer(view, () => describeModule(output, view))
  },
}

const remove: Command = {
  name: 'modules remove',
  takes: 'NAME',
  help: 'take a module off the bus; its credential stops working at once',
  examples: ['modules remove core'],
  words: [1, 1],
  async run({ client, output, words }) {
    const removed = await client.callAnyway<{ module: string }>('DELETE', pathOf(words))
    output.answer(removed, () => `${removed.module} is off the bus.`)
  },
}

export const moduleCommands: readonly Command[] = [add, list, show, set, remove]

function pathOf([name = '']: readonly string[]): string {
  return `/v1/modules/${encodeURIComponent(name)}`
}

function withTopic(path: string, topic: string | boolean | undefined): string {
  return typeof topic === 'string' ? `${path}?topic=${encodeURIComponent(topic)}` : path
}

function describeModule(output: Output, view: ModuleView): string {
  const state = `${view.module}: ${stateWords(view)}.`
  const inLines = (text: string): readonly string[] => wrapText(text, { width: output.width })
  if (view.recording.length === 0) return inLines(`${state} It records everything that the stage collects.`).join('\n')
  const { columns, rows } = recordingTable(view.recording)
  const more = 'Everything else as the stage collects it. Errors, audit events and notifications are always kept.'
  return [...inLines(`${state} What it records:`), '', table(output, columns, rows), '', ...inLines(more)].join('\n')
}

function stateWords({ sessions, droppedMessages }: ModuleView): string {
  return [
    sessions === 0 ? 'not connected' : plural(sessions, 'connection'),
    ...(droppedMessages > 0 ? [`${plural(droppedMessages, 'message')} missed: too slow, or gone`] : []),
  ].join(', ')
}

function describeModules(output: Output, modules: readonly ModuleView[]): string {
  const rows = modules.map((view) => [
    view.module,
    stateWords(view),
    view.recording.length === 0 ? 'everything' : plural(view.recording.length, 'rule'),
  ])
  const folders = new Set(modules.map(({ credential }) => dirname(credential)))
  return [
    table(output, [{ title: 'module', minWidth: 12 }, { title: 'state', minWidth: 16 }, { title: 'records' }], rows),
    '',
    'Credentials are in:',
    ...[...folders].map((folder) => `  ${folder}`),
  ].join('\n')
}
