import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger, type Bindings, type FinishedLog } from '../../../src/sdk/logger.ts'
import { formatMessage } from '../../../src/sdk/log-message.ts'
import { Recording } from '../../../src/sdk/recording.ts'
import { withTopic } from '../../../src/sdk/topic.ts'
import { manualClock } from '../../support/manual-clock.ts'

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

function setup() {
  const logs: FinishedLog[] = []
  const recording = new Recording()
  const logger = createLogger({
    clock: manualClock(),
    recording,
    onLog: (log) => logs.push(log),
  })
  const attributes = () => Object.fromEntries((logs.at(-1)?.attributes ?? []).map(({ key, value }) => [key, value]))
  return { logger, recording, logs, attributes }
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

describe('topic', () => {
  const handling = withTopic(ROOT_CONTEXT, 'conversation/heard')
  const cases = [
    { name: 'none', bindings: {}, fields: {}, handled: false, want: {} },
    { name: 'of the message that is handled', bindings: {}, fields: {}, handled: true, want: 'conversation/heard' },
    { name: 'of a child', bindings: { topic: 'a/b' }, fields: {}, handled: false, want: 'a/b' },
    { name: 'of a child, before the message’s', bindings: { topic: 'a/b' }, fields: {}, handled: true, want: 'a/b' },
    { name: 'of a call, before a child’s', bindings: { topic: 'a' }, fields: { topic: 'c' }, handled: true, want: 'c' },
    { name: 'by the attribute’s name', bindings: { 'aico.topic': 'a' }, fields: {}, handled: true, want: 'a' },
  ].map((row) => ({ ...row, want: typeof row.want === 'string' ? { 'aico.topic': row.want } : row.want }))
  test.each(cases)('[RD1] [RD2] $name', async ({ bindings, fields, handled, want }) => {
    const { logger, attributes } = setup()
    const child = logger.child(bindings)
    await context.with(handled ? handling : ROOT_CONTEXT, async () => {
      await Promise.resolve()
      child.info(fields, 'x')
    })
    expect(attributes()).toEqual(want)
  })

  test('[RD2] a field topic that is none stays what it is', () => {
    const { logger, attributes } = setup()
    logger.child({ topic: 'a b' }).info('x')
    expect(attributes()).toEqual({ topic: 'a b' })
    logger.info({ topic: 7 }, 'x')
    expect(attributes()).toEqual({ topic: 7 })
  })

  test('[RD2] a child’s child keeps it, setBindings changes it, and bindings are given back as they came', () => {
    const { logger, attributes } = setup()
    const child = logger.child({ topic: 'a' }).child({ b: true })
    child.info('x')
    expect(attributes()).toEqual({ 'aico.topic': 'a', b: true })
    child.setBindings({ topic: 'c' })
    child.info('x')
    expect(attributes()).toEqual({ 'aico.topic': 'c', b: true })
    expect(child.bindings()).toEqual({ topic: 'c', b: true })
  })
})

describe('rules', () => {
  const rules = [
    { topic: '', level: 'warn' },
    { topic: 'talk/', level: 'debug' },
  ] as const

  test.each([
    { name: 'a rule alone', level: 'trace', topic: undefined, written: ['warn', 'error', 'fatal'] },
    { name: 'a rule that is stricter', level: 'info', topic: undefined, written: ['warn', 'error', 'fatal'] },
    { name: 'code that is stricter', level: 'error', topic: undefined, written: ['error', 'fatal'] },
    { name: 'code that is silent', level: 'silent', topic: undefined, written: [] },
    { name: 'a topic’s rule', level: 'trace', topic: 'talk/a', written: ['debug', 'info', 'warn', 'error', 'fatal'] },
    { name: 'a topic’s rule, and code', level: 'info', topic: 'talk/a', written: ['info', 'warn', 'error', 'fatal'] },
  ] as const)('[RD8] [RD9] [RD10] $name: what is written is what isLevelEnabled says', ({ level, topic, written }) => {
    const { logger, recording, logs } = setup()
    const child = logger.child({ topic }, { level })
    recording.set(rules)
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
    for (const each of levels) child[each]('x')
    expect(logs.map(({ severityText }) => severityText?.toLowerCase())).toEqual(written)
    expect(levels.filter((each) => child.isLevelEnabled(each))).toEqual(written)
  })

  test('[RD8] of a call that is left out nothing is looked at', () => {
    const { logger, recording, logs } = setup()
    recording.set(rules)
    logger.info(
      {
        get field() {
          return expect.fail('looked at')
        },
      },
      'x',
    )
    expect(logs).toEqual([])
  })

  test('[RD11] a topic that comes with a call is recorded and not asked for', () => {
    const { logger, recording, logs } = setup()
    recording.set(rules)
    logger.debug({ topic: 'talk/a' }, 'no')
    logger.warn({ topic: 'talk/a' }, 'yes')
    expect(logs.map(({ body }) => body)).toEqual(['yes'])
  })
})
