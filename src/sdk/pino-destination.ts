/**
 * A destination for pino: `pino(options, mesh.pinoDestination())` keeps a module's calls and sends what they say. pino writes
 * a line of JSON for each record within the call, so the active span is known. Never throws into it; a line that is no
 * record is counted.
 */
import { context as contextApi, isSpanContextValid, trace, type SpanContext } from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import { TOPIC_ATTRIBUTE } from '../model/recording.ts'
import { isTopic } from '../wire/bus-envelope.ts'
import { spanOfLog } from './active-span.ts'
import { cutText, describeError, exceptionAttributes, readProperty, RecordBudget } from './attribute-value.ts'
import { recordAttributes } from './bounded-attributes.ts'
import { MAX_MESSAGE_CHARS } from './log-message.ts'
import { attributeOf, SEVERITY, type Bindings, type FinishedLog } from './logger.ts'
import type { Recording } from './recording.ts'
import { toNanoTime } from './time-input.ts'
import { topicOf } from './topic.ts'

/** Longest line that is read, in characters: what a record may hold, and its escapes. */
export const MAX_LINE_CHARS = 524_288
/** Steps between pino's levels, and between OpenTelemetry's severities. */
const LEVEL_STEP = 10
const SEVERITY_STEP = 4
const MAX_SEVERITY = 24
const NAMES: readonly string[] = Object.values(SEVERITY).map(({ severityText }) => severityText)
/** Fields of pino's own, which become a record's, and what says on which machine a module runs. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err'])

/** As OpenTelemetry's instrumentation of pino names them. */
const SPAN_FIELDS: ReadonlySet<string> = new Set(['trace_id', 'span_id', 'trace_flags'])
const MAX_FLAGS = 0xff

/** What pino asks of a destination. */
export interface PinoDestination {
  write(line: string): void
}

export interface PinoDestinationDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly recording: Pick<Recording, 'takesLog'>
  onLog(log: FinishedLog): void
  onBadLine(): void
}

export function pinoDestination(deps: PinoDestinationDeps): PinoDestination {
  return {
    write(line) {
      const record = readLine(line)
      if (record === undefined) deps.onBadLine()
      else if (isTaken(deps, record)) deps.onLog(toLog(deps, record))
    },
  }
}

function readLine(line: unknown): object | undefined {
  if (typeof line !== 'string' || line.length > MAX_LINE_CHARS) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isTaken({ recording }: PinoDestinationDeps, record: object): boolean {
  const topic = readProperty(record, 'topic')
  const { severityNumber } = severityOf(readProperty(record, 'level'))
  return recording.takesLog(severityNumber, isTopic(topic) ? topic : readProperty(record, TOPIC_ATTRIBUTE))
}

function toLog({ clock }: PinoDestinationDeps, record: object): FinishedLog {
  const attributes = recordAttributes(new RecordBudget())
  const context = contextApi.active()
  const active = trace.getSpanContext(context)
  const named = active === undefined ? namedSpan(record) : undefined
  for (const key of Object.keys(record)) {
    if (OWN_FIELDS.has(key) || (named !== undefined && SPAN_FIELDS.has(key))) continue
    const value = readProperty(record, key)
    attributes.set(attributeOf(key, value), value)
  }
  attributes.setAll(exceptionOf(readProperty(record, 'err')))
  const topic = topicOf(context)
  if (topic !== undefined) attributes.setMissing(TOPIC_ATTRIBUTE, topic)
  const { severityNumber, severityText } = severityOf(readProperty(record, 'level'))
  const message = readProperty(record, 'msg')
  const { traceId, spanId, flags } = spanOfLog(active ?? named)
  const timeUnixNano = toNanoTime(timeOf(readProperty(record, 'time')) ?? clock.now())
  return {
    timeUnixNano,
    observedUnixNano: timeUnixNano,
    severityNumber,
    severityText,
    body: message === undefined ? '' : cutText(message, MAX_MESSAGE_CHARS),
    attributes: attributes.list(),
    droppedAttributesCount: attributes.dropped,
    traceId,
    spanId,
    flags,
  }
}

/** The one that an instrumentation of pino wrote into the record, for whoever reads it elsewhere. */
function namedSpan(record: object): SpanContext | undefined {
  const [traceId, spanId] = [readProperty(record, 'trace_id'), readProperty(record, 'span_id')]
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return undefined
  const flags = Number.parseInt(String(readProperty(record, 'trace_flags')), 16)
  const span = { traceId, spanId, traceFlags: flags >= 0 && flags <= MAX_FLAGS ? flags : 0 }
  return isSpanContextValid(span) ? span : undefined
}

/** 10, 20, ... 60 are pino's trace to fatal; between them a module may have levels of its own. A label stands for its number. */
function severityOf(level: unknown): { readonly severityNumber: number; readonly severityText: string } {
  if (typeof level === 'string') {
    const at = NAMES.indexOf(level.toUpperCase())
    return { severityNumber: at < 0 ? 0 : 1 + at * SEVERITY_STEP, severityText: cutText(level, MAX_MESSAGE_CHARS) }
  }
  if (typeof level !== 'number' || !(level > 0)) return { severityNumber: 0, severityText: '' }
  const severity = 1 + Math.floor(((level - LEVEL_STEP) * SEVERITY_STEP) / LEVEL_STEP)
  const severityNumber = Math.min(Math.max(severity, 1), MAX_SEVERITY)
  return { severityNumber, severityText: NAMES[Math.floor((severityNumber - 1) / SEVERITY_STEP)] as string }
}

/** Milliseconds since 1970, or ISO 8601: pino's `epochTime` and `isoTime`. */
function timeOf(time: unknown): number | undefined {
  const ms = typeof time === 'string' ? Date.parse(time) : time
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 && ms < Number.MAX_SAFE_INTEGER / 1e3 ? ms : undefined
}

/** As pino's serialiser writes an error. */
function exceptionOf(err: unknown): Bindings {
  if (typeof err !== 'object' || err === null) return err === undefined ? {} : { err }
  if (typeof readProperty(err, 'message') !== 'string') return { err }
  return exceptionAttributes(describeError({ ...err, name: readProperty(err, 'type') }))
}
