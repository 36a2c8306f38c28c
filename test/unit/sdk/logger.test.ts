import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger, type Bindings, type FinishedLog } from '../../../src/sdk/logger.ts'
import { formatMessage } from '../../../src/sdk/log-message.ts'
import { manualClock } from '../../support/manual-clock.ts'

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

function setup() {
  const logs: FinishedLog[] = []
  const logger = createLogger({
    clock: manualClock(),
    onLog: (log) => logs.push(log),
  })
  const attributes = () => Object.fromEntries((logs.at(-1)?.attributes ?? []).map(({ key, value }) => [key, value]))
  return { logger, logs, attributes }
}

/** What pino itself writes for the same call. */
function pinoMessage(...args: Parameters<pino.LogFn>): unknown {
  let line = ''
  pino({}, { write: (text: string) => (line = text) }).info(...args)
  return (JSON.parse(line) as { msg?: unknown }).msg
}

describe('logger', () => {
  test('[BU53] each level has OpenTelemetry’s severity', () => {
    const { logger, logs } = setup()
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level]('x')
    expect(logs.map((log) => log.severityNumber)).toEqual([1, 5, 9, 13, 17, 21])
    expect(logs.map((log) => log.severityText)).toEqual(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'])
  })

  test('[BU53] below its level nothing is written, and silent is below everything', () => {
    const { logger, logs } = setup()
    logger.level = 'warn'
    logger.info('no')
    logger.warn('yes')
    expect([logger.isLevelEnabled('info'), logger.isLevelEnabled('error')]).toEqual([false, true])
    logger.level = 'silent'
    logger.fatal('no')
    logger.silent('no')
    expect(logs.map((log) => log.body)).toEqual(['yes'])
  })

  test('[BU53] a child adds to its parent’s bindings and has a level of its own', () => {
    const { logger, logs, attributes } = setup()
    const child = logger.child({ a: 1, b: 1 }).child({ b: 2 }, { level: 'error' })
    child.info('no')
    child.error({ c: { deep: [true, null] } }, 'yes')
    expect(logs.map((log) => log.body)).toEqual(['yes'])
    expect(attributes()).toEqual({
      a: 1,
      b: 2,
      c: { entries: [{ key: 'deep', value: [true, null] }] },
    })
    child.setBindings({ d: 4 })
    expect(child.bindings()).toEqual({ a: 1, b: 2, d: 4 })
    expect(logger.bindings()).toEqual({})
  })

  test('[BU53] errors become exception attributes, alone or under err, and give the message if there is none', () => {
    const { logger, logs, attributes } = setup()
    const error = Object.assign(new Error('broken'), { code: 'E_BROKEN' })
    logger.error(error)
    expect(logs[0]?.body).toBe('broken')
    expect(attributes()).toMatchObject({ 'exception.type': 'E_BROKEN', 'exception.message': 'broken' })
    logger.error({ err: error, other: error }, 'while %s', 'testing')
    expect(logs[1]?.body).toBe('while testing')
    expect(attributes()['exception.stacktrace']).toContain('logger.test.ts')
    expect(attributes()['other']).toHaveProperty('entries')
    expect(attributes()).not.toHaveProperty('err')
  })

  test('[BU53] a record knows the span active when it was written', () => {
    const { logger, logs } = setup()
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    context.with(trace.setSpanContext(ROOT_CONTEXT, span), () => logger.info('inside'))
    logger.info('outside')
    const { traceFlags: flags, ...ids } = span
    expect(logs[0]).toMatchObject({ ...ids, flags })
    expect(logs[1]?.traceId).toBeUndefined()
  })

  test('[BU50] nothing a module logs can throw', () => {
    const { logger, logs } = setup()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const trap = Object.defineProperty({ ok: 1 }, 'trap', {
      enumerable: true,
      get() {
        throw new Error('trap')
      },
    })
    const hostile = { toString: () => Symbol('no') as unknown as string, toJSON: () => circle }
    const { proxy: gone, revoke } = Proxy.revocable({}, {})
    revoke()
    const inputs = [
      circle,
      trap,
      hostile,
      gone,
      null,
      undefined,
      5,
      5n,
      Symbol('s'),
      () => 1,
      new Map([[{}, circle]]),
      new Date(Number.NaN),
    ]
    for (const input of inputs) {
      logger.info(input)
      logger.info({ input }, 'text %s %j %d', input, input, input)
      logger.info('text %s %o', input, input)
      logger.child(input as Bindings).info('text')
      logger.setBindings(input as Bindings)
    }
    expect(logs).toHaveLength(inputs.length * 4)
  })

  test('[BU50] a level that there is not changes nothing', () => {
    const { logger, logs } = setup()
    logger.level = 'loud' as never
    logger.child({}, { level: 'toString' as never }).info('heard')
    expect([logger.level, logger.isLevelEnabled('loud' as never), logs.length]).toEqual(['trace', false, 1])
  })
})

describe('messages', () => {
  test.each([
    { args: ['plain'] },
    { args: ['%s is %d years', 'AICO', 3] },
    { args: ['%i and %f', 3.9, 1.5] },
    { args: ['%j %o', { a: 1 }, { b: 2 }] },
    { args: ['100%% of %s', 'it'] },
    { args: ['too few: %s %s', 'one'] },
    { args: ['too many', 'arguments'] },
    { args: ['no directive: %x', 1] },
  ] as { args: [string, ...unknown[]] }[])('[BU53] as pino formats them: $args', ({ args: [template, ...rest] }) => {
    expect(formatMessage(template, rest)).toBe(pinoMessage(template, ...(rest as never[])))
  })
})
