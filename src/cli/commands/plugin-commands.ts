/** Plugins: programs of third parties, and what the person lets them do. What one may do is read before it may. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import type {
  PluginAddedView,
  PluginDetailView,
  PluginRefusalView,
  PluginReviewView,
  PluginView,
} from '../../agent/http-types/plugins.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import { CliError, usage } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Output } from '../output.ts'
import { plural } from '../render/plural.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import { wrapText } from '../render/wrap-text.ts'
import { table } from './answer-table.ts'

/** Largest file that is looked at, in bytes: the agent takes no manifest of this size, and says so. */
const MAX_FILE_BYTES = 65_536

const add: Command = {
  name: 'plugins add',
  takes: 'MANIFEST',
  help: 'let a plugin do what its manifest asks for, and nothing else; says it in plain words and asks first',
  details: [
    'MANIFEST is the JSON file that its author gives you (docs/spec/plugins.md). A plugin whose manifest has changed has to be added again: until then what you approved before holds.',
  ],
  examples: ['plugins add weather.json'],
  options: { yes: { type: 'boolean', help: 'approve it without a question, as scripts must' } },
  words: [1, 1],
  async run({ client, output, words, options }) {
    const manifest = readManifest(words[0] as string)
    const review = await client.callAnyway<PluginReviewView>('POST', '/v1/plugins/review', { manifest })
    if (review.state !== 'same') {
      output.hint(reviewWords(review, output.width))
      if (options['yes'] !== true) await confirm(`Let ${safeText(review.title)} do this?`)
    }
    const approval = { manifest, sha256: review.sha256 }
    const added = await client.callAnyway<PluginAddedView>('POST', '/v1/plugins', approval)
    output.answer(added, () =>
      [
        `${added.plugin} may ${review.state === 'same' ? 'do this already' : 'do this now'}, with this credential:`,
        `  AICO_MESH_MODULE=${added.credential}`,
      ].join('\n'),
    )
  },
}

const list: Command = {
  name: 'plugins list',
  takes: '',
  help: 'plugins, whether they are on, and how often they were refused something',
  examples: ['plugins list'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ plugins: readonly PluginView[] }>('GET', '/v1/plugins')
    output.answer(view, () =>
      view.plugins.length === 0
        ? 'No plugins. Add one with: aico-mesh plugins add MANIFEST'
        : table(
            output,
            [{ title: 'plugin', minWidth: 8 }, { title: 'title', minWidth: 8 }, 'state', 'refused'],
            view.plugins.map((plugin) => [
              plugin.plugin,
              plugin.title,
              stateWords(plugin),
              refusedTimes(plugin.refused),
            ]),
          ),
    )
  },
}

const show: Command = {
  name: 'plugins show',
  takes: 'NAME',
  help: 'what a plugin may do, and what it was refused',
  examples: ['plugins show weather'],
  words: [1, 1],
  async run({ client, output, words }) {
    const view = await client.callAnyway<PluginDetailView>('GET', pathOf(words))
    output.answer(view, () => detailWords(view, output))
  },
}

const disable: Command = {
  name: 'plugins disable',
  takes: 'NAME',
  help: 'switch a plugin off at once; what it recorded stays',
  examples: ['plugins disable weather'],
  words: [1, 1],
  async run({ client, output, words }) {
    const view = await client.callAnyway<{ plugin: string }>('POST', `${pathOf(words)}/disable`)
    output.answer(view, () => `${view.plugin} is off. Switch it on again with: aico-mesh plugins enable ${view.plugin}`)
  },
}

const enable: Command = {
  name: 'plugins enable',
  takes: 'NAME',
  help: 'switch a plugin on again, with what you approved',
  examples: ['plugins enable weather'],
  words: [1, 1],
  async run({ client, output, words }) {
    const view = await client.callAnyway<{ plugin: string }>('POST', `${pathOf(words)}/enable`)
    output.answer(view, () => `${view.plugin} is on.`)
  },
}

const remove: Command = {
  name: 'plugins remove',
  takes: 'NAME',
  help: 'take a plugin away; its credential stops working at once, what it recorded stays',
  examples: ['plugins remove weather'],
  words: [1, 1],
  async run({ client, output, words }) {
    const view = await client.callAnyway<{ plugin: string }>('DELETE', pathOf(words))
    output.answer(view, () => `${view.plugin} is gone.`)
  },
}

export const pluginCommands: readonly Command[] = [add, list, show, disable, enable, remove]

function pathOf([name = '']: readonly string[]): string {
  return `/v1/plugins/${encodeURIComponent(name)}`
}

/** @throws {CliError} `CLI_USAGE` */
function readManifest(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      if (fstatSync(file).size > MAX_FILE_BYTES) throw usage('the file is too large for a manifest')
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch (err) {
    throw err instanceof CliError ? err : usage('the manifest cannot be read: is the path right?')
  }
}

function reviewWords({ plugin, title, state, may }: PluginReviewView, width: number): string {
  const name = title === plugin ? plugin : `${title} (${plugin})`
  const head =
    state === 'new' ? `${name} asks for this:` : `${name} has changed what it asks for. From now on it would be this:`
  return [...wrapText(safeText(head), { width }), ...bullets(may, width)].join('\n')
}

function detailWords(view: PluginDetailView, output: Output): string {
  const { width } = output
  return [
    `${safeText(view.title)} (${view.plugin}), ${stateWords(view)}, approved ${view.approvedAt.slice(0, 10)}`,
    ...bullets(view.may, width),
    '',
    ...(view.refused.length === 0
      ? ['It was refused nothing.']
      : ['What it was refused:', '', refusalTable(view, output)]),
  ].join('\n')
}

function refusalTable({ refused }: PluginView, output: Output): string {
  const rows = refused.map(({ reason, count, lastUnixMs }) => [
    count.toLocaleString('en-US'),
    relativeTime(lastUnixMs, nodeClock.now()),
    reason,
  ])
  return table(output, [{ title: 'times', align: 'right' }, 'last', { title: 'because', minWidth: 20 }], rows)
}

/** Whole: what was not shown was not approved. They hold no words of others but topics and keys, which are ASCII. */
function bullets(sentences: readonly string[], width: number): readonly string[] {
  return sentences.flatMap((text) => wrapText(text, { width, lead: '  - ' }))
}

function stateWords({ state, sessions }: PluginView): string {
  if (state === 'disabled') return 'off'
  return sessions === 0 ? 'on, not connected' : `on, ${plural(sessions, 'connection')}`
}

function refusedTimes(refused: readonly PluginRefusalView[]): string {
  const times = refused.reduce((sum, { count }) => sum + count, 0)
  return times === 0 ? 'nothing' : plural(times, 'time')
}
