/**
 * A pino-compatible logger that records for the bus: levels, `child`, `(obj, msg, ...args)` or `(msg, ...args)`,
 * errors serialised. Every record carries the ids of the span active when it was written. It never throws.
 */
import type { Clock } from '../base/clock.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import type { LogRecordInput } from '../wire/otlp/encode.ts'
import { activeSpan, spanOfLog } from './active-span.ts'
import { describeError, exceptionAttributes, readProperty, RecordBudget } from './attribute-value.ts'
import { RecordAttributes } from './bounded-attributes.ts'
import { callerOf } from './code-location.ts'
import { formatMessage } from './log-message.ts'
import { msToNanos } from './time-input.ts'

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
  readonly clock: Clock
  /** Whether each record says where in the code it was written. */
  readonly hasLocation?: boolean | undefined
  onLog(log: FinishedLog): void
}

export function createLogger(deps: LoggerDeps, bindings: Bindings = {}, level: LevelOrSilent = 'trace'): ModuleLogger {
  let own = bindings
  const logger: ModuleLogger = {
    level,
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    silent: () => {},
    child: (more, options) => createLogger(deps, { ...own, ...more }, options?.level ?? logger.level),
    bindings: () => ({ ...own }),
    setBindings(more) {
      own = { ...own, ...more }
    },
    isLevelEnabled: (asked) => severityOf(asked) >= severityOf(logger.level),
  }
  return logger

  function write(at: Level): LogFn {
    const log = (first: unknown, ...rest: readonly unknown[]): void => {
      if (!logger.isLevelEnabled(at)) return
      const said = deps.hasLocation === true ? { ...own, ...callerOf(log) } : own
      deps.onLog(toRecord(deps.clock, said, at, first, rest))
    }
    return log
  }
}

/** OpenTelemetry's event: a log record with a name, whose attributes say everything. */
export function toEvent(clock: LoggerDeps['clock'], eventName: string, said: Bindings): FinishedLog {
  const budget = new RecordBudget()
  const attributes = new RecordAttributes(budget, said)
  const { traceId, spanId, flags } = spanOfLog(activeSpan())
  const timeUnixNano = msToNanos(clock.now())
  return {
    timeUnixNano,
    observedUnixNano: timeUnixNano,
    ...SEVERITY.info,
    eventName: budget.text(eventName, MAX_EVENT_NAME_CHARS),
    attributes: attributes.list(),
    droppedAttributesCount: attributes.dropped,
    traceId,
    spanId,
    flags,
  }
}

function toRecord(
  clock: LoggerDeps['clock'],
  bindings: Bindings,
  at: Level,
  first: unknown,
  rest: readonly unknown[],
): FinishedLog {
  const isMessage = typeof first === 'string'
  const message = isMessage ? first : rest[0]
  const attributes = new RecordAttributes(new RecordBudget(), bindings)
  const error = isMessage ? undefined : setFields(attributes, first)
  const fallback = error === undefined ? '' : describeError(error).message
  const { traceId, spanId, flags } = spanOfLog(activeSpan())
  const { severityNumber, severityText } = SEVERITY[at]
  const timeUnixNano = msToNanos(clock.now())
  return {
    timeUnixNano,
    observedUnixNano: timeUnixNano,
    severityNumber,
    severityText,
    body: typeof message === 'string' ? formatMessage(message, isMessage ? rest : rest.slice(1)) : fallback,
    attributes: attributes.list(),
    droppedAttributesCount: attributes.dropped,
    traceId,
    spanId,
    flags,
  }
}

/** An error, alone or where pino serialises one, becomes OpenTelemetry's exception attributes. @returns it */
function setFields(attributes: RecordAttributes, fields: unknown): Error | undefined {
  if (fields instanceof Error) {
    attributes.setAll(exceptionAttributes(describeError(fields)))
    return fields
  }
  if (typeof fields !== 'object' || fields === null) return undefined
  let error: Error | undefined
  for (const key of Object.keys(fields)) {
    const value = readProperty(fields, key)
    if (key === 'err' && value instanceof Error) error = setFields(attributes, value)
    else attributes.set(key, value)
  }
  return error
}

function severityOf(level: LevelOrSilent): number {
  return level === SILENT ? Number.POSITIVE_INFINITY : SEVERITY[level].severityNumber
}
