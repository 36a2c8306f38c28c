import { context } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { Module } from '../../../src/sdk/module.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { FakeLink } from './fake-link.ts'

afterEach(() => context.disable())

test('[BU52] [BU58] flush ends at its timeout, whoever observes and never answers', async () => {
  const clock = manualClock()
  const module = new Module('core', { clock, crypto: nodeCrypto, openLink: (onFrames) => new FakeLink(onFrames) })
  module.meter.createObservableGauge('hangs').addCallback(() => new Promise(() => {}))
  const flushed = module.flush({ timeoutMs: 100 })
  clock.advance(100)
  expect(await flushed).toBe(false)
})
