/** Log records as lines: time, severity, device and module, text. */
import type { LogLine, LogList } from '../../agent/http-types/traces.ts'
import { DEVICE_STYLES, painter, type Paint, type Style } from './colour.ts'
import { displayWidth, fit } from './display-width.ts'
import { plural } from './plural.ts'
import { asciiText, safeText } from './safe-text.ts'
import { shortTraceId } from './short-ids.ts'

export interface LogLinesOptions {
  readonly color: boolean
  readonly ascii?: boolean
  /** What an empty list says. */
  readonly none?: string
}

type Listed = Pick<LogList, 'logs' | 'omitted' | 'omittedChunks' | 'unreadableChunks'>

export const SEVERITY_STYLES: Readonly<Record<LogLine['severity'], readonly Style[]>> = {
  unspecified: ['dim'],
  trace: ['dim'],
  debug: ['dim'],
  info: ['green'],
  warn: ['yellow'],
  error: ['red'],
  fatal: ['red', 'bold'],
}
export const SEVERITY_CELLS = 5
/** Longest `device/module`, in cells. */
const MAX_SOURCE_CELLS = 32
const TOPIC_ATTRIBUTE = 'aico.topic'

/** One line for each record, uncut: logs are read and copied. Line breaks in a body become spaces. */
export function renderLogLines(
  list: Listed,
  { color, ascii = false, none = 'No log records here.' }: LogLinesOptions,
): string {
  const paint = painter(color)
  const clean = ascii ? asciiText : safeText
  const ids = [...new Set(list.logs.map((log) => log.deviceId))].sort()
  const styles = new Map(ids.map((id, i) => [id, DEVICE_STYLES[i % DEVICE_STYLES.length] as Style]))
  const rows = list.logs.map((log) => ({
    log,
    source: clean(sourceOf(log)),
    style: styles.get(log.deviceId) ?? 'grey',
  }))
  const cells = Math.min(MAX_SOURCE_CELLS, Math.max(0, ...rows.map((row) => displayWidth(row.source))))
  const lines = rows.map(({ log, style }) => logLineText(log, cells, style, { color, ascii }))
  return [...notes(list, paint, none), ...lines].map((line) => `${line}\n`).join('')
}

/** One of them, its source in so many cells. */
export function logLineText(
  log: LogLine,
  cells: number,
  style: Style,
  { color, ascii = false }: LogLinesOptions,
): string {
  const paint = painter(color)
  const clean = ascii ? asciiText : safeText
  return [
    paint(isoTime(log.timeUnixNano), 'dim'),
    paint(fit(severityText(log), SEVERITY_CELLS), ...SEVERITY_STYLES[log.severity]),
    paint(fit(clean(sourceOf(log)), cells, 'left', ascii ? '~' : '…'), style),
    clean(log.body),
    paint(clean(placeOf(log)), 'dim'),
    paint(clean(topicOf(log)), 'dim'),
    paint(log.traceId === null ? '' : `[trace ${shortTraceId(log.traceId)}]`, 'dim'),
  ]
    .filter((part) => part !== '')
    .join(' ')
    .trimEnd()
}

/** Where in the code it was written, by OpenTelemetry's names, those of before 2025 too: `(ask cart.ts:31)`. */
function placeOf({ attributes }: LogLine): string {
  const first = (...keys: readonly string[]): string => {
    const value = keys.map((key) => attributes[key]).find((each) => each !== undefined)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const name = first('code.function.name', 'code.function')
  const path = first('code.file.path', 'code.filepath')
  const line = first('code.line.number', 'code.lineno')
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  const place = file === '' || line === '' ? file : `${file}:${line}`
  const parts = [name, place].filter((part) => part !== '')
  return parts.length === 0 ? '' : `(${parts.join(' ')})`
}

/** What of the bus it is about, by our own name. */
function topicOf({ attributes }: LogLine): string {
  const topic = attributes[TOPIC_ATTRIBUTE]
  return typeof topic === 'string' ? `[topic ${topic}]` : ''
}

function sourceOf({ deviceName, module }: LogLine): string {
  return `${deviceName}/${module}`
}

export function severityText({ severity }: LogLine): string {
  return severity === 'unspecified' ? '-' : severity.toUpperCase()
}

function notes(
  { logs, omitted, omittedChunks, unreadableChunks }: Listed,
  paint: Paint,
  none: string,
): readonly string[] {
  if (logs.length === 0 && omittedChunks === 0) return [none]
  return [
    ...(omitted > 0 ? [paint(`${plural(omitted, 'older record')} not listed`, 'dim')] : []),
    ...(omittedChunks > 0 ? [paint('There may be older ones: not all that is stored was looked at.', 'dim')] : []),
    ...(unreadableChunks > 0 ? [paint(`${plural(unreadableChunks, 'stored chunk')} could not be read`, 'dim')] : []),
  ]
}

/** UTC to the millisecond; a time no calendar holds is printed as its number. */
function isoTime(unixNano: string): string {
  const date = new Date(Number(BigInt(unixNano) / 1_000_000n))
  return Number.isNaN(date.getTime()) ? unixNano : date.toISOString()
}
