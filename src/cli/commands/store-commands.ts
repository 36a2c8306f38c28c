/** The store itself: what it keeps, for how long and in how much room, and what it must not drop. */
import type { HoldView, RetentionView, StoreStatsView } from '../../agent/http-types/device.ts'
import type { Command, CommandContext } from '../command.ts'
import { usage } from '../cli-error.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { parseSize, refuseSize } from '../parse-size.ts'
import { TIMES_HELP } from '../parse-time.ts'
import { plural } from '../render/plural.ts'
import { relativeTime } from '../render/relative-time.ts'
import { safeText } from '../render/safe-text.ts'
import {
  goneTable,
  holdWords,
  laneTable,
  limitsSentence,
  sourceTable,
  totalWords,
  type TableWords,
} from '../render/store-words.ts'
import { table } from './answer-table.ts'
import { deviceNames } from './device-names.ts'
import { quotaCommands } from './quota-commands.ts'
import { reindexCommand } from './reindex-command.ts'
import { requireRange, timeRangeOf } from './search-options.ts'
import { STORED_LANES, STORED_LANES_WORDS } from './stored-lanes.ts'

/** Rows of a table of sources; --json has all. */
const MOST_ROWS = 20
const MOST_DAYS = 3_650

const stats: Command = {
  name: 'store stats',
  takes: '',
  help: 'what is kept here, since when, how large it is, and what is gone and why',
  details: ['--json lists every source. Sizes of lanes are those of sealed records; indexes come on top.'],
  examples: ['store stats', 'store stats --json'],
  async run({ client, output }) {
    const view = await client.callAnyway<StoreStatsView>('GET', '/v1/store')
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    const now = Date.now()
    const tableOf = ({ columns, rows }: TableWords): readonly string[] =>
      rows.length === 0 ? [] : ['', table(output, columns, rows)]
    output.answer(view, () =>
      [
        ...totalWords(view),
        ...(view.quotas === 0 ? [] : [`${plural(view.quotas, 'quota')}: aico-mesh store quota list`]),
        ...(view.holds === 0 ? [] : [`${plural(view.holds, 'hold')}: aico-mesh store holds`]),
        ...tableOf(laneTable(view, now)),
        ...tableOf(sourceTable(view, nameOf, now, MOST_ROWS)),
        ...tableOf(goneTable(view, nameOf, now, MOST_ROWS)),
      ].join('\n'),
    )
  },
}

const retention: Command = {
  name: 'store retention',
  takes: '[LANE]',
  help: 'for how long and in how much room records are kept here; with --age or --size, change it',
  details: [
    'The oldest records go first. A lane without room takes from the sources that have most of it. What is dropped here stays on devices that have it.',
  ],
  examples: ['store retention', 'store retention traces --age 30 --size 4GiB'],
  options: {
    age: { type: 'string', value: 'DAYS', refuse: wholeNumber(1, MOST_DAYS), help: 'keep records for so many days' },
    size: { type: 'string', value: 'SIZE', refuse: refuseSize, help: 'keep at most so much: 500MiB, 4GiB' },
  },
  words: [0, 1],
  async run(context) {
    const { client, output, words, options } = context
    const [lane] = words
    const refused = lane === undefined ? undefined : oneOf(STORED_LANES)(lane)
    if (refused !== undefined) throw usage(`a lane is ${refused}`)
    const isChange = typeof options['age'] === 'string' || typeof options['size'] === 'string'
    if (isChange && lane === undefined) throw usage(`name the lane to change: ${STORED_LANES_WORDS}`)
    const view = isChange
      ? await client.callAnyway<RetentionView>('POST', '/v1/store/retention', { lane, ...changeOf(options) })
      : await client.callAnyway<RetentionView>('GET', '/v1/store/retention')
    const shown = STORED_LANES.filter((each) => lane === undefined || each === lane)
    output.answer(view, () => shown.map((each) => limitsSentence(each, view[each])).join('\n'))
  },
}

const hold: Command = {
  name: 'store hold',
  takes: '[TRACE]',
  help: 'keep records from being dropped: a trace, or what was recorded in a time',
  details: [
    'TRACE is a trace id or the start of one. Without it, --since says from when on. It is kept until: aico-mesh store release NUMBER',
    'A hold does not outlast consent: when a grant of another device lapses, its records go.',
    TIMES_HELP,
  ],
  examples: [
    'store hold 4bf92f35 --reason "complaint 12"',
    'store hold --since 2026-11-20 --until 2026-11-21 --module core --reason "outage"',
  ],
  options: {
    reason: { type: 'string', value: 'WORDS', isRequired: true, help: 'why, kept with the hold and in the audit log' },
    since: { type: 'string', value: 'TIME', help: 'what was recorded from then on' },
    until: { type: 'string', value: 'TIME', help: 'and up to then; default now' },
    device: { type: 'string', value: 'DEVICE', help: 'only what this device recorded; default every one' },
    module: { type: 'string', value: 'MODULE', help: 'only what this module recorded; default every one' },
  },
  words: [0, 1],
  async run(context) {
    const { client, output, words, options } = context
    const [trace] = words
    const { reason } = options
    if (typeof reason !== 'string') throw usage('store hold needs --reason WORDS')
    if ((trace === undefined) === (options['since'] === undefined)) throw usage('name a trace, or --since TIME')
    const what = trace === undefined ? rangeOf(options) : { trace }
    const placed = await client.callAnyway<HoldView>('POST', '/v1/store/holds', { reason, ...what })
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    output.answer(placed, () =>
      [`Held: ${holdWords(placed, nameOf)}.`, `Give it up with: aico-mesh store release ${placed.id}`].join('\n'),
    )
  },
}

const holds: Command = {
  name: 'store holds',
  takes: '',
  help: 'what is kept from being dropped, and why',
  examples: ['store holds'],
  async run({ client, output }) {
    const view = await client.callAnyway<{ holds: readonly HoldView[] }>('GET', '/v1/store/holds')
    const nameOf = output.json ? (id: string) => id : await deviceNames(client)
    output.answer(view, () =>
      view.holds.length === 0
        ? 'Nothing is held.'
        : table(
            output,
            ['hold', { title: 'what', minWidth: 20 }, { title: 'why', minWidth: 12 }, 'placed'],
            view.holds.map((each) => [
              each.id.toString(),
              holdWords(each, nameOf),
              each.reason,
              relativeTime(each.createdUnixMs, Date.now()),
            ]),
          ),
    )
  },
}

const release: Command = {
  name: 'store release',
  takes: 'NUMBER',
  help: 'give a hold up: what it kept may be dropped again',
  details: ['NUMBER is that of the hold, as `store holds` shows it.'],
  examples: ['store release 3'],
  words: [1, 1],
  async run({ client, output, words }) {
    const [number = ''] = words
    if (!/^\d{1,15}$/.test(number)) throw usage('a hold is named by its number; see aico-mesh store holds')
    const lifted = await client.callAnyway<HoldView>('DELETE', `/v1/store/holds/${number}`)
    output.answer(lifted, () => `Not held any more: ${safeText(lifted.reason)}.`)
  },
}

export const storeCommands: readonly Command[] = [
  stats,
  retention,
  ...quotaCommands,
  hold,
  holds,
  release,
  reindexCommand,
]

function changeOf({ age, size }: CommandContext['options']): Readonly<Record<string, number>> {
  return {
    ...(typeof age === 'string' ? { maxAgeDays: Number(age) } : {}),
    ...(typeof size === 'string' ? { maxBytes: parseSize(size) } : {}),
  }
}

function rangeOf(options: CommandContext['options']) {
  const now = Date.now()
  const { sinceUnixMs: fromUnixMs, untilUnixMs: toUnixMs = now } = timeRangeOf(options, now)
  requireRange(fromUnixMs, toUnixMs)
  return { fromUnixMs, toUnixMs, device: options['device'], module: options['module'] }
}
