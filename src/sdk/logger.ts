/**
 * A pino-compatible logger that records for the bus: levels, `child`, `(obj, msg, ...args)` or `(msg, ...args)`,
 * errors serialised. Every record carries the ids of the span active when it was written. It never throws.
 */
import { context, trace, type SpanContext } from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import { describeError, exceptionAttributes, readProperty, RecordBudget } from './attribute-value.ts'
import { BoundedAttributes } from './bounded-attributes.ts'
import { formatMessage } from './log-message.ts'
import { msToNanos } from './time-input.ts'

/** OpenTelemetry's severity number of each pino level. */
const SEVERITY = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const
const SILENT = 'silent'

export type Level = keyof typeof SEVERITY
export type LevelOrSilent = Level | typeof SILENT
export type Bindings = Readonly<Record<string, unknown>>

export interface FinishedLog {
  readonly timeUnixNano: bigint
  readonly severityNumber: number
  readonly severityText: string
  readonly body: string
  readonly attributes: Attributes
  readonly droppedAttributes: number
  readonly span: SpanContext | undefined
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
  /** On every record. */
  readonly attributes: Bindings
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
    return (first: unknown, ...rest: readonly unknown[]) => {
      if (logger.isLevelEnabled(at)) deps.onLog(toRecord(deps, own, at, first, rest))
    }
  }
}

function toRecord(
  deps: LoggerDeps,
  bindings: Bindings,
  at: Level,
  first: unknown,
  rest: readonly unknown[],
): FinishedLog {
  const isMessage = typeof first === 'string'
  const [message, args] = isMessage ? [first, rest] : [rest[0], rest.slice(1)]
  const fields = first instanceof Error ? { err: first } : !isMessage && isObject(first) ? first : {}
  const attributes = new BoundedAttributes(new RecordBudget(), bindings)
  attributes.setAll(deps.attributes)
  for (const key of Object.keys(fields)) setField(attributes, key, readProperty(fields, key))
  const error = readProperty(fields, 'err')
  const fallback = error instanceof Error ? describeError(error).message : ''
  return {
    timeUnixNano: msToNanos(deps.clock.now()),
    severityNumber: SEVERITY[at],
    severityText: at.toUpperCase(),
    body: typeof message === 'string' ? formatMessage(message, args) : fallback,
    attributes: attributes.list(),
    droppedAttributes: attributes.dropped,
    span: trace.getSpanContext(context.active()),
  }
}

/** An error under `err`, where pino serialises one, becomes OpenTelemetry's exception attributes. */
function setField(attributes: BoundedAttributes, key: string, value: unknown): void {
  if (key !== 'err' || !(value instanceof Error)) {
    attributes.set(key, value)
    return
  }
  attributes.setAll(exceptionAttributes(describeError(value)))
}

function severityOf(level: LevelOrSilent): number {
  return level === SILENT ? Number.POSITIVE_INFINITY : SEVERITY[level]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
