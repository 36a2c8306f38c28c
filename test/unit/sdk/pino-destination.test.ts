import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAX_LINE_CHARS, pinoDestination } from '../../../src/sdk/pino-destination.ts'
import type { FinishedLog } from '../../../src/sdk/logger.ts'
import { Recording } from '../../../src/sdk/recording.ts'
import { withTopic } from '../../../src/sdk/topic.ts'
import { toNanoTime } from '../../../src/sdk/time-input.ts'
import { manualClock } from '../../support/manual-clock.ts'

const NOW_MS = 1_700_000_000_000

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

function setUp(options: pino.LoggerOptions = {}) {
  const logs: FinishedLog[] = []
  const recording = new Recording()
  let badLines = 0
  const destination = pinoDestination({
    clock: manualClock(NOW_MS),
    recording,
    onLog: (log) => logs.push(log),
    onBadLine: () => badLines++,
  })
  const attributes = (at = -1) =>
    Object.fromEntries((logs.at(at)?.attributes ?? []).map(({ key, value }) => [key, value]))
  return {
    log: pino({ level: 'trace', ...options }, destination),
    destination,
    recording,
    logs,
    attributes,
    badLines: () => badLines,
  }
}

test('[BU60] what pino writes becomes a record: message, level, time, fields, bindings', () => {
  const { log, logs, attributes } = setUp({ timestamp: () => `,"time":${NOW_MS + 1}` })
  log.child({ part: 'ear' }).warn({ words: 4 }, 'heard %s', 'something')
  expect(logs).toMatchObject([
    {
      body: 'heard something',
      severityNumber: 13,
      severityText: 'WARN',
      timeUnixNano: toNanoTime(NOW_MS + 1),
    },
  ])
  expect(attributes()).toEqual({ part: 'ear', words: 4 })
})

test('[BU60] levels of pino become severities, and those between keep their order', () => {
  const { destination, logs } = setUp()
  for (const level of [10, 20, 30, 35, 40, 50, 60, 90]) destination.write(JSON.stringify({ level, msg: 'x' }))
  destination.write('{"level":"error"}')
  destination.write('{"msg":"no level"}')
  expect(logs.map(({ severityNumber }) => severityNumber)).toEqual([1, 5, 9, 11, 13, 17, 21, 24, 17, 0])
})

test('[BU60] an error has OpenTelemetry’s exception attributes', () => {
  const { log, attributes } = setUp()
  log.error(new TypeError('broken'))
  expect(attributes()).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': 'broken',
    'exception.stacktrace': expect.stringContaining('pino-destination.test') as string,
  })
})

test('[BU60] ISO times are read, and without a time it is now', () => {
  const { destination, logs } = setUp()
  destination.write('{"time":"2023-11-14T22:13:20.001Z"}')
  destination.write('{}')
  destination.write('{"time":-5}')
  expect(logs.map(({ timeUnixNano }) => timeUnixNano)).toEqual([NOW_MS + 1, NOW_MS, NOW_MS].map(toNanoTime))
})

test('[BU60] the active span is on it', () => {
  const { log, logs } = setUp()
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
  context.with(trace.setSpanContext(context.active(), span), () => log.info('in it'))
  log.info('outside')
  const { traceFlags: flags, ...named } = span
  expect(logs[0]).toMatchObject({ ...named, flags })
  expect(logs[1]?.traceId).toBeUndefined()
})

test('[BU60] without an active span the one that its fields name, and fields that name none stay fields', () => {
  const { destination, logs, attributes } = setUp()
  const ids = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331', trace_flags: '01' }
  destination.write(JSON.stringify(ids))
  expect(logs[0]).toMatchObject({ traceId: ids.trace_id, spanId: ids.span_id, flags: 1 })
  expect(attributes()).toEqual({})
  destination.write(JSON.stringify({ ...ids, span_id: 'none' }))
  expect(logs[1]?.traceId).toBeUndefined()
  expect(attributes()).toMatchObject({ span_id: 'none' })
})

test('[BU60] a line that is no record is counted, and the host is not told', () => {
  const { log, destination, badLines, attributes } = setUp({ base: { pid: 1, hostname: 'kitchen', app: 'a' } })
  for (const line of ['', 'text', '[1]', 'null', '7', `{"a":"${'x'.repeat(MAX_LINE_CHARS)}"}`]) destination.write(line)
  destination.write(undefined as never)
  expect(badLines()).toBe(7)
  log.info('hello')
  expect(attributes()).toEqual({ app: 'a' })
})

test('[RD1] [RD2] a line’s topic is its field, a child’s binding, or the message’s', () => {
  const { log, attributes } = setUp()
  log.child({ topic: 'a/b' }).info('x')
  expect(attributes()).toEqual({ 'aico.topic': 'a/b' })
  log.info({ topic: 'not one' }, 'x')
  expect(attributes()).toEqual({ topic: 'not one' })
  context.with(withTopic(ROOT_CONTEXT, 'heard'), () => log.info('x'))
  expect(attributes()).toEqual({ 'aico.topic': 'heard' })
})

test('[RD8] [RD10] [RD11] a rule leaves lines out by their level and topic; pino’s own level holds as well', () => {
  const { log, logs, recording } = setUp({ level: 'info' })
  recording.set([
    { topic: '', level: 'error' },
    { topic: 'talk/', level: 'trace' },
  ])
  log.warn('no')
  log.error('yes')
  log.info({ topic: 'talk/a' }, 'yes')
  log.debug({ topic: 'talk/a' }, 'no')
  expect(logs.map(({ body }) => body)).toEqual(['yes', 'yes'])
})
