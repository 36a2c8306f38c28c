/** Log records over all devices, and what is looked for in them. */
import type { LogLine, LogList } from '../../agent/http-types/traces.ts'
import { usage } from '../cli-error.ts'
import type { Command, CommandContext, ValueOption } from '../command.ts'
import { followLines, type LineForms } from '../follow-lines.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { TIMES_HELP } from '../parse-time.ts'
import { printLine } from '../print-line.ts'
import { renderLogLines } from '../render/log-lines.ts'
import { lookedWords } from '../render/looked-words.ts'
import { printableJson } from '../render/printable-json.ts'
import { tailLogLine } from '../render/tail-lines.ts'
import {
  FILTER_HELP,
  LOG_FIELDS_HELP,
  MAX_LIMIT,
  PAGE_OPTIONS,
  queryOf,
  TIME_OPTIONS,
  TIMEOUT_OPTION,
} from './search-options.ts'
import { TRACE_OPTION } from './trace-option.ts'

/** What a line has to have. */
export const LINE_OPTIONS = {
  grep: { type: 'string', value: 'WORDS', help: 'only those with all of these words, in any case of letters' },
  level: {
    type: 'string',
    value: 'LEVEL',
    refuse: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    help: 'only those of this severity and more: trace, debug, info, warn, error or fatal',
  },
  module: { type: 'string', value: 'MODULE', help: 'only those of this module' },
  topic: { type: 'string', value: 'PREFIX', help: 'only those about topics of the bus that begin so' },
  filter: {
    type: 'string',
    value: 'FILTER',
    help: "only those that meet these conditions: 'severity>=warn device=phone'",
  },
  trace: TRACE_OPTION,
} as const satisfies Readonly<Record<string, ValueOption>>
/** Listed before what comes is followed, when nobody says how many. */
const LINES_BEFORE = 10

export const logsCommand: Command = {
  name: 'logs',
  takes: '',
  help: 'log records over all devices that let you see theirs',
  details: [
    'A record that is in a trace ends with the start of its id: `aico-mesh traces show` takes it. One that says where in the code it was written has that too.',
    'With --json each record is a line of OTLP/JSON with its resource and scope, and a last line says what else there is and where. `aico-mesh export --signal logs` writes more of them than a list holds; `import` takes both.',
    ...FILTER_HELP,
    LOG_FIELDS_HELP,
    TIMES_HELP,
  ],
  examples: [
    'logs --since 2h',
    'logs --trace 0af7651916cd',
    'logs --follow --level warn --module core',
    "logs --follow --filter 'service=shop'",
    "logs --grep 'connection refused' --filter 'severity>=warn'",
  ],
  options: {
    ...LINE_OPTIONS,
    ...TIME_OPTIONS,
    limit: { type: 'string', value: 'N', refuse: wholeNumber(1, MAX_LIMIT), help: 'at most so many records' },
    follow: { type: 'boolean', short: 'f', help: 'then go on with what comes, until it is interrupted' },
    ...PAGE_OPTIONS,
    ...TIMEOUT_OPTION,
  },
  async run(context) {
    const { client, output, options } = context
    const query = { ...queryOf(context, Date.now()), ...lineConditions(options) }
    if (options['follow'] === true) return follow(context, query)
    const list = await client.callAnyway<LogList>('POST', '/v1/search/logs', { ...query, ...formOf(output) })
    if (output.json) return printOtlp(list)
    const isSearch = Object.keys(query).length > 0
    output.answer(list, () => {
      const lines = renderLogLines(list, {
        color: output.color,
        none: noneWords(isSearch, list.looked.unreadable),
      })
      return [lines.trimEnd(), ...lookedWords(list.looked, output.width), ...pagesWords(list, 'cursor' in query)].join(
        '\n',
      )
    })
  },
}

/** What an answer of log lines has to hold for {@link logForms}. */
export function formOf({ json }: CommandContext['output']) {
  return json ? { otlp: true } : {}
}

/** A log record as a line: in words, or as a message of OTLP/JSON. */
export function logForms(output: CommandContext['output']): LineForms<LogLine> {
  return { words: (line) => tailLogLine(line, output), json: ({ otlp }) => otlp }
}

/** The last line is a message too, without records: who reads OTLP passes over members that it does not know. */
async function printOtlp({ logs, ...page }: LogList): Promise<void> {
  for (const { otlp } of logs) if (!(await printLine(printableJson(otlp)))) return
  await printLine(printableJson({ resourceLogs: [], ...page }))
}

/** Watches first and lists then, so that nothing comes between; what is in both is printed once. */
async function follow(context: CommandContext, query: Readonly<Record<string, unknown>>): Promise<void> {
  const { client, output, options } = context
  const notLive = ['until', 'cursor'].find((name) => options[name] !== undefined)
  if (notLive !== undefined) throw usage(`--follow goes on from now: it takes no --${notLive}`)
  const form = formOf(output)
  await followLines<LogLine>(context, 'logs', { ...lineConditions(options), ...form }, logForms(output), async () => {
    const { logs } = await client.call<LogList>('POST', '/v1/search/logs', { limit: LINES_BEFORE, ...query, ...form })
    return {
      lines: logs,
      keyOf: ({ timeUnixNano, deviceId, module, body }) => [timeUnixNano, deviceId, module, body].join('\n'),
    }
  })
}

/** The filter and conditions of {@link LINE_OPTIONS}; what is not given is left out. */
export function lineConditions({ grep, level, module, topic, filter, trace }: CommandContext['options']) {
  const words = typeof grep === 'string' ? grep.split(/\s+/).filter((word) => word !== '') : []
  const where = [
    ...words.map((value) => ({ field: 'text', op: '=', value })),
    ...(typeof level === 'string' ? [{ field: 'severity', op: '>=', value: level }] : []),
    ...(typeof module === 'string' ? [{ field: 'module', op: '=', value: module }] : []),
    ...(typeof topic === 'string' ? [{ field: 'topic', op: '=', value: topic }] : []),
    ...(typeof trace === 'string' ? [{ field: 'trace', op: '=', value: trace }] : []),
  ]
  return { ...(typeof filter === 'string' ? { filter } : {}), ...(where.length > 0 ? { where } : {}) }
}

function pagesWords({ older, newer, logs }: LogList, isPage: boolean): readonly string[] {
  return [
    ...(older === null ? [] : [`Older: the same with --cursor ${older}`]),
    ...(newer === null || !isPage || logs.length === 0 ? [] : [`Newer: the same with --cursor ${newer}`]),
  ]
}

function noneWords(isSearch: boolean, unreadable: number): string {
  if (unreadable > 0) return 'No such log record can be read.'
  return isSearch ? 'No such log record.' : 'No logs yet.'
}
