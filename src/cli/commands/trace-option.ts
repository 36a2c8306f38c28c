/** `--trace`: the id of a trace, or its start. */
import type { ValueOption } from '../command.ts'

const TRACE_DIGITS = 32

export const TRACE_OPTION: ValueOption = {
  type: 'string',
  value: 'TRACE',
  refuse: refuseTrace,
  help: 'only those of this trace: the start of its id',
}

function refuseTrace(text: string): string | undefined {
  const isStart = /^[0-9a-f]{4,32}$/i.test(text)
  return isStart ? undefined : `the id of a trace or its start, 4 to ${TRACE_DIGITS} hex digits`
}
