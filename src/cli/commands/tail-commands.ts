/** Records as they come, until somebody ends it. */
import type { SpanLine } from '../../agent/http-types/search.ts'
import type { Command, CommandContext } from '../command.ts'
import { followLines } from '../follow-lines.ts'
import { tailSpanLine } from '../render/tail-lines.ts'
import { formOf, LINE_OPTIONS, lineConditions, logForms } from './logs-command.ts'
import { FILTER_HELP, FILTER_WORDS, LOG_FIELDS_HELP, SPAN_FIELDS_HELP } from './search-options.ts'

const DETAILS = [
  'It goes on until it is interrupted. What comes faster than it can be looked at or printed is left out, and how much is said.',
  'With --json each record is a line of JSON (a log record of OTLP/JSON), and {"dropped": N} says that N are missing.',
]
const { grep, level, module, topic, trace } = LINE_OPTIONS

const tailLogs: Command = {
  name: 'tail logs',
  takes: '[FILTER...]',
  help: 'log records as they come',
  details: [...DETAILS, ...FILTER_HELP, LOG_FIELDS_HELP],
  examples: ['tail logs', "tail logs 'severity>=warn'", 'tail logs --grep timeout --json'],
  options: { grep, level, module, topic, trace },
  words: FILTER_WORDS,
  run: (context) =>
    followLines(context, 'logs', { ...queryOf(context), ...formOf(context.output) }, logForms(context.output)),
}

const tailTraces: Command = {
  name: 'tail traces',
  takes: '[FILTER...]',
  help: 'spans as they come',
  details: [...DETAILS, ...FILTER_HELP, SPAN_FIELDS_HELP],
  examples: ['tail traces', "tail traces 'status=error'", 'tail traces service=shop --json'],
  words: FILTER_WORDS,
  run: (context) =>
    followLines<SpanLine>(context, 'traces', queryOf(context), { words: (line) => tailSpanLine(line, context.output) }),
}

export const tailCommands: readonly Command[] = [tailLogs, tailTraces]

function queryOf({ options, words }: CommandContext) {
  return { ...lineConditions(options), ...(words.length === 0 ? {} : { filter: words.join(' ') }) }
}
