/** Records as they come, a line each: nothing is known of those to come, so that columns have widths of their own. */
import type { SpanLine } from '../../agent/http-types/search.ts'
import type { LogLine } from '../../agent/http-types/traces.ts'
import { painter } from './colour.ts'
import { fit } from './display-width.ts'
import { formatDuration } from './duration.ts'
import { logLineText, type LogLinesOptions } from './log-lines.ts'
import { asciiText, safeText } from './safe-text.ts'
import { serviceLabel } from './service-label.ts'
import { shortTraceId } from './short-ids.ts'

/** Width of `device/service`, in cells. */
const SOURCE_CELLS = 24
/** The widest duration there is. */
const DURATION_CELLS = 8

export function tailLogLine(line: LogLine, options: LogLinesOptions): string {
  return logLineText(line, SOURCE_CELLS, 'cyan', options)
}

/** Time, duration, source, trace and name; an error is marked, with what it says. */
export function tailSpanLine(line: SpanLine, { color, ascii = false }: LogLinesOptions): string {
  const paint = painter(color)
  const clean = ascii ? asciiText : safeText
  const ellipsis = ascii ? '~' : '…'
  const isError = line.status === 'error'
  const said = isError && line.statusMessage !== '' ? `: ${clean(line.statusMessage)}` : ''
  return [
    paint(timeText(line.startUnixNano), 'dim'),
    fit(formatDuration(Number(line.durationNano), { ascii }), DURATION_CELLS, 'right', ellipsis),
    paint(fit(clean(`${line.deviceName}/${serviceLabel(line)}`), SOURCE_CELLS, 'left', ellipsis), 'cyan'),
    paint(shortTraceId(line.traceId), 'dim'),
    paint(`${isError ? '! ' : ''}${clean(line.name)}${said}`, ...(isError ? (['red'] as const) : [])),
  ].join(' ')
}

/** UTC to the millisecond; a time no calendar holds is printed as its number. */
function timeText(unixNano: string): string {
  const date = new Date(Number(BigInt(unixNano) / 1_000_000n))
  return Number.isNaN(date.getTime()) ? unixNano : date.toISOString()
}
