/**
 * A pino-compatible logger that records for the bus: levels, `child`, `(obj, msg, ...args)` or `(msg, ...args)`,
 * errors serialised. Every record carries the ids of the span active when it was written. It never throws.
 */
import { context as contextApi, trace } from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import { TOPIC_ATTRIBUTE } from '../model/recording.ts'
import { isTopic } from '../wire/bus-envelope.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import type { LogRecordInput } from '../wire/otlp/encode.ts'
import { spanOfLog } from './active-span.ts'
import {
  cutText,
  describeError,
  exceptionAttributes,
  isError,
  keysOf,
  readAll,
  readProperty,
  RecordBudget,
} from './attribute-value.ts'
import { recordAttributes, type BoundedAttributes } from './bounded-attributes.ts'
import { callerOf } from './code-location.ts'
import { formatMessage, MAX_MESSAGE_CHARS } from './log-message.ts'
import type { Recording } from './recording.ts'
import { toNanoTime } from './time-input.ts'
import { topicOf } from './topic.ts'

/** OpenTelemetry's severity number and text of each pino level. */
export const SEVERITY = {
  trace: { severityNumber: 1, severityText: 'TRACE' },
  debug: { severityNumber: 5, severityText: 'DEBUG' },
  info: { severityNumber: 9, severityText: 'INFO' },
  warn: { severityNumber: 13, severityText: 'WARN' },
  error: { severityNumber: 17, severityText: 'ERROR' },
  fatal: { severityNumber: 21, severityText: 'FATAL' },
} as const
const SILENT = 'silent'
/** Longest name of an event, in characters. */
const MAX_EVENT_NAME_CHARS = 256

export type Level = keyof typeof SEVERITY
type Severity = Pick<LogRecordInput, 'severityNumber'> & { readonly severityText: string }
type LogClock = Pick<Clock, 'now'>
export type LevelOrSilent = Level | typeof SILENT
export type Bindings = Readonly<Record<string, unknown>>

/** A log record as it is encoded. */
export interface FinishedLog extends LogRecordInput {
  readonly attributes: Attributes
}

/** `(msg, ...args)`, or `(fields or error, msg?, ...args)`. */
export interface LogFn {
  (message: string, ...args: unknown[]): void
  (fields: unknown, message?: string, ...args: unknown[]): void
}

export interface ModuleLogger {
  level: LevelOrSilent
  readonly trace: LogFn
  readonly debug: LogFn
  readonly info: LogFn
  readonly warn: LogFn
  readonly error: LogFn
  readonly fatal: LogFn
  /** Does nothing; pino has it. */
  readonly silent: LogFn
  child(bindings: Bindings, options?: { readonly level?: LevelOrSilent }): ModuleLogger
  bindings(): Bindings
  setBindings(bindings: Bindings): void
  isLevelEnabled(level: LevelOrSilent): boolean
}

export interface LoggerDeps {
  readonly clock: LogClock
  readonly recording: Pick<Recording, 'takesLog'>
  /** Whether each record says where in the code it was written. */
  readonly hasLocation?: boolean | undefined
  onLog(log: FinishedLog): void
}

export function createLogger(deps: LoggerDeps, bindings: Bindings = {}, level: LevelOrSilent = 'trace'): ModuleLogger {
  let own = readAll(bindings)
  let recorded = withTopicNamed(own)
  let topic = recorded[TOPIC_ATTRIBUTE]
  let least = severityOf(level)
  const logger: ModuleLogger = {
    get level() {
      return level
    },
    set level(asked) {
      if (!isLevel(asked)) return
      level = asked
      least = severityOf(asked)
    },
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    silent: () => {},
    child(more, options) {
      const asked = options && readProperty(options, 'level')
      return createLogger(deps, { ...own, ...readAll(more) }, isLevel(asked) ? asked : level)
    },
    bindings: () => ({ ...own }),
    setBindings(more) {
      own = { ...own, ...readAll(more) }
      recorded = withTopicNamed(own)
      topic = recorded[TOPIC_ATTRIBUTE]
    },
    isLevelEnabled: (asked) => isLevel(asked) && isEnabled(severityOf(asked)),
  }
  return logger

  function isEnabled(severityNumber: number): boolean {
    return severityNumber >= least && deps.recording.takesLog(severityNumber, topic)
  }

  function write(at: Level): LogFn {
    const severity = SEVERITY[at]
    const log = (first: unknown, ...rest: readonly unknown[]): void => {
      if (!isEnabled(severity.severityNumber)) return
      const said = deps.hasLocation === true ? { ...recorded, ...callerOf(log) } : recorded
      deps.onLog(toRecord(deps.clock, severity, said, first, rest))
    }
    return log
  }
}

/** OpenTelemetry's event: a log record with a name, whose attributes say everything. */
export function toEvent(clock: LogClock, eventName: string, said: Bindings): FinishedLog {
  const budget = new RecordBudget()
  const attributes = recordAttributes(budget, said)
  return finish(clock, SEVERITY.info, attributes, undefined, budget.text(eventName, MAX_EVENT_NAME_CHARS))
}

/** Whatever was thrown, and what there is to say of it; only an error has a stack. */
export function toErrorRecord(clock: LogClock, error: unknown, ...said: readonly Bindings[]): FinishedLog {
  const attributes = recordAttributes(new RecordBudget())
  for (const each of said) attributes.setAll(withTopicNamed(readAll(each)))
  return finish(clock, SEVERITY.error, attributes, setError(attributes, error))
}

function toRecord(
  clock: LogClock,
  severity: Severity,
  bindings: Bindings,
  first: unknown,
  rest: readonly unknown[],
): FinishedLog {
  const attributes = recordAttributes(new RecordBudget(), bindings)
  if (typeof first === 'string') return finish(clock, severity, attributes, formatMessage(first, rest))
  const fallback = setFields(attributes, first)
  const message = rest[0]
  return finish(clock, severity, attributes, typeof message === 'string' ? formatMessage(message, rest, 1) : fallback)
}

/** An error, alone or where pino serialises one, becomes OpenTelemetry's exception attributes. @returns its message, else '' */
function setFields(attributes: BoundedAttributes, fields: unknown): string {
  if (isError(fields)) return setError(attributes, fields)
  if (typeof fields !== 'object' || fields === null) return ''
  // Most calls name neither.
  if (readProperty(fields, 'err') === undefined && readProperty(fields, 'topic') === undefined) {
    attributes.setAll(fields)
    return ''
  }
  let message = ''
  for (const key of keysOf(fields)) {
    const value = readProperty(fields, key)
    if (key === 'err' && isError(value)) message = setError(attributes, value)
    else attributes.set(attributeOf(key, value), value)
  }
  return message
}

/** @returns its message */
function setError(attributes: BoundedAttributes, error: unknown): string {
  const description = describeError(error)
  attributes.setAll(exceptionAttributes(description))
  return cutText(description.message, MAX_MESSAGE_CHARS)
}

/** A field `topic` that is one is the record's topic. */
export function attributeOf(key: string, value: unknown): string {
  return key === 'topic' && isTopic(value) ? TOPIC_ATTRIBUTE : key
}

function withTopicNamed(fields: Bindings): Bindings {
  if (!isTopic(fields['topic'])) return fields
  const { topic, ...rest } = fields
  return { ...rest, [TOPIC_ATTRIBUTE]: topic }
}

/** What every record has besides: its time, the ids of the span that is active, and the topic of the message that is handled. */
function finish(
  clock: LogClock,
  { severityNumber, severityText }: Severity,
  attributes: BoundedAttributes,
  body: string | undefined,
  eventName?: string,
): FinishedLog {
  const active = contextApi.active()
  const { traceId, spanId, flags } = spanOfLog(trace.getSpanContext(active))
  const topic = topicOf(active)
  if (topic !== undefined) attributes.setMissing(TOPIC_ATTRIBUTE, topic)
  const timeUnixNano = toNanoTime(clock.now())
  return {
    timeUnixNano,
    observedUnixNano: timeUnixNano,
    severityNumber,
    severityText,
    body,
    eventName,
    attributes: attributes.list(),
    droppedAttributesCount: attributes.dropped,
    traceId,
    spanId,
    flags,
  }
}

/** Types do not bind a caller in JavaScript. */
function isLevel(level: unknown): level is LevelOrSilent {
  return typeof level === 'string' && (level === SILENT || Object.hasOwn(SEVERITY, level))
}

function severityOf(level: LevelOrSilent): number {
  return level === SILENT ? Number.POSITIVE_INFINITY : SEVERITY[level].severityNumber
}
