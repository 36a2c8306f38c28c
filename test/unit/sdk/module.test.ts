import { context } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.ts'
import type { Stage } from '../../../src/model/stage.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { isProcessMetric } from '../../../src/policy/process-metric.ts'
import type { OpenLink } from '../../../src/sdk/link.ts'
import { MAX_MESSAGE_CHARS } from '../../../src/sdk/log-message.ts'
import { Module, type ModuleOptions } from '../../../src/sdk/module.ts'
import type { AgentMessage } from '../../../src/wire/bus-frames.ts'
import { SAMPLE_PERIOD_MS } from '../../../src/sdk/process-metrics/process-sampler.ts'
import { decodeLogRecords } from '../../../src/wire/otlp/decode-logs.ts'
import { decodeMetrics } from '../../../src/wire/otlp/decode-metrics.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { FakeLink, settled } from './fake-link.ts'

afterEach(() => context.disable())

test('[BU52] [BU58] flush ends at its timeout, whoever observes and never answers', async () => {
  const clock = manualClock()
  const module = new Module('core', { clock, crypto: nodeCrypto, openLink: (onFrames) => new FakeLink(onFrames) })
  module.meter.createObservableGauge('hangs').addCallback(() => new Promise(() => {}))
  const flushed = module.flush({ timeoutMs: 100 })
  clock.advance(100)
  expect(await flushed).toBe(false)
})

/** A module in a session at a stage, whose link the test sees. */
async function inSession(clock: Clock, stage: Stage, options: ModuleOptions) {
  const links: FakeLink[] = []
  const openLink: OpenLink = (onFrames) => {
    links.push(new FakeLink(onFrames))
    return links[0] as FakeLink
  }
  const module = new Module('core', { clock, crypto: nodeCrypto, openLink }, options)
  module.start()
  const [link] = links as [FakeLink]
  link.open()
  await settled()
  link.say({ kind: 'welcome', v: 1, module: 'core', stage, session: 's' })
  return { module, link }
}

async function recordsOf(
  record: (module: Module, say: (message: AgentMessage) => void) => void,
  options: ModuleOptions = {},
) {
  const { module, link } = await inSession(manualClock(), 'pro', options)
  record(module, (message) => link.say(message))
  void module.flush()
  await settled()
  const records = link.sent.flatMap((message) => (message.kind === 'telemetry' ? decodeLogRecords(message.body) : []))
  const attributes = records.map((each) => Object.fromEntries(each.attributes.map(({ key, value }) => [key, value])))
  return { records, attributes }
}

test('[BU76] an error that is captured says where it was, not where it was written', async () => {
  const { attributes } = await recordsOf((module) => module.captureError(new Error('broken')), { codeLocation: true })
  expect(attributes[0]?.['code.file.path']).toMatch(/module\.test\.ts/)
})

test('[BU50] [BU53] whatever was thrown is captured as it is: what is no error has no stack, and a getter that throws costs only itself', async () => {
  const fields = {
    kept: 1,
    get broken(): never {
      throw new Error('of the module')
    },
  }
  const { proxy: gone, revoke } = Proxy.revocable({}, {})
  revoke()
  const { records, attributes } = await recordsOf((module) => {
    module.captureError('out of soup', fields)
    module.captureError(new TypeError('x'.repeat(MAX_MESSAGE_CHARS + 1)))
    module.captureError(gone, gone)
    module.captureError(undefined)
  })
  expect(records.map(({ body }) => body)).toEqual([
    'out of soup',
    'x'.repeat(MAX_MESSAGE_CHARS),
    '[unreadable]',
    'undefined',
  ])
  expect(records.map(({ severityNumber }) => severityNumber)).toEqual([17, 17, 17, 17])
  expect(attributes[0]).toMatchObject({ kept: 1n, 'exception.type': 'string', 'exception.message': 'out of soup' })
  expect(attributes[0]).not.toHaveProperty(['exception.stacktrace'])
  expect(attributes[1]).toMatchObject({
    'exception.type': 'TypeError',
    'exception.stacktrace': expect.stringContaining('TypeError: xxx') as string,
  })
})

test('[BU53] an error is captured at every level of the logger, with what the logger always says', async () => {
  const { attributes } = await recordsOf((module) => {
    module.logger.setBindings({ part: 'ear' })
    module.logger.level = 'silent'
    module.captureError(new Error('broken'), { words: 4 })
  })
  expect(attributes).toMatchObject([{ part: 'ear', words: 4n, 'exception.message': 'broken' }])
})

test('[RD1] [RD2] [RD9] an event and an error that is captured carry a topic, and errors are always captured', async () => {
  const { attributes } = await recordsOf((module) => {
    module.event('aico.interaction', { 'aico.topic': 'a' })
    module.captureError(new Error('broken'), { topic: 'b' })
  })
  expect(attributes.map((each) => each['aico.topic'])).toEqual(['a', 'b'])
})

test('[RD8] [RD9] [RD15] what a rule leaves out: events are of level info, spans are counted, errors stay', async () => {
  let stats: unknown
  const { records } = await recordsOf((module, say) => {
    say({ kind: 'recording', rules: [{ topic: '', level: 'error', sample: 0 }] })
    module.event('aico.interaction')
    module.logger.warn('no')
    module.captureError(new Error('broken'))
    module.tracer.startSpan('a').end()
    stats = module.stats
  })
  expect(records.map(({ body }) => body)).toEqual(['broken'])
  expect(stats).toMatchObject({ unsampledSpans: 1, uncollectedRecords: 0 })
})

test('[HE14] the process of a module is measured every period from pro on, where the module asks for it', async () => {
  const clock = manualClock()
  const namesAfter = async (link: FakeLink): Promise<readonly string[]> => {
    const before = link.sent.length
    clock.advance(SAMPLE_PERIOD_MS)
    await settled()
    return link.sent
      .slice(before)
      .flatMap((message) =>
        message.kind === 'telemetry' ? [...decodeMetrics(message.body)].map(({ name }) => name) : [],
      )
  }
  const { module, link } = await inSession(clock, 'pro', { processMetrics: true })
  const names = await namesAfter(link)
  expect(names).toEqual(
    expect.arrayContaining(['process.memory.usage', 'process.cpu.utilization', 'nodejs.eventloop.time']),
  )
  expect(names.every(isProcessMetric)).toBe(true)
  link.say({ kind: 'stage', stage: 'casual' })
  expect(await namesAfter(link)).toEqual([])
  link.say({ kind: 'stage', stage: 'developer' })
  expect(await namesAfter(link)).toContain('process.uptime')
  void module.close()
  await settled()
  expect(await namesAfter(link)).toEqual([])
  const { link: silent } = await inSession(clock, 'developer', {})
  expect(await namesAfter(silent)).toEqual([])
})

test('[RD15] [RD16] while no trace is kept, log records, audit events, notifications and metrics are', async () => {
  const { module, link } = await inSession(manualClock(), 'developer', {})
  link.say({ kind: 'recording', rules: [{ topic: '', sample: 0 }] })
  module.tracer.startActiveSpan('a', (span) => {
    module.logger.info('in a span that is not')
    module.audit('memory.erased')
    module.notify('The kettle is on')
    module.meter.createCounter('cups').add(1)
    span.end()
  })
  void module.flush()
  await settled()
  const signals = link.sent.map((message) => (message.kind === 'telemetry' ? message.signal : message.kind))
  expect(signals.toSorted()).toEqual(['audit', 'hello', 'logs', 'metrics', 'notify'])
  const [log] = link.sent.flatMap((message) =>
    message.kind === 'telemetry' && message.signal === 'logs' ? decodeLogRecords(message.body) : [],
  )
  expect(log).toMatchObject({ body: 'in a span that is not', flags: 2 })
  expect(log?.traceId).toMatch(/^[0-9a-f]{32}$/)
})
