/** One group of errors in full. All that is printed of it comes from outside, and is made safe line by line. */
import type { ErrorDetail } from '../../agent/http-types/search.ts'
import type { LogLine } from '../../agent/http-types/traces.ts'
import { painter, type Paint } from './colour.ts'
import { fit } from './display-width.ts'
import { formatDuration } from './duration.ts'
import { errorTitle, stateStyle, stateWord } from './error-words.ts'
import { SEVERITY_CELLS, SEVERITY_STYLES, severityText } from './log-lines.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { safeText } from './safe-text.ts'
import { serviceLabel } from './service-label.ts'
import { shortGroupId, shortTraceId } from './short-ids.ts'
import { rangeOf, sparkline } from './sparkline.ts'

export interface ErrorDetailOptions {
  readonly color: boolean
  readonly nowUnixMs: number
  /** Whether the stage shows traces: what it refuses is not offered. */
  readonly showsTraces: boolean
}

/** Lines of a stack that are printed: what was called first says least. `--json` has all that is there. */
const MAX_STACK_LINES = 40
/** Widest indentation of a line of a stack that is kept. */
const MAX_INDENT = 8
const LABEL_CELLS = 10
const TIME_CELLS = 9
const NANOS_PER_MS = 1_000_000n
/** Places of the runtime and of packages: seldom where the mistake is. */
const NOT_OWN = /node:|node_modules|<anonymous>\)|<frozen |site-packages|\/usr\/lib\/python/

export function renderError(error: ErrorDetail, { color, nowUnixMs, showsTraces }: ErrorDetailOptions): string {
  const paint = painter(color)
  return [
    paint(safeText(errorTitle(error)), 'red', 'bold'),
    ...facts(error, paint, nowUnixMs).map(([label, text]) => `${paint(label.padEnd(LABEL_CELLS), 'dim')}${text}`),
    ...section('Where it came from', stackLines(error, paint), paint),
    ...section(
      'What came before',
      error.breadcrumbs.map((line) => crumb(line, error, paint)),
      paint,
    ),
    '',
    ...nextWords(error, showsTraces),
  ].join('\n')
}

type Fact = readonly [label: string, text: string]

function facts(error: ErrorDetail, paint: Paint, nowUnixMs: number): readonly Fact[] {
  const when = (unixNano: string): string => `${relativeTime(unixMs(unixNano), nowUnixMs)} (${isoTime(unixNano)})`
  const { releases, timeline, devices, traceId, count } = error
  return [
    [
      'group',
      `${shortGroupId(error.fingerprint)}  ${paint(stateWord(error), stateStyle(error))}${sinceWords(error, nowUnixMs)}`,
    ],
    ['where', safeText(`${serviceLabel(error)} on ${devices.map(({ name }) => name).join(', ')}`)],
    ['how often', plural(count, 'time')],
    ['first', when(error.firstUnixNano)],
    ['last', when(error.lastUnixNano)],
    ...(count > 1 ? [['over time', timelineText(timeline)] as const] : []),
    ...releases.map(({ release, count: times, lastUnixNano }, i): Fact => [
      i === 0 ? 'releases' : '',
      `${safeText(release)}: ${plural(times, 'time')}, last ${relativeTime(unixMs(lastUnixNano), nowUnixMs)}`,
    ]),
    ...(traceId === null ? [] : [['trace', shortTraceId(traceId)] as const]),
  ]
}

function sinceWords({ state, regressed, stateSinceUnixMs }: ErrorDetail, nowUnixMs: number): string {
  if (stateSinceUnixMs === null) return ''
  const ago = relativeTime(stateSinceUnixMs, nowUnixMs)
  if (regressed) return `, after it was resolved ${ago}`
  return state === 'open' ? '' : ` ${ago}`
}

/** No error is an empty cell, and one is more than the lowest block. */
function timelineText(timeline: readonly number[]): string {
  const values = timeline.map((count) => (count === 0 ? undefined : count))
  const { max } = rangeOf(values) ?? { max: 1 }
  return `|${sparkline(values, { cells: timeline.length, range: { min: 0, max }, ascii: false })}|`
}

function section(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : ['', paint(title, 'bold'), ...lines.map((line) => `  ${line}`)]
}

/** Of a stack that has its message as a title, the message is not said again. */
function stackLines({ stack, message, type, frames }: ErrorDetail, paint: Paint): readonly string[] {
  if (stack.trim() === '') return frames.map((frame) => safeText(frame))
  const lines = stack.split('\n').filter((line) => line.trim() !== '')
  const [title = ''] = lines
  const isSaid = title.trim() === (message === '' ? type : `${type}: ${message}`)
  const wanted = isSaid ? lines.slice(1) : lines
  const printed = wanted.slice(0, MAX_STACK_LINES).map((line) => {
    const indent = Math.min(MAX_INDENT, line.length - line.trimStart().length)
    return `${' '.repeat(indent)}${paint(safeText(line), ...(NOT_OWN.test(line) ? (['dim'] as const) : []))}`
  })
  const more = wanted.length - printed.length
  return more === 0 ? printed : [...printed, paint(`${plural(more, 'more line')}: see --json`, 'dim')]
}

/** How long before the last error, and what was said. */
function crumb(line: LogLine, { lastUnixNano }: ErrorDetail, paint: Paint): string {
  const before = formatDuration(Number(BigInt(lastUnixNano) - BigInt(line.timeUnixNano)), { ascii: false })
  return [
    paint(fit(`-${before}`, TIME_CELLS, 'right'), 'dim'),
    paint(fit(severityText(line), SEVERITY_CELLS), ...SEVERITY_STYLES[line.severity]),
    safeText(line.body),
  ].join(' ')
}

function nextWords({ fingerprint, state, traceId }: ErrorDetail, showsTraces: boolean): readonly string[] {
  const id = shortGroupId(fingerprint)
  return [
    ...(traceId === null || !showsTraces ? [] : [`Open its trace:  aico-mesh traces show ${shortTraceId(traceId)}`]),
    state === 'open'
      ? `Solved?          aico-mesh errors resolve ${id}`
      : `Open it again:   aico-mesh errors reopen ${id}`,
  ]
}

function unixMs(unixNano: string): number {
  return Number(BigInt(unixNano) / NANOS_PER_MS)
}

/** UTC to the millisecond; a time no calendar holds is printed as its number. */
function isoTime(unixNano: string): string {
  const date = new Date(unixMs(unixNano))
  return Number.isNaN(date.getTime()) ? unixNano : date.toISOString()
}
