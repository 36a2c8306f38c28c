import { context, trace } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { MAX_SUBSCRIPTIONS } from '../../src/bus/module-session.ts'
import { connect, type Module, type ReceivedMessage } from '../../src/sdk/index.ts'
import type { Envelope } from '../../src/wire/bus-envelope.ts'
import { makeBus, RawModule } from './bus-harness.ts'

const envelope = (fields: Partial<Envelope> = {}): Envelope => ({
  v: 1,
  id: 'm1',
  topic: 'conversation/heard',
  time_unix_nano: '1700000000000000000',
  content_type: 'text/plain',
  ...fields,
})

/** The first message a module gets under a prefix, once its subscription stands. */
async function nextMessage(mesh: Module, prefix: string): Promise<{ readonly message: Promise<ReceivedMessage> }> {
  const { promise, resolve } = Promise.withResolvers<ReceivedMessage>()
  mesh.subscribe(prefix, resolve)
  expect(await mesh.flush()).toBe(true)
  return { message: promise }
}

describe('messages between modules over real sockets', () => {
  test('[BU24] the sender’s span is parent and link of the receiver’s, through the real broker', async () => {
    await using setup = await makeBus(['ear', 'core'])
    await setup.bus.start()
    const ear = connect({ credential: setup.credential('ear') })
    const core = connect({ credential: setup.credential('core') })
    const { promise: handled, resolve: done } = Promise.withResolvers<ReceivedMessage>()
    core.subscribe('conversation/', (message) => {
      core.logger.info('thinking')
      core.tracer.startSpan('think').end()
      done(message)
    })
    expect(await core.flush()).toBe(true)
    ear.tracer.startActiveSpan('utterance', (span) => {
      ear.publish('conversation/heard', { text: 'hello' }, { conversationId: 'c-1' })
      span.end()
    })
    const message = await handled
    expect(message).toMatchObject({ source: 'ear', contentType: 'application/json', conversationId: 'c-1' })
    expect(message.json()).toEqual({ text: 'hello' })
    expect([await ear.close(), await core.close()]).toEqual([true, true])

    const spans = new Map(setup.sink.spans().map((span) => [span.name, span]))
    const [root, sent, processed, inner] = [
      'utterance',
      'publish conversation/heard',
      'process conversation/heard',
      'think',
    ].map((name) => spans.get(name))
    expect(sent).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId, kind: 4 })
    expect(processed).toMatchObject({ traceId: root?.traceId, parentSpanId: sent?.spanId, kind: 5 })
    expect(processed?.links).toMatchObject([{ traceId: sent?.traceId, spanId: sent?.spanId }])
    expect((processed?.flags ?? 0) & 0x300, 'the parent is known to be remote').toBe(0x300)
    expect(inner).toMatchObject({ traceId: root?.traceId, parentSpanId: processed?.spanId })
    expect(setup.sink.logs('core')[0]).toMatchObject({ traceId: root?.traceId, spanId: processed?.spanId })
    expect(processed?.attributes).toEqual(
      expect.arrayContaining([
        { key: 'messaging.system', value: 'zeromq' },
        { key: 'messaging.destination.name', value: 'conversation/heard' },
        { key: 'messaging.message.conversation_id', value: 'c-1' },
        { key: 'aico.bus.source', value: 'ear' },
      ]),
    )
  })

  test('[BU22] a forged source is replaced by the name of the credential', async () => {
    await using setup = await makeBus(['liar', 'core'])
    await setup.bus.start()
    const core = connect({ credential: setup.credential('core') })
    const { message } = await nextMessage(core, '')
    using liar = new RawModule(setup.credential('liar'))
    await liar.greet()
    await liar.send({ kind: 'publish', seq: 1, envelope: envelope({ source: 'core' }), body: new Uint8Array(0) })
    expect((await message).source).toBe('liar')
    await core.close()
  })

  test('[BU23] ids that are no W3C ids give the same trace everywhere, and are kept as an attribute', async () => {
    await using setup = await makeBus(['old', 'core'])
    await setup.bus.start()
    const core = connect({ credential: setup.credential('core') })
    const { message } = await nextMessage(core, 'conversation/')
    using old = new RawModule(setup.credential('old'))
    await old.greet()
    const block = { trace_id: 'abc123', span_id: 'ghi789', parent_span_id: 'def456' }
    await old.send({ kind: 'publish', envelope: envelope({ trace: block }), body: new Uint8Array(0) })
    await message
    await core.close()
    expect(setup.sink.spans('core')[0]).toMatchObject({
      traceId: 'ef97a1ac0e10a1d2412c917ae5a2f778',
      attributes: expect.arrayContaining([{ key: 'aico.trace.legacy_id', value: ['abc123', 'ghi789'] }]) as unknown,
    })
  })

  test('[BU41] prefixes select topics, one message reaches every subscriber once, its publisher too if it asked', async () => {
    await using setup = await makeBus(['a', 'b'])
    await setup.bus.start()
    using a = new RawModule(setup.credential('a'))
    using b = new RawModule(setup.credential('b'))
    await a.greet()
    await b.greet()
    await a.send({ kind: 'subscribe', seq: 1, prefix: 'x/' })
    await a.send({ kind: 'subscribe', seq: 2, prefix: 'x/y' })
    await b.send({ kind: 'subscribe', seq: 1, prefix: 'z' })
    await a.receive()
    await a.receive()
    await b.receive()
    await a.send({ kind: 'publish', seq: 3, envelope: envelope({ topic: 'x/y' }), body: Uint8Array.of(1) })
    const answers = [await a.receive(), await a.receive()]
    expect(answers).toContainEqual({ kind: 'ack', seq: 3 })
    expect(answers).toContainEqual({
      kind: 'message',
      envelope: envelope({ topic: 'x/y', source: 'a' }),
      body: Uint8Array.of(1),
    })
    await a.send({ kind: 'unsubscribe', seq: 4, prefix: 'x/' })
    await a.send({ kind: 'unsubscribe', seq: 5, prefix: 'x/y' })
    await a.send({ kind: 'publish', seq: 6, envelope: envelope({ topic: 'x/y' }), body: new Uint8Array(0) })
    expect([await a.receive(), await a.receive(), await a.receive()].map((answer) => answer.kind)).toEqual([
      'ack',
      'ack',
      'ack',
    ])
    await b.send({ kind: 'ping', seq: 2 })
    expect(await b.receive(), 'b saw nothing of x').toEqual({ kind: 'ack', seq: 2 })
  })

  test('[BU43] a session has a limited number of subscriptions, and a repeated one costs nothing', async () => {
    await using setup = await makeBus(['a'])
    await setup.bus.start()
    using a = new RawModule(setup.credential('a'))
    await a.greet()
    const answers = []
    for (let i = 0; i <= MAX_SUBSCRIPTIONS; i++) {
      await a.send({ kind: 'subscribe', seq: i, prefix: `t${i}` })
      answers.push(await a.receive())
    }
    expect(answers.filter((answer) => answer.kind === 'ack')).toHaveLength(MAX_SUBSCRIPTIONS)
    expect(answers.at(-1)).toEqual({ kind: 'nack', seq: MAX_SUBSCRIPTIONS, code: 'BUS_SUBSCRIPTION_LIMIT' })
    await a.send({ kind: 'subscribe', seq: 999, prefix: 't0' })
    expect(await a.receive()).toEqual({ kind: 'ack', seq: 999 })
  })

  test('[BU42] a module that does not read loses old messages, counted, and delays nobody', async () => {
    await using setup = await makeBus(['slow', 'fast', 'source'])
    await setup.bus.start()
    using slow = new RawModule(setup.credential('slow'), { receiveHighWaterMark: 8 })
    await slow.greet()
    await slow.send({ kind: 'subscribe', seq: 1, prefix: '' })
    await slow.receive()
    const fast = connect({ credential: setup.credential('fast') })
    let onFast = (): void => {}
    fast.subscribe('', () => onFast())
    expect(await fast.flush()).toBe(true)
    using source = new RawModule(setup.credential('source'))
    await source.greet()
    const padding = 'x'.repeat(100_000)
    for (let i = 0; i < 800; i++) {
      const body = new TextEncoder().encode(`${String(i).padStart(4, '0')}${padding}`)
      const { promise: arrived, resolve } = Promise.withResolvers<void>()
      onFast = resolve
      await source.send({ kind: 'publish', seq: i, envelope: envelope({ id: `m${i}` }), body })
      expect(await source.receive()).toEqual({ kind: 'ack', seq: i })
      await arrived
    }
    const slowStatus = setup.bus.modules().find((module) => module.name === 'slow')
    expect(slowStatus?.counters.droppedMessages).toBeGreaterThan(0)
    expect(setup.bus.modules().find((module) => module.name === 'fast')?.counters.droppedMessages).toBe(0)
    await fast.close()
  })

  test('[BU56] what a handler throws is on its span and nowhere else', async () => {
    await using setup = await makeBus(['a'])
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('a') })
    mesh.subscribe('late', async () => Promise.reject(new TypeError('async')))
    mesh.subscribe('now', () => {
      throw new TypeError('sync')
    })
    expect(await mesh.flush()).toBe(true)
    mesh.publish('late', 1)
    mesh.publish('now', 1)
    const processed = () => setup.sink.spans('a').filter((span) => span.name.startsWith('process'))
    await setup.sink.until(() => processed().length === 2)
    for (const span of processed()) {
      expect(span.status.code).toBe(2)
      expect(span.attributes).toContainEqual({ key: 'error.type', value: 'TypeError' })
      expect(span.events[0]?.name).toBe('exception')
    }
    await mesh.close()
  })

  test('[BU55] the context travels between devices in HTTP headers', async () => {
    await using setup = await makeBus(['here', 'there'])
    await setup.bus.start()
    const here = connect({ credential: setup.credential('here') })
    const there = connect({ credential: setup.credential('there') })
    const headers = here.tracer.startActiveSpan('request', (span) => {
      span.end()
      return here.inject<Record<string, string>>({ accept: '*/*' })
    })
    context.with(there.extract(headers), () => there.tracer.startSpan('serve').end())
    await here.close()
    await there.close()
    const [request] = setup.sink.spans('here')
    expect(headers['traceparent']).toMatch(new RegExp(`^00-${request?.traceId}-${request?.spanId}-03$`))
    expect(setup.sink.spans('there')[0]).toMatchObject({ traceId: request?.traceId, parentSpanId: request?.spanId })
    expect(trace.getSpanContext(there.extract({}))).toBeUndefined()
  })
})
