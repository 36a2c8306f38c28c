/** `--trace`: the id of a trace, or its start. */
import type { TraceView } from '../../agent/http-types.ts'
import type { AgentClient } from '../agent-client.ts'
import type { ValueOption } from '../command.ts'

const TRACE_DIGITS = 32

export const TRACE_OPTION: ValueOption = {
  type: 'string',
  value: 'TRACE',
  refuse: refuseTrace,
  help: 'only those of this trace: the start of its id',
}

/** A whole id as it is; of a start, the trace that begins so. */
export async function wholeTraceId(client: AgentClient, start: string): Promise<string> {
  if (start.length === TRACE_DIGITS) return start
  return (await client.callAnyway<TraceView>('GET', `/v1/traces/${encodeURIComponent(start)}`)).traceId
}

function refuseTrace(text: string): string | undefined {
  const isStart = /^[0-9a-f]{4,32}$/i.test(text)
  return isStart ? undefined : `the id of a trace or its start, 4 to ${TRACE_DIGITS} hex digits`
}
