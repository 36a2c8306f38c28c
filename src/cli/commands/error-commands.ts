/** What went wrong, the same error once; one in full; and what becomes of it. */
import type { StatusView } from '../../agent/http-types/device.ts'
import type { ErrorDetail, ErrorGroup, ErrorList, ErrorState } from '../../agent/http-types/search.ts'
import type { Command, CommandContext } from '../command.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { TIMES_HELP } from '../parse-time.ts'
import { renderError } from '../render/error-detail.ts'
import { errorTitle } from '../render/error-words.ts'
import { renderErrors } from '../render/error-table.ts'
import { shortGroupId } from '../render/short-ids.ts'
import { lookedWords } from '../render/looked-words.ts'
import { renderPlainErrors } from '../render/plain-errors.ts'
import { safeText } from '../render/safe-text.ts'
import { wrapText } from '../render/wrap-text.ts'
import {
  ERROR_FIELDS_HELP,
  FILTER_HELP,
  FILTER_WORDS,
  MAX_LIMIT,
  queryOf,
  TIME_OPTIONS,
  TIMEOUT_OPTION,
  timeoutMsOf,
} from './search-options.ts'

const GROUP_HELP = 'GROUP is the start of the id of a group, as `errors` shows it: at least 4 digits.'
/** What is listed when nobody says: what there is to do. */
const DEFAULT_STATE = 'open'

const LIST: Omit<Command, 'name'> = {
  takes: '[FILTER...]',
  help: 'what went wrong, the same error once: how often, since when, where',
  details: [
    'Errors are spans that failed and log records of severity ERROR and more. The same one is of one module, one type and comes from the same place.',
    'Listed are those that are open. `errors show`, `errors resolve`, `errors mute` and `errors reopen` take the id of a group.',
    ...FILTER_HELP,
    ERROR_FIELDS_HELP,
    TIMES_HELP,
  ],
  examples: ['errors --since 1d', 'errors --state all --module core', "errors 'service=shop timeout'"],
  options: {
    state: {
      type: 'string',
      value: 'STATE',
      refuse: oneOf(['open', 'resolved', 'muted', 'all']),
      help: 'open (default), resolved, muted or all',
    },
    module: { type: 'string', value: 'MODULE', help: 'only those of this module' },
    ...TIME_OPTIONS,
    limit: { type: 'string', value: 'N', refuse: wholeNumber(1, MAX_LIMIT), help: 'at most so many groups' },
    ...TIMEOUT_OPTION,
  },
  words: FILTER_WORDS,
  async run(context) {
    const { client, output, options } = context
    const state = options['state'] ?? DEFAULT_STATE
    const query = { ...queryOf(context, Date.now()), ...moduleCondition(options['module']), state }
    const list = await client.callAnyway<ErrorList>('POST', '/v1/search/errors', query)
    const isPlain = !output.json && (await stageOf(context)) === 'casual'
    output.answer(list, () => {
      const { width, color } = output
      if (isPlain) {
        return [renderPlainErrors(list, { width, nowUnixMs: Date.now() }), ...helperWords(list.errors)].join('\n')
      }
      const looked = errorsLookedWords(list.looked, width)
      const table = renderErrors(list, { width, color, nowUnixMs: Date.now() }).trimEnd()
      const leftOut = leftOutWords(list, context.words.length > 0, width)
      return [table, ...looked, ...leftOut, ...otherStatesWords(list), ...nextWords(list.errors)].join('\n')
    })
  },
}

const show: Command = {
  name: 'errors show',
  takes: 'GROUP',
  help: 'one error in full: where it came from, how often, in which releases, what came before it',
  details: [GROUP_HELP],
  examples: ['errors show 1a2b3c4d'],
  options: TIMEOUT_OPTION,
  words: [1, 1],
  async run(context) {
    const { client, output } = context
    const detail = await client.callAnyway<ErrorDetail>('GET', pathOf(context))
    const showsTraces = !output.json && (await stageOf(context)) === 'developer'
    output.answer(detail, () =>
      [
        renderError(detail, { color: output.color, nowUnixMs: Date.now(), showsTraces }),
        ...errorsLookedWords(detail.looked, output.width),
      ].join('\n'),
    )
  },
}

export const errorCommands: readonly Command[] = [
  { name: 'errors', ...LIST },
  { name: 'errors list', ...LIST, examples: ['errors list --since 1d'] },
  show,
  decision('resolve', 'resolved', 'say that it is solved: it is open again as soon as it comes back', (id) => [
    'Resolved. If it comes back it is open again, marked as such.',
    `Take it back with: aico-mesh errors reopen ${id}`,
  ]),
  decision('mute', 'muted', 'list it no more, whether it comes back or not', (id) => [
    'Muted: it is counted, and listed only with --state muted or all.',
    `Take it back with: aico-mesh errors reopen ${id}`,
  ]),
  decision('reopen', 'open', 'take back that it is solved or muted', (id) => [
    'Open.',
    `Look at it with: aico-mesh errors show ${id}`,
  ]),
]

function decision(verb: string, state: ErrorState, help: string, words: (id: string) => readonly string[]): Command {
  return {
    name: `errors ${verb}`,
    takes: 'GROUP',
    help,
    details: [GROUP_HELP],
    examples: [`errors ${verb} 1a2b3c4d`],
    options: TIMEOUT_OPTION,
    words: [1, 1],
    async run(context) {
      const { client, output } = context
      const group = await client.callAnyway<ErrorGroup>('POST', pathOf(context), { state })
      output.answer(group, () => [safeText(errorTitle(group)), ...words(shortGroupId(group.fingerprint))].join('\n'))
    },
  }
}

/** What was not looked at of either kind of record, each thing said once. */
function errorsLookedWords({ traces, logs }: ErrorList['looked'], width: number): readonly string[] {
  const words = [traces, logs].flatMap((each) => (each === null ? [] : lookedWords(each, width)))
  return [...new Set(words)]
}

function pathOf({ words: [group = ''], options }: CommandContext): string {
  const timeoutMs = timeoutMsOf(options)
  return `/v1/errors/${encodeURIComponent(group)}${timeoutMs === undefined ? '' : `?timeoutMs=${timeoutMs}`}`
}

function moduleCondition(module: string | boolean | undefined) {
  return typeof module === 'string' ? { where: [{ field: 'module', op: '=', value: module }] } : {}
}

/** A field that only one kind of record has leaves the other out: not a person's intention as a rule. */
function leftOutWords({ looked }: ErrorList, hasFilter: boolean, width: number): readonly string[] {
  if (!hasFilter || (looked.traces !== null && looked.logs !== null)) return []
  const [one, other] = looked.traces === null ? ['Spans', 'log records'] : ['Log records', 'spans']
  return wrapText(`${one} were not looked at: the filter names what only ${other} have, or this stage shows none.`, {
    width,
  })
}

function otherStatesWords({ otherStates }: ErrorList): readonly string[] {
  const states = (['open', 'resolved', 'muted'] as const).filter((state) => otherStates[state] > 0)
  if (states.length === 0) return []
  const counts = states.map((state) => `${otherStates[state]} ${state}`).join(', ')
  return [`Beside these: ${counts}. See them with --state all.`]
}

async function stageOf({ client }: CommandContext): Promise<StatusView['stage']> {
  return (await client.callAnyway<StatusView>('GET', '/v1/status')).stage
}

function helperWords([first]: readonly ErrorGroup[]): readonly string[] {
  return first === undefined ? [] : [`For whoever helps you: aico-mesh errors show ${shortGroupId(first.fingerprint)}`]
}

function nextWords([first]: readonly ErrorGroup[]): readonly string[] {
  return first === undefined ? [] : [`See one in full: aico-mesh errors show ${shortGroupId(first.fingerprint)}`]
}
