import { context } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { MAX_MESSAGE_CHARS } from '../../../src/sdk/log-message.ts'
import { Module, type ModuleOptions } from '../../../src/sdk/module.ts'
import type { AgentMessage } from '../../../src/wire/bus-frames.ts'
import { decodeLogRecords } from '../../../src/wire/otlp/decode-logs.ts'
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

async function recordsOf(
  record: (module: Module, say: (message: AgentMessage) => void) => void,
  options: ModuleOptions = {},
) {
  const link: FakeLink[] = []
  const openLink = (onFrames: ConstructorParameters<typeof FakeLink>[0]): FakeLink => {
    link.push(new FakeLink(onFrames))
    return link[0] as FakeLink
  }
  const module = new Module('core', { clock: manualClock(), crypto: nodeCrypto, openLink }, options)
  module.start()
  link[0]?.open()
  await settled()
  link[0]?.say({ kind: 'welcome', v: 1, module: 'core', stage: 'pro', session: 's' })
  record(module, (message) => link[0]?.say(message))
  void module.flush()
  await settled()
  const records = (link[0]?.sent ?? []).flatMap((message) =>
    message.kind === 'telemetry' ? decodeLogRecords(message.body) : [],
  )
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
