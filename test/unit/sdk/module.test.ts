import { context } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { Module } from '../../../src/sdk/module.ts'
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

test('[BU76] an error that is captured says where it was, not where it was written', async () => {
  const link: FakeLink[] = []
  const openLink = (onFrames: ConstructorParameters<typeof FakeLink>[0]): FakeLink => {
    link.push(new FakeLink(onFrames))
    return link[0] as FakeLink
  }
  const module = new Module('core', { clock: manualClock(), crypto: nodeCrypto, openLink }, { codeLocation: true })
  module.start()
  link[0]?.open()
  await settled()
  link[0]?.say({ kind: 'welcome', v: 1, module: 'core', stage: 'pro', session: 's' })
  module.captureError(new Error('broken'))
  void module.flush()
  await settled()
  const [record] = (link[0]?.sent ?? []).flatMap((message) =>
    message.kind === 'telemetry' ? decodeLogRecords(message.body) : [],
  )
  expect(record?.attributes).toContainEqual({
    key: 'code.file.path',
    value: expect.stringMatching(/module\.test\.ts/) as string,
  })
})
