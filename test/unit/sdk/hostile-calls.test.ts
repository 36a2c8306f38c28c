/** Types do not bind a caller in JavaScript: whatever a module hands over, in any place, nothing throws back at it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { context } from '@opentelemetry/api'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { Module } from '../../../src/sdk/module.ts'
import { SdkError } from '../../../src/sdk/sdk-error.ts'
import { hostileValues } from '../../support/hostile-values.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { FakeLink } from './fake-link.ts'

let module: Module
beforeEach(() => {
  const openLink = (onFrames: ConstructorParameters<typeof FakeLink>[0]): FakeLink => new FakeLink(onFrames)
  module = new Module('core', { clock: manualClock(), crypto: nodeCrypto, openLink })
})
afterEach(() => context.disable())

const calls: Readonly<Record<string, (any: never) => unknown>> = {
  'publish, everything': (any) => module.publish(any, any, any),
  'publish, payload': (any) => module.publish('t', any),
  'publish, options': (any) => module.publish('t', {}, any),
  'publish, attributes': (any) => module.publish('t', {}, { attributes: any, conversationId: any, contentType: any }),
  subscribe: (any) => module.subscribe(any, any)(),
  'subscribe, handler': (any) => module.subscribe('x', any)(),
  'audit, everything': (any) => module.audit(any, any, any),
  'audit, data': (any) => module.audit('memory.erased', any),
  notify: (any) => module.notify(any),
  event: (any) => module.event(any, any),
  captureError: (any) => module.captureError(any, any),
  inject: (any) => module.inject(any),
  extract: (any) => module.extract(any),
  registerHealthCheck: (any) => module.registerHealthCheck(any, any)(),
  counter: (any) => module.meter.createCounter(any, any).add(any, any),
  'counter, attributes': (any) => module.meter.createCounter('c').add(1, any),
  'up-down counter': (any) => module.meter.createUpDownCounter(any, any).add(any, any),
  gauge: (any) => module.meter.createGauge(any, any).record(any, any),
  histogram: (any) => module.meter.createHistogram(any, any).record(any, any),
  'histogram, bounds': (any) =>
    module.meter.createHistogram('h', { advice: { explicitBucketBoundaries: any } }).record(1),
  'observable gauge': (any) => module.meter.createObservableGauge(any, any).addCallback(any),
  'batch of observables': (any) => module.meter.addBatchObservableCallback(any, any),
  logger: (any) => module.logger.info(any, any, any),
  'logger, message': (any) => module.logger.info('%s %o %d', any, any, any),
  'logger, child': (any) => module.logger.child(any, any).info('x'),
  'logger, bindings': (any) => module.logger.setBindings(any),
  'logger, level': (any) => {
    module.logger.level = any
    module.logger.isLevelEnabled(any)
    module.logger.info('x')
  },
  providers: (any) => [module.tracerProvider.getTracer(any, any), module.meterProvider.getMeter(any, any)],
  'pino destination': (any) => module.pinoDestination().write(any),
  flush: (any) => void module.flush(any),
}

for (const [place, call] of Object.entries(calls)) {
  test.each(hostileValues)(`[BU50] ${place}: $name throws nothing`, ({ hostile }) => {
    expect(() => call(hostile as never)).not.toThrow()
  })
}

// A text is a topic.
test.each(hostileValues.filter(({ hostile }) => typeof hostile !== 'string'))(
  '[BU73] a request with $name everywhere is not sent, and says so by its code',
  async ({ hostile }) => {
    const any = hostile as never
    await expect(module.request(any, any, any)).rejects.toThrow(SdkError)
  },
)
