/** What was recorded: traces and the audit log. */
import type { AuditVerdictView, AuditView } from '../../agent/http-types/device.ts'
import type { TraceList, TraceView } from '../../agent/http-types/traces.ts'
import { AgentAnswerError } from '../cli-error.ts'
import type { Command, CommandContext, Option } from '../command.ts'
import { wholeNumber } from '../option-values.ts'
import { beganWords, doneBy, isAbout, type NameOf } from '../render/audit-words.ts'
import type { Column } from '../render/table.ts'
import { lookedWords } from '../render/looked-words.ts'
import { renderTraceTable } from '../render/trace-table.ts'
import { renderWaterfall } from '../render/waterfall.ts'
import { table } from './answer-table.ts'
import { auditAccept } from './audit-accept.ts'
import { auditSetAside } from './audit-set-aside.ts'
import { deviceNames } from './device-names.ts'

const AUDIT_COLUMNS: readonly Column[] = [
  { title: 'entry', align: 'right' },
  { title: 'time (UTC)' },
  { title: 'what', minWidth: 20 },
  { title: 'by', minWidth: 6, dropOrder: 1 },
  { title: 'about', minWidth: 8 },
]

const tracesList: Command = {
  name: 'traces list',
  takes: '',
  help: 'the newest traces over all devices that let you see theirs',
  details: ['The first digits of each id are shown; `traces show` takes them.'],
  examples: ['traces list', 'traces list --limit 5'],
  options: { limit: limitOption('traces') },
  async run({ client, output, options }) {
    const view = await client.callAnyway<TraceList>('GET', `/v1/traces${queryOf({ limit: options['limit'] })}`)
    const { width, color } = output
    const none = view.looked.unreadable > 0 ? 'No trace here can be read.' : 'No traces yet.'
    output.answer(view, () =>
      [
        renderTraceTable(view, { width, color, nowUnixMs: Date.now(), none }).trimEnd(),
        ...lookedWords(view.looked, width),
      ].join('\n'),
    )
  },
}

const tracesShow: Command = {
  name: 'traces show',
  takes: '[TRACE]',
  help: 'one trace through every device, with what is missing and why',
  details: ['TRACE is the start of an id; without it, the newest trace is shown.'],
  examples: ['traces show', 'traces show 0af7651916cd --raw', 'traces show 0af7651916cd --critical'],
  options: {
    critical: { type: 'boolean', help: 'only the critical path: the spans that the end of the trace waited for' },
    ids: { type: 'boolean', help: 'the id of each span, as `investigate pin` takes it' },
    raw: { type: 'boolean', help: "times as each device's clock had them, not corrected to this device's" },
    attributes: { type: 'boolean', help: 'attributes of spans as well (with --json)' },
  },
  words: [0, 1],
  async run({ client, output, options, words }) {
    const query = queryOf({ links: 'true', attributes: options['attributes'] === true ? 'true' : undefined })
    const trace = words[0] ?? (await newestTrace(client))
    const view = await client.callAnyway<TraceView>('GET', `/v1/traces/${encodeURIComponent(trace)}${query}`)
    const times = options['raw'] === true ? 'raw' : 'corrected'
    const onlyCritical = options['critical'] === true
    const ids = options['ids'] === true
    const answer = onlyCritical && output.json ? criticalPathOf(view) : view
    const { width, color } = output
    output.answer(answer, () => renderWaterfall(view, { width, color, times, onlyCritical, ids }))
  },
}

const auditList: Command = {
  name: 'audit list',
  takes: '',
  help: 'key events of this device: pairing, consent, keys, stage, start and stop',
  details: ['Times are UTC. An entry whose outcome is not success says so behind its type.'],
  examples: ['audit list', 'audit list --from 100 --limit 20'],
  options: {
    from: { type: 'string', value: 'SEQ', refuse: wholeNumber(0), help: 'number of the first entry listed; default 0' },
    limit: limitOption('entries'),
  },
  async run({ client, output, options }) {
    const query = queryOf({ from: options['from'], limit: options['limit'] })
    const view = await client.callAnyway<{ leaves: readonly AuditView[] }>('GET', `/v1/audit${query}`)
    if (output.json) return output.answer(view, () => '')
    const names = await deviceNames(client)
    output.answer(view, () => describeAudit(output, view.leaves, names))
  },
}

const auditVerify: Command = {
  name: 'audit verify',
  takes: '',
  help: 'hash the whole audit log again and compare',
  examples: ['audit verify'],
  async run({ client, output }) {
    const verdict = await client.callAnyway<AuditVerdictView>('POST', '/v1/audit/verify')
    output.answer(verdict, () =>
      verdict.ok
        ? `Unaltered: ${verdict.size} entries, root ${verdict.root}.${beganWords(verdict.setAside)}`
        : `ALTERED at entry ${verdict.seq ?? '?'}: ${verdict.code}.${beganWords(verdict.setAside)}`,
    )
    if (!verdict.ok) throw new AgentAnswerError(200, verdict.code ?? 'AUDIT_ALTERED', 'the audit log was altered', {})
  },
}

export const recordCommands: readonly Command[] = [
  tracesList,
  tracesShow,
  auditList,
  auditVerify,
  auditAccept,
  auditSetAside,
]

function criticalPathOf(view: TraceView): TraceView {
  return { ...view, spans: view.spans.filter((span) => span.critical) }
}

async function newestTrace(client: CommandContext['client']): Promise<string> {
  const { traces } = await client.callAnyway<TraceList>('GET', `/v1/traces${queryOf({ limit: '1' })}`)
  const [newest] = traces
  if (newest === undefined) throw new AgentAnswerError(404, 'TRACE_NOT_FOUND', 'no trace is here yet', {})
  return newest.traceId
}

function limitOption(what: string): Option {
  return { type: 'string', value: 'N', refuse: wholeNumber(1), help: `at most so many ${what}` }
}

function describeAudit(output: CommandContext['output'], leaves: readonly AuditView[], names: NameOf): string {
  const rows = leaves.map((leaf) => [
    String(leaf.seq),
    leaf.at.slice(0, 19).replace('T', ' '),
    leaf.outcome === 'success' ? leaf.type : `${leaf.type}: ${leaf.outcome}`,
    doneBy(leaf, names),
    isAbout(leaf, names),
  ])
  return table(output, AUDIT_COLUMNS, rows)
}

function queryOf(values: Readonly<Record<string, string | boolean | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (typeof value === 'string') query.set(name, value)
  return query.size === 0 ? '' : `?${query.toString()}`
}
