/** What all commands that search take: a filter, a time range, how many, how long. Read into the JSON of a query. */
import { usage } from '../cli-error.ts'
import type { CommandContext, Options } from '../command.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { parseTime } from '../parse-time.ts'

/** Longest time a query may be given, in seconds, as the agent has it. */
const MAX_TIMEOUT_SECONDS = 120
/** Longest list, as the agent has it. */
export const MAX_LIMIT = 5000
/** Most words of a filter: what is typed is joined with spaces. */
export const FILTER_WORDS = [0, 64] as const

export const FILTER_HELP = [
  'FILTER is conditions that all have to hold: service=shop duration>200ms http.response.status_code>=500 status=error. Other words are looked for in texts: timeout, or \'"connection refused"\' for words behind each other.',
  'Operators are = != < <= > >=, ~ for a part of a text, and =* for any value. Put a filter in single quotes: the shell has its own idea of > and *.',
]
export const SPAN_FIELDS_HELP =
  'Fields are name, service, module, topic, device, kind, status, duration, trace, session, time and text; every other name is an attribute.'
export const LOG_FIELDS_HELP =
  'Fields are severity, name, service, module, topic, device, trace, session, time and text; every other name is an attribute.'
export const ERROR_FIELDS_HELP =
  'Fields are those of both kinds of record, name, service, module, topic, device, trace, session, time and text; those of spans alone, kind, status and duration; and severity, of log records alone: with one of these the other kind is not looked at. Every other name is an attribute.'
export const TIME_OPTIONS: Options = {
  since: { type: 'string', value: 'TIME', help: 'only what was recorded from then on' },
  until: { type: 'string', value: 'TIME', help: 'only what was recorded before; 2h is two hours ago here too' },
}
export const TIMEOUT_OPTION: Options = {
  timeout: {
    type: 'string',
    value: 'SECONDS',
    refuse: wholeNumber(1, MAX_TIMEOUT_SECONDS),
    help: `how long it may take, at most ${MAX_TIMEOUT_SECONDS}; default 10`,
  },
}
export const PAGE_OPTIONS: Options = {
  cursor: { type: 'string', value: 'CURSOR', help: 'go on where an answer ended: what it gave for more' },
}
export const SORT_OPTION: Options = {
  sort: {
    type: 'string',
    value: 'ORDER',
    refuse: oneOf(['newest', 'duration', 'spans']),
    help: 'newest (default), duration or spans: the most first',
  },
}

type Context = Pick<CommandContext, 'options' | 'words'>

/** The query as the agent takes it. What is not given is left out. @throws {CliError} `CLI_USAGE` */
export function queryOf({ options, words }: Context, nowUnixMs: number): Readonly<Record<string, unknown>> {
  const { sinceUnixMs, untilUnixMs } = timeRangeOf(options, nowUnixMs)
  return Object.fromEntries(
    Object.entries({
      filter: words.length === 0 ? undefined : words.join(' '),
      sinceUnixMs,
      untilUnixMs,
      sort: options['sort'],
      limit: numberOf(options['limit']),
      cursor: options['cursor'],
      timeoutMs: timeoutMsOf(options),
    }).filter(([, value]) => value !== undefined),
  )
}

/** What `--since` and `--until` say. @throws {CliError} `CLI_USAGE`, for a range that is empty too */
export function timeRangeOf(
  options: Context['options'],
  nowUnixMs: number,
): { readonly sinceUnixMs: number | undefined; readonly untilUnixMs: number | undefined } {
  const sinceUnixMs = timeOf(options['since'], nowUnixMs, '--since')
  const untilUnixMs = timeOf(options['until'], nowUnixMs, '--until')
  requireRange(sinceUnixMs, untilUnixMs)
  return { sinceUnixMs, untilUnixMs }
}

/** A range without a moment in it holds nothing, whatever is stored. @throws {CliError} `CLI_USAGE` */
export function requireRange(sinceUnixMs: number | undefined, untilUnixMs: number | undefined): void {
  if (sinceUnixMs !== undefined && untilUnixMs !== undefined && sinceUnixMs >= untilUnixMs) {
    throw usage('the time range is empty: --since has to be before --until')
  }
}

export function timeoutMsOf(options: Context['options']): number | undefined {
  const seconds = numberOf(options['timeout'])
  return seconds === undefined ? undefined : seconds * 1000
}

function timeOf(value: string | boolean | undefined, nowUnixMs: number, option: string): number | undefined {
  if (typeof value !== 'string') return undefined
  if (option === '--until' && value === 'all') throw usage('--until takes no all: leave it out')
  return parseTime(value, nowUnixMs, option)
}

function numberOf(value: string | boolean | undefined): number | undefined {
  return typeof value === 'string' ? Number(value) : undefined
}
