/** Searching what was recorded. */
import type { ServiceMap, StatisticsList } from '../../agent/http-types/search.ts'
import type { TraceList } from '../../agent/http-types/traces.ts'
import type { Command, Option } from '../command.ts'
import { wholeNumber } from '../option-values.ts'
import { TIMES_HELP } from '../parse-time.ts'
import { lookedWords, moreWords } from '../render/looked-words.ts'
import { renderServiceMap } from '../render/service-map.ts'
import { renderStatistics } from '../render/statistics-table.ts'
import { renderTraceTable } from '../render/trace-table.ts'
import { errorCommands } from './error-commands.ts'
import { logsCommand } from './logs-command.ts'
import {
  FILTER_HELP,
  FILTER_WORDS,
  MAX_LIMIT,
  PAGE_OPTIONS,
  queryOf,
  SORT_OPTION,
  SPAN_FIELDS_HELP,
  TIME_OPTIONS,
  TIMEOUT_OPTION,
} from './search-options.ts'

/** Traces found at once when nobody says how many: a screen. */
const DEFAULT_LIMIT = 20

const tracesSearch: Command = {
  name: 'traces search',
  takes: '[FILTER...]',
  help: 'traces of which a span meets all conditions',
  details: [...FILTER_HELP, SPAN_FIELDS_HELP, TIMES_HELP],
  examples: [
    "traces search 'status=error' --since 2h",
    "traces search 'service=shop duration>200ms http.response.status_code>=500'",
    'traces search --sort duration --since 1d',
  ],
  options: {
    ...TIME_OPTIONS,
    ...SORT_OPTION,
    limit: limitOption('traces'),
    ...PAGE_OPTIONS,
    ...TIMEOUT_OPTION,
  },
  words: FILTER_WORDS,
  async run(context) {
    const { client, output } = context
    const query = { limit: DEFAULT_LIMIT, ...queryOf(context, Date.now()) }
    const list = await client.callAnyway<TraceList>('POST', '/v1/search/traces', query)
    output.answer(list, () => {
      const { width, color } = output
      const table = renderTraceTable(list, { width, color, nowUnixMs: Date.now(), none: 'No such trace.' })
      return [table.trimEnd(), ...lookedWords(list.looked, output.width), ...moreWords(list.cursor)].join('\n')
    })
  },
}

const stats: Command = {
  name: 'stats',
  takes: '[FILTER...]',
  help: 'how often spans happen, how many fail, how long they take',
  details: ['Percentiles are off by less than 2 %.', ...FILTER_HELP, SPAN_FIELDS_HELP, TIMES_HELP],
  examples: ['stats --since 1h', "stats 'service=shop kind=server'"],
  options: { ...TIME_OPTIONS, limit: limitOption('rows'), ...TIMEOUT_OPTION },
  words: FILTER_WORDS,
  async run(context) {
    const { client, output } = context
    const list = await client.callAnyway<StatisticsList>('POST', '/v1/search/statistics', queryOf(context, Date.now()))
    output.answer(list, () =>
      [renderStatistics(list, output).trimEnd(), ...lookedWords(list.looked, output.width)].join('\n'),
    )
  },
}

const map: Command = {
  name: 'map',
  takes: '[FILTER...]',
  help: 'which service calls which, over all devices and the bus',
  details: ['Conditions are on the span that was called.', ...FILTER_HELP, SPAN_FIELDS_HELP, TIMES_HELP],
  examples: ['map --since 1h', "map 'status=error'"],
  options: { ...TIME_OPTIONS, ...TIMEOUT_OPTION },
  words: FILTER_WORDS,
  async run(context) {
    const { client, output } = context
    const answer = await client.callAnyway<ServiceMap>('POST', '/v1/search/map', queryOf(context, Date.now()))
    output.answer(answer, () =>
      [renderServiceMap(answer, output).trimEnd(), ...lookedWords(answer.looked, output.width)].join('\n'),
    )
  },
}

export const searchCommands: readonly Command[] = [tracesSearch, logsCommand, ...errorCommands, stats, map]

function limitOption(what: string): Option {
  return { type: 'string', value: 'N', refuse: wholeNumber(1, MAX_LIMIT), help: `at most so many ${what}` }
}
