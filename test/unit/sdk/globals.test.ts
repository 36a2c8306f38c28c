import { context, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { setGlobals } from '../../../src/sdk/globals.ts'
import { Module } from '../../../src/sdk/module.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { FakeLink } from './fake-link.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

afterEach(() => {
  trace.disable()
  metrics.disable()
  propagation.disable()
  context.disable()
})

function newModule(name: string): Module {
  return new Module(name, { clock: manualClock(), crypto: nodeCrypto, openLink: (onFrames) => new FakeLink(onFrames) })
}

test('[BU59] a library that instruments through the API reports through the module, under its own scope', () => {
  const module = newModule('core')
  setGlobals(module)
  const span = trace.getTracer('library', '3').startSpan('work')
  expect(span.isRecording()).toBe(true)
  span.end()
  metrics.getMeter('library').createCounter('n').add(Number.NaN)
  expect(module.stats.badValues).toBe(1)
})

test('[BU59] who was there before stays', () => {
  const [first, second] = [newModule('first'), newModule('second')]
  setGlobals(first)
  setGlobals(second)
  metrics.getMeter('library').createCounter('n').add(Number.NaN)
  expect([first.stats.badValues, second.stats.badValues]).toEqual([1, 0])
})

test('[BU59] contexts cross by W3C headers through the API as well', () => {
  setGlobals(newModule('core'))
  const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1' }
  const carried: Record<string, string> = {}
  propagation.inject(propagation.extract(ROOT_CONTEXT, headers), carried)
  expect(carried).toEqual(headers)
  expect(propagation.fields()).toEqual(['traceparent', 'tracestate'])
})
