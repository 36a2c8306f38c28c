/**
 * What a line of a log file plainly says of itself: when, how severe, of which trace. Nothing is guessed: a time is ISO 8601
 * at the beginning of the line (UTC unless it says otherwise), a severity one of the usual words behind it, and a line of
 * JSON says them in the members that pino writes.
 */
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../model/ids.ts'

export interface LineFacts {
  readonly timeUnixNano: bigint | undefined
  /** OpenTelemetry's number; 0 if the line has none. */
  readonly severityNumber: number
  /** As it stands in the line. */
  readonly severityText: string
  readonly traceId: TraceId | undefined
  readonly spanId: SpanId | undefined
}

const SEVERITIES: Readonly<Record<string, number>> = {
  TRACE: 1,
  DEBUG: 5,
  INFO: 9,
  NOTICE: 10,
  WARN: 13,
  WARNING: 13,
  ERR: 17,
  ERROR: 17,
  CRIT: 18,
  CRITICAL: 18,
  ALERT: 19,
  FATAL: 21,
  PANIC: 21,
  EMERG: 21,
}
const WORDS = Object.keys(SEVERITIES).join('|')
/** In capitals, or in brackets whatever the case: a sentence that begins with "Error" is none. */
const SEVERITY_WORD = new RegExp(
  `^[\\s|:-]*(?:(${WORDS})(?![A-Za-z0-9_])|[[(<]\\s*(${WORDS.toLowerCase()}|${WORDS})\\s*[\\])>])`,
)
const SEVERITY_FIELD = new RegExp(`(?:^|\\s)(?:level|lvl|severity)="?(${WORDS})"?(?=\\s|$)`, 'i')
const ISO_TIME =
  /^\[?(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9})\d*)?(?: ?(Z|[+-]\d{2}:?\d{2})(?![0-9]))?\]?/
/** Characters of a line in which these are looked for. */
const LOOKED_AT = 512
const NANOS_PER_MS = 1_000_000n

export function readLine(line: string): LineFacts {
  return (line.startsWith('{') ? readJsonLine(line) : undefined) ?? readTextLine(line.slice(0, LOOKED_AT))
}

function readTextLine(line: string): LineFacts {
  const time = ISO_TIME.exec(line)
  const timeUnixNano = time === null ? undefined : isoToNano(time)
  const rest = timeUnixNano === undefined ? line : line.slice(time?.[0].length)
  const word = SEVERITY_WORD.exec(rest)
  const severityText = word?.[1] ?? word?.[2] ?? SEVERITY_FIELD.exec(line)?.[1] ?? ''
  return { timeUnixNano, ...severityOf(severityText), traceId: undefined, spanId: undefined }
}

function severityOf(severityText: string) {
  return { severityNumber: SEVERITIES[severityText.toUpperCase()] ?? 0, severityText }
}

/** Undefined for a date or a time that does not exist. */
function isoToNano([, ...parts]: RegExpExecArray): bigint | undefined {
  const [year, month, day, hour, minute, second] = parts.slice(0, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [fraction = '', zone = 'Z'] = parts.slice(6)
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  const offset = zoneMinutes(zone)
  if (!isReal || offset === undefined) return undefined
  const nano = BigInt(date.getTime() - offset * 60_000) * NANOS_PER_MS + BigInt(fraction.padEnd(9, '0'))
  return nano > 0n ? nano : undefined
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** What pino writes: `{"level":30,"time":1795370400000,"msg":"..."}`; undefined for what is no such object. */
function readJsonLine(line: string): LineFacts | undefined {
  const fields = parseObject(line)
  if (fields === undefined) return undefined
  const { level, time, trace_id: traceId, span_id: spanId } = fields
  return {
    timeUnixNano: jsonTime(time),
    ...(typeof level === 'number' ? pinoSeverity(level) : severityOf(typeof level === 'string' ? level : '')),
    traceId: typeof traceId === 'string' ? toTraceId(traceId) : undefined,
    spanId: typeof spanId === 'string' ? toSpanId(spanId) : undefined,
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined // a line that only looks like JSON is a line of text
  }
}

/** Milliseconds since 1970, perhaps with a fraction, or ISO 8601. */
function jsonTime(time: unknown): bigint | undefined {
  if (typeof time === 'number' && time > 0 && time < Number.MAX_SAFE_INTEGER / 1000) {
    return BigInt(Math.round(time * 1000)) * 1000n
  }
  const match = typeof time === 'string' ? ISO_TIME.exec(time) : null
  return match === null ? undefined : isoToNano(match)
}

/** pino's levels: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal; others count as the one below. */
function pinoSeverity(level: number) {
  const step = Math.min(Math.floor(level / 10), PINO_SEVERITIES.length)
  const [severityText, severityNumber] = PINO_SEVERITIES[step - 1] ?? ['', 0]
  return { severityNumber, severityText }
}

const PINO_SEVERITIES: readonly (readonly [string, number])[] = [
  ['trace', 1],
  ['debug', 5],
  ['info', 9],
  ['warn', 13],
  ['error', 17],
  ['fatal', 21],
]
