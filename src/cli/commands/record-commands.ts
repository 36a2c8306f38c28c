/** What was recorded: traces, logs and the audit log. */
import type { AuditVerdictView, AuditView, LogList, TraceList, TraceView } from '../../agent/http-types.ts'
import { AgentAnswerError, usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { parseTime } from '../parse-time.ts'
import { doneBy, isAbout, type NameOf } from '../render/audit-words.ts'
import { renderLogLines } from '../render/log-lines.ts'
import { renderTraceTable } from '../render/trace-table.ts'
import { renderWaterfall } from '../render/waterfall.ts'
import { table } from './device-commands.ts'
import { deviceNames } from './device-names.ts'

const tracesList: Command = {
  name: 'traces list',
  takes: '[--limit N]',
  help: 'the newest traces over all devices that let you see theirs',
  options: { limit: { type: 'string' } },
  async run({ client, output, options }) {
    const view = await client.callAnyway<TraceList>('GET', `/v1/traces${queryOf({ limit: options['limit'] })}`)
    output.answer(view, () =>
      view.traces.length === 0
        ? 'No traces yet.'
        : renderTraceTable(view, { width: output.width, color: output.color, nowUnixMs: Date.now() }),
    )
  },
}

const tracesShow: Command = {
  name: 'traces show',
  takes: '[TRACE] [--raw] [--attributes]',
  help: 'one trace (an id, the start of one, or else the newest) through every device, with what is missing and why',
  options: { raw: { type: 'boolean' }, attributes: { type: 'boolean' } },
  words: [0, 1],
  async run({ client, output, options, words }) {
    const query = queryOf({ attributes: options['attributes'] === true ? 'true' : undefined })
    const trace = words[0] ?? (await newestTrace(client))
    const view = await client.callAnyway<TraceView>('GET', `/v1/traces/${encodeURIComponent(trace)}${query}`)
    const times = options['raw'] === true ? 'raw' : 'corrected'
    output.answer(view, () => renderWaterfall(view, { width: output.width, color: output.color, times }))
  },
}

const logs: Command = {
  name: 'logs',
  takes: '[--trace TRACE] [--since TIME] [--limit N]',
  help: 'log records over all devices that let you see theirs',
  options: { trace: { type: 'string' }, since: { type: 'string' }, limit: { type: 'string' } },
  async run({ client, output, options }) {
    const { trace, since, limit } = options
    const sinceUnixMs = typeof since === 'string' ? String(parseTime(since, Date.now(), '--since')) : undefined
    const view = await client.callAnyway<LogList>('GET', `/v1/logs${queryOf({ trace, sinceUnixMs, limit })}`)
    output.answer(view, () => (view.logs.length === 0 ? 'No logs yet.' : renderLogLines(view, { color: output.color })))
  },
}

const auditList: Command = {
  name: 'audit list',
  takes: '[--from SEQ] [--limit N]',
  help: 'key events of this device: pairing, consent, keys, stage, start and stop',
  options: { from: { type: 'string' }, limit: { type: 'string' } },
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
  async run({ client, output }) {
    const verdict = await client.callAnyway<AuditVerdictView>('POST', '/v1/audit/verify')
    output.answer(verdict, () =>
      verdict.ok
        ? `Unaltered: ${verdict.size} entries, root ${verdict.root}.`
        : `ALTERED at entry ${verdict.seq ?? '?'}: ${verdict.code}.`,
    )
    if (!verdict.ok) throw new AgentAnswerError(200, verdict.code ?? 'AUDIT_ALTERED', 'the audit log was altered', {})
  },
}

export const recordCommands: readonly Command[] = [tracesList, tracesShow, logs, auditList, auditVerify]

async function newestTrace(client: CommandContext['client']): Promise<string> {
  const { traces } = await client.callAnyway<TraceList>('GET', `/v1/traces${queryOf({ limit: '1' })}`)
  const [newest] = traces
  if (newest === undefined) throw new AgentAnswerError(404, 'TRACE_NOT_FOUND', 'no trace is here yet', {})
  return newest.traceId
}

function describeAudit(output: CommandContext['output'], leaves: readonly AuditView[], names: NameOf): string {
  const rows = leaves.map((leaf) => [
    String(leaf.seq),
    leaf.at.slice(0, 19).replace('T', ' '),
    leaf.type,
    leaf.outcome,
    doneBy(leaf, names),
    isAbout(leaf, names),
  ])
  return table(output, ['entry', 'time (UTC)', 'what', 'outcome', 'by', 'about'], rows)
}

function queryOf(values: Readonly<Record<string, string | boolean | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (typeof value === 'string') query.set(name, value)
  if (typeof values['limit'] === 'string' && !/^[0-9]{1,6}$/.test(values['limit'])) throw usage('--limit is a number')
  return query.size === 0 ? '' : `?${query.toString()}`
}
