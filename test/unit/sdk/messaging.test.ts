import { context as contextApi, SpanStatusCode } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { MAX_RUNNING_HANDLERS, Messaging } from '../../../src/sdk/messaging.ts'
import type { FinishedSpan } from '../../../src/sdk/span.ts'
import { MAX_REQUESTS } from '../../../src/sdk/requests.ts'
import { RandomIds } from '../../../src/sdk/random-ids.ts'
import { Recording } from '../../../src/sdk/recording.ts'
import { ModuleTracer } from '../../../src/sdk/tracer.ts'
import type { Envelope } from '../../../src/wire/bus-envelope.ts'
import { MAX_BODY_BYTES } from '../../../src/wire/bus-frames.ts'
import { manualClock } from '../../support/manual-clock.ts'

beforeAll(() => contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => contextApi.disable())

/** Kinds of spans as OTLP counts them. */
const [CLIENT, PRODUCER] = [3, 4]
const envelope: Envelope = { v: 1, id: 'm', topic: 'a/b', source: 's', time_unix_nano: '1', content_type: 'x' }

function setup() {
  const clock = manualClock()
  const spans: FinishedSpan[] = []
  const sent: { envelope: Envelope; body: Uint8Array }[] = []
  const prefixes: string[] = []
  const recording = new Recording()
  const ids = new RandomIds((length) => nodeCrypto.randomBytes(length))
  const messaging = new Messaging({
    module: 'asker',
    sessionId: 'session-1',
    tracer: new ModuleTracer({
      clock,
      ids,
      recording,
      onUnsampled: () => {},
      onEnd: (span) => spans.push(span),
    }),
    clock,
    crypto: nodeCrypto,
    send: (sentEnvelope, body) => sent.push({ envelope: sentEnvelope, body }) > 0,
    subscribe: (prefix) => prefixes.push(`+${prefix}`),
    unsubscribe: (prefix) => prefixes.push(`-${prefix}`),
  })
  return { clock, messaging, recording, spans, sent, prefixes }
}

describe('publish', () => {
  test.each([
    { payload: 'text', type: 'text/plain; charset=utf-8', body: 'text' },
    { payload: { a: [1] }, type: 'application/json', body: '{"a":[1]}' },
    { payload: null, type: 'application/json', body: 'null' },
    { payload: Uint8Array.of(65), type: 'application/octet-stream', body: 'A' },
  ])('[BU20] a payload says what it is: $type', ({ payload, type, body }) => {
    const { messaging, sent } = setup()
    expect(messaging.publish('a', payload)).toBe(true)
    expect([sent[0]?.envelope.content_type, new TextDecoder().decode(sent[0]?.body)]).toEqual([type, body])
  })

  test('[BU25] its span is named by the topic, and block and header of the envelope name the span', () => {
    const { messaging, spans, sent } = setup()
    messaging.publish('a/b', 1, { conversationId: 'c', attributes: { mine: true } })
    const [span] = spans
    const [message] = sent
    expect(span).toMatchObject({ name: 'publish a/b', kind: PRODUCER })
    expect(message?.envelope.trace).toMatchObject({ trace_id: span?.traceId, span_id: span?.spanId })
    expect(message?.envelope.traceparent).toBe(`00-${span?.traceId}-${span?.spanId}-03`)
    expect(Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value]))).toEqual({
      mine: true,
      'messaging.system': 'zeromq',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'a/b',
      'messaging.message.id': message?.envelope.id,
      'messaging.message.conversation_id': 'c',
    })
  })

  test('[BU20] the caller may reuse its buffer at once', () => {
    const { messaging, sent } = setup()
    const buffer = Uint8Array.of(1)
    messaging.publish('a', buffer)
    buffer[0] = 2
    expect(sent[0]?.body).toEqual(Uint8Array.of(1))
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  test.each([
    { name: 'a wrong topic', args: ['a//b', 1], type: 'BUS_TOPIC_INVALID' },
    { name: 'a circle', args: ['a', circle], type: 'SDK_PAYLOAD_INVALID' },
    { name: 'nothing', args: ['a', undefined], type: 'SDK_PAYLOAD_INVALID' },
    { name: 'too large a payload', args: ['a', new Uint8Array(MAX_BODY_BYTES + 1)], type: 'BUS_BODY_TOO_LARGE' },
    { name: 'a wrong conversation id', args: ['a', 1, { conversationId: 'a b' }], type: 'BUS_FIELD_INVALID' },
  ] as { name: string; args: Parameters<Messaging['publish']>; type: string }[])(
    '[BU50] $name is not sent, and its span says why',
    ({ args, type }) => {
      const { messaging, spans, sent } = setup()
      expect(messaging.publish(...args)).toBe(false)
      expect(sent).toEqual([])
      expect(spans[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: type })
      expect(spans[0]?.attributes).toContainEqual({ key: 'error.type', value: type })
    },
  )
})

describe('subscribe', () => {
  test('[BU41] every handler whose prefix matches runs, and a prefix is given up with its last handler', async () => {
    const { messaging, prefixes } = setup()
    const ran: string[] = []
    const [first, second] = [1, 2].map((n) => messaging.subscribe('a/', () => ran.push(`a${n}`)))
    messaging.subscribe('b', () => ran.push('b'))
    messaging.receive(envelope, new Uint8Array(0))
    first?.()
    first?.()
    messaging.receive(envelope, new Uint8Array(0))
    second?.()
    await messaging.close()
    expect(ran).toEqual(['a1', 'a2', 'a2'])
    expect(prefixes).toEqual(['+a/', '+a/', '+b', '-a/'])
  })

  test('[RD1] what a handler does is about the message’s topic, also later and in its answer', async () => {
    const { messaging, spans } = setup()
    messaging.subscribe('a/', async () => {
      await Promise.resolve()
      messaging.publish('c', 1)
      return 'an answer'
    })
    messaging.receive({ ...envelope, source: 's', reply_to: 'reply/s/1' }, new Uint8Array(0))
    await messaging.close()
    messaging.publish('d', 1)
    const topicOf = ({ attributes }: FinishedSpan) => attributes.find(({ key }) => key === 'aico.topic')?.value
    expect(spans.map((span) => [span.name, topicOf(span)])).toEqual([
      ['publish c', 'a/b'],
      ['publish reply/s/1', 'a/b'],
      ['process a/b', 'a/b'],
      ['publish d', undefined],
    ])
  })

  test('[RD12] [RD14] [RD15] of a trace that is not kept neither side records anything', async () => {
    const [asker, answerer] = [setup(), setup()]
    asker.recording.set([{ topic: 'a/', sample: 0 }])
    asker.messaging.publish('a/b', 1)
    asker.messaging.publish('c', 1)
    answerer.messaging.subscribe('', () => {})
    for (const { envelope: sent, body } of asker.sent) answerer.messaging.receive({ ...sent, source: 's' }, body)
    await answerer.messaging.close()
    expect(asker.sent.map(({ envelope: { traceparent } }) => traceparent?.slice(-2))).toEqual(['02', '03'])
    expect(asker.spans.map(({ name }) => name)).toEqual(['publish c'])
    expect(answerer.spans.map(({ name }) => name)).toEqual(['process c'])
  })

  test('[BU21] a wrong prefix subscribes to nothing', () => {
    const { messaging, prefixes } = setup()
    messaging.subscribe('a b', () => {})()
    expect(prefixes).toEqual([])
  })

  test('[BU51] while too many handlers run, messages are dropped and counted', async () => {
    const { messaging } = setup()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let ran = 0
    messaging.subscribe('', () => {
      ran++
      return gate
    })
    for (let i = 0; i < MAX_RUNNING_HANDLERS + 3; i++) messaging.receive(envelope, new Uint8Array(0))
    expect([ran, messaging.dropped]).toEqual([MAX_RUNNING_HANDLERS, 3])
    open()
    await messaging.close()
  })

  test('[BU52] close waits for the handlers that run', async () => {
    const { messaging, spans } = setup()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    messaging.subscribe('', () => gate)
    messaging.receive(envelope, new Uint8Array(0))
    const closed = messaging.close()
    expect(spans).toEqual([])
    open()
    await closed
    expect(spans.map((span) => span.name)).toEqual(['process a/b'])
  })
})

describe('request', () => {
  const INBOX = 'reply/asker/session-1'
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

  /** One asks, the other answers; the broker between them names who speaks. */
  function pair() {
    const [asker, answerer] = [setup(), setup()]
    const deliver = (): void => {
      for (const { envelope: sent, body } of asker.sent.splice(0)) {
        answerer.messaging.receive({ ...sent, source: 'asker' }, body)
      }
    }
    const answer = async (): Promise<void> => {
      await answerer.messaging.close()
      for (const { envelope: sent, body } of answerer.sent.splice(0)) asker.messaging.receive(sent, body)
    }
    return { asker, answerer, deliver, answer }
  }

  test('[BU73] resolves with what the other side’s handler returns, and is one trace', async () => {
    const { asker, answerer, deliver, answer } = pair()
    answerer.messaging.subscribe('sum', (message) => (message.json() as number[]).reduce((a, b) => a + b))
    const asked = asker.messaging.request('sum', [1, 2, 3])
    expect(asker.prefixes).toEqual([`+${INBOX}`])
    expect(asker.sent[0]?.envelope.reply_to).toBe(INBOX)
    deliver()
    await answer()
    expect((await asked).json()).toBe(6)
    expect(asker.spans.map(({ name, kind }) => [name, kind])).toEqual([
      ['publish sum', PRODUCER],
      ['request sum', CLIENT],
    ])
    expect(asker.spans[0]?.parentSpanId).toBe(asker.spans[1]?.spanId)
    expect(answerer.spans.map(({ name }) => name)).toEqual([`publish ${INBOX}`, 'process sum'])
    expect(new Set([...asker.spans, ...answerer.spans].map(({ traceId }) => traceId)).size).toBe(1)
  })

  test('[BU73] a handler that returns nothing answers nothing, and the request ends at its timeout', async () => {
    const { asker, answerer, deliver, answer } = pair()
    answerer.messaging.subscribe('', () => {})
    const asked = asker.messaging.request('a', 1, { timeoutMs: 10 })
    deliver()
    await answer()
    asker.clock.advance(10)
    await expect(asked).rejects.toMatchObject({ code: 'SDK_REQUEST_TIMEOUT' })
    expect(asker.spans.at(-1)?.status.code).toBe(SpanStatusCode.ERROR)
    asker.messaging.receive({ ...envelope, topic: INBOX, in_reply_to: 'late' }, json(1))
  })

  test('[BU73] what the handler throws is told by its type, never its words', async () => {
    const { asker, answerer, deliver, answer } = pair()
    answerer.messaging.subscribe('', () => {
      throw new RangeError('a secret')
    })
    const asked = asker.messaging.request('a', 1)
    deliver()
    await answerer.messaging.close()
    expect(new TextDecoder().decode(answerer.sent[0]?.body)).toBe('null')
    expect(answerer.sent[0]?.envelope.error_type).toBe('RangeError')
    await answer()
    await expect(asked).rejects.toMatchObject({ code: 'SDK_REQUEST_FAILED', details: { type: 'RangeError' } })
  })

  test('[BU73] what cannot be sent, or asked for once too often, is rejected at once', async () => {
    const { messaging } = setup()
    await expect(messaging.request('a b', 1)).rejects.toMatchObject({ code: 'SDK_REQUEST_NOT_SENT' })
    for (let i = 0; i < MAX_REQUESTS; i++) messaging.request('a', 1).catch(() => {})
    await expect(messaging.request('a', 1)).rejects.toMatchObject({ code: 'SDK_REQUEST_NOT_SENT' })
  })

  test.each([
    ['another module’s topic', 'reply/other/x'],
    ['a topic of everybody’s', 'conversation/heard'],
  ])('[BU73] an answer that should go to %s is not sent', async (_, replyTo) => {
    const { messaging, sent } = setup()
    messaging.subscribe('', () => 1)
    messaging.receive({ ...envelope, source: 'asker', reply_to: replyTo }, json(1))
    await messaging.close()
    expect(sent).toEqual([])
  })
})
