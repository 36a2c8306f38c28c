/** Investigations: what people write about a trace, on any of their devices. */
import type {
  InvestigationEdited,
  InvestigationList,
  InvestigationView,
} from '../../agent/http-types/investigations.ts'
import type { InvestigationStatus, TraceSpan, TraceView } from '../../agent/http-types/traces.ts'
import { AgentAnswerError, usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { followStream } from '../follow-lines.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { followWords } from '../render/investigation-history.ts'
import { renderInvestigation } from '../render/investigation.ts'
import { renderInvestigations } from '../render/investigation-table.ts'

const STATUSES = ['open', 'solved', 'dismissed'] as const satisfies readonly InvestigationStatus[]
const TRACE_HELP = 'TRACE is the start of a trace id, as `traces list` shows it.'
const SPAN_HELP =
  'SPAN is the start of a span id (`traces show --ids` prints them), or the name of a span if no other has it.'
const SHARED_HELP =
  'Other devices see it where you let them: aico-mesh consent grant --to DEVICE --lanes traces,documents'
/** Most words of a note on the command line: what is typed is joined with spaces. */
const NOTE_WORDS = [2, 10_000] as const
/** Digits that are the start of a span id. */
const SPAN_START = /^[0-9a-f]{4,16}$/i

const show: Command = {
  name: 'investigate',
  takes: 'TRACE',
  help: 'open a shared document about a trace, or show it: notes, labels, pinned spans, a status',
  details: [
    "What devices write while they are apart comes together when they meet. A note is its writer's alone; of everything it is shown who wrote it, as proven by that device's signature.",
    'Change it with: aico-mesh investigate note, label, pin, hide or status; take that back with unnote, unlabel, unpin or unhide.',
    TRACE_HELP,
    SHARED_HELP,
  ],
  examples: ['investigate 0af7651916cd', 'investigate 0af7651916cd --follow'],
  options: {
    follow: {
      type: 'boolean',
      short: 'f',
      help: 'everything that was ever said, a line each, then what comes, as it comes',
    },
  },
  words: [1, 1],
  run: (context) => (context.options['follow'] === true ? follow(context) : change(context)),
}

const list: Command = {
  name: 'investigate list',
  takes: '',
  help: 'every investigation that is here, the last changed first',
  examples: ['investigate list'],
  options: {
    limit: { type: 'string', value: 'N', refuse: wholeNumber(1), help: 'at most so many investigations' },
  },
  async run({ client, output, options }) {
    const { limit } = options
    const query = typeof limit === 'string' ? `?limit=${limit}` : ''
    const view = await client.callAnyway<InvestigationList>('GET', `/v1/investigations${query}`)
    const { width, color } = output
    output.answer(view, () => renderInvestigations(view, { width, color, nowUnixMs: Date.now() }))
  },
}

const note: Command = {
  name: 'investigate note',
  takes: 'TRACE TEXT...',
  help: 'write a note; with --replace, in place of one that this device wrote',
  details: [TRACE_HELP, 'Only this device can change or take back what it wrote.'],
  examples: [
    'investigate note 0af7 the microphone was covered',
    'investigate note 0af7 --replace 3fa94c12 "it was dark"',
  ],
  options: {
    replace: { type: 'string', value: 'NOTE', help: 'the start of the id of a note: the text takes its place' },
  },
  words: NOTE_WORDS,
  run: (context) =>
    change(context, { about: 'note', text: context.words.slice(1).join(' '), note: context.options['replace'] }),
}

const unnote: Command = {
  name: 'investigate unnote',
  takes: 'TRACE NOTE',
  help: 'take back a note that this device wrote; that there was one stays to be seen',
  details: [TRACE_HELP, 'NOTE is the start of the id of a note, as `investigate` shows it: at least 4 digits.'],
  examples: ['investigate unnote 0af7651916cd 3fa94c12'],
  words: [2, 2],
  run: (context) => change(context, { about: 'note', text: null, note: context.words[1] }),
}

const status: Command = {
  name: 'investigate status',
  takes: `TRACE ${STATUSES.join('|')}`,
  help: 'say how far it is',
  details: [TRACE_HELP],
  examples: ['investigate status 0af7651916cd solved'],
  words: [2, 2],
  run(context) {
    const [, word = ''] = context.words
    const refused = oneOf(STATUSES)(word)
    if (refused !== undefined) throw usage(`a status is ${refused}`)
    return change(context, { about: 'status', status: word })
  },
}

export const investigateCommands: readonly Command[] = [
  show,
  list,
  note,
  unnote,
  labelCommand('label', true, 'put a label on it', 'aico-mesh investigate unlabel TRACE LABEL'),
  labelCommand('unlabel', false, 'take a label off'),
  spanCommand('pin', 'pin', true, 'pin a span: whoever looks at the trace sees it marked'),
  spanCommand('unpin', 'pin', false, 'pin a span no more'),
  spanCommand('hide', 'hide', true, 'mark a span as of no matter'),
  spanCommand('unhide', 'hide', false, 'take that back'),
  status,
]

function labelCommand(verb: string, isSet: boolean, help: string, undo?: string): Command {
  return {
    name: `investigate ${verb}`,
    takes: 'TRACE LABEL',
    help,
    details: [TRACE_HELP, ...(undo === undefined ? [] : [`Take it back with: ${undo}`])],
    examples: [`investigate ${verb} 0af7651916cd slow`],
    words: [2, 2],
    run: (context) => change(context, { about: 'label', label: context.words[1], isSet }),
  }
}

function spanCommand(verb: string, about: 'pin' | 'hide', isSet: boolean, help: string): Command {
  return {
    name: `investigate ${verb}`,
    takes: 'TRACE SPAN',
    help,
    details: [TRACE_HELP, SPAN_HELP],
    examples: [`investigate ${verb} 0af7651916cd b7ad6b71`],
    words: [2, 2],
    async run(context) {
      const [trace = '', span = ''] = context.words
      return change(context, { about, spanId: await spanMeant(context, trace, span), isSet })
    },
  }
}

/** Lines of its history, with `--json` as they are. */
function follow({ client, output, words: [trace = ''] }: CommandContext): Promise<void> {
  return followStream<InvestigationView['history'][number]>(
    { client, output },
    { path: `${pathOf(trace)}/follow`, method: 'GET' },
    { words: (entry) => followWords(entry, Date.now()) },
    async () => {
      const { history } = await client.call<InvestigationView>('GET', pathOf(trace))
      return { lines: history, keyOf: ({ deviceId, entry }) => `${deviceId} ${entry}` }
    },
  )
}

/** Changes it, or only opens it, and shows what it says then. */
async function change(context: CommandContext, edit: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { client, output, words } = context
  const [trace = ''] = words
  const view = await client.callAnyway<InvestigationEdited>('POST', pathOf(trace), edit)
  const spans = output.json ? [] : await spansOf(context, view)
  const { width, color } = output
  output.answer(view, () =>
    renderInvestigation(view, {
      width,
      color,
      nowUnixMs: Date.now(),
      spans: new Map(spans.map((span) => [span.spanId, span])),
    }),
  )
}

function pathOf(trace: string): string {
  return `/v1/investigations/${encodeURIComponent(trace)}`
}

/** Only to name what is marked. */
async function spansOf(context: CommandContext, view: InvestigationView): Promise<readonly TraceSpan[]> {
  if (view.trace === null || (view.pinned.length === 0 && view.hidden.length === 0)) return []
  return (await traceOf(context, view.traceId)).spans
}

function traceOf({ client }: CommandContext, trace: string): Promise<TraceView> {
  return client.callAnyway<TraceView>('GET', `/v1/traces/${encodeURIComponent(trace)}`)
}

/** A whole id is taken as it is: its span need not be here. @throws {CliError} `CLI_USAGE` */
async function spanMeant(context: CommandContext, trace: string, text: string): Promise<string> {
  const start = text.toLowerCase()
  if (/^[0-9a-f]{16}$/.test(start)) return start
  const spans = await spansHere(context, trace)
  const ids = SPAN_START.test(start) ? spans.filter(({ spanId }) => spanId.startsWith(start)) : []
  const found = new Set((ids.length > 0 ? ids : spans.filter(({ name }) => name === text)).map(({ spanId }) => spanId))
  const [spanId] = found
  if (spanId !== undefined && found.size === 1) return spanId
  const problem = found.size > 1 ? `${found.size} spans` : 'no span of this trace'
  throw usage(`${problem} begin like that or have that name; see aico-mesh traces show ${trace} --ids`)
}

async function spansHere(context: CommandContext, trace: string): Promise<readonly TraceSpan[]> {
  try {
    return (await traceOf(context, trace)).spans
  } catch (err) {
    if (err instanceof AgentAnswerError && err.code === 'TRACE_NOT_FOUND') return []
    throw err
  }
}
