/** W3C Trace Context over both ways in, for real: HTTP between two processes' worth of Node, and the bus between two modules. */
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, trace, type SpanContext } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Module } from '../../src/sdk/index.ts'
import { extractHeaders } from '../../src/sdk/propagation.ts'
import { SPAN_ID, TRACE_CONTEXT, TRACE_ID, type TraceContextRow, type Want } from '../support/trace-context-table.ts'
import { makeBus, RawModule, type TestBus } from './bus-harness.ts'

const rowsOf = (way: 'overHttp' | 'overBus') =>
  TRACE_CONTEXT.flatMap((row) => {
    const want = way in row ? row[way] : row.want
    return want === 'cannot be sent' ? [] : [{ name: row.name, headers: row.headers, want }]
  })

describe('over HTTP', () => {
  let heard: (message: IncomingMessage) => void
  const server = createServer((message, response) => {
    heard(message)
    response.end()
  })
  beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)))
  afterAll(() => new Promise((closed) => server.close(closed)))

  /** The headers as a server's program gets them. */
  function sent(headers: TraceContextRow['headers']): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      heard = resolve
      const { port } = server.address() as AddressInfo
      const raw = [['host', 'localhost'], ...headers].flat()
      request({ port, host: '127.0.0.1', headers: raw, agent: false }, (response) => response.resume())
        .on('error', reject)
        .end()
    })
  }

  test.each(rowsOf('overHttp'))('[TC1] [TC3] [TC4] $name', async ({ headers, want }) => {
    const message = await sent(headers)
    // Either is what a server has at hand: all values of a name, or one text of them.
    expect(meaningOf(trace.getSpanContext(extractHeaders(message.headersDistinct)))).toEqual(want)
    expect(meaningOf(trace.getSpanContext(extractHeaders(message.headers)))).toEqual(want)
  })
})

describe('over the bus', () => {
  let setup: TestBus & AsyncDisposable
  let publisher: RawModule
  let subscriber: Module
  let heard: (active: SpanContext | undefined) => void
  let id = 0

  beforeAll(async () => {
    setup = await makeBus(['mouth', 'ear'])
    await setup.bus.start()
    subscriber = connect({ credential: setup.credential('ear'), global: false })
    subscriber.subscribe('said', () => heard(trace.getSpanContext(context.active())))
    await subscriber.flush() // the subscription stands
    publisher = new RawModule(setup.credential('mouth'))
    await publisher.greet()
  })
  afterAll(async () => {
    publisher[Symbol.dispose]()
    await subscriber.close()
    await setup[Symbol.asyncDispose]()
  })

  /** The span in which the handler runs. */
  function handling(fields: TraceContextRow['headers']): Promise<SpanContext | undefined> {
    const head = { v: 1, id: `m${id++}`, topic: 'said', time_unix_nano: '1', content_type: 'text/plain' }
    const envelope = { ...head, ...Object.fromEntries(fields) }
    return new Promise((resolve) => {
      // By the next round its span has ended.
      heard = (active) => setImmediate(resolve, active)
      void publisher.sendRaw(JSON.stringify({ kind: 'publish', envelope }), 'hello')
    })
  }

  test.each(rowsOf('overBus'))('[TC1] [TC3] [TC4] [BU23] $name', async ({ headers, want }) => {
    const active = await handling(headers)
    if (want === undefined) {
      expect(active?.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(active?.traceId).not.toBe(TRACE_ID)
      return
    }
    expect(active?.traceId).toBe(TRACE_ID)
    expect({ flags: active?.traceFlags, tracestate: active?.traceState?.serialize() ?? '' }).toEqual(want)
    if ((want.flags & 1) === 0) return // a span that is not sampled is not recorded
    expect(await subscriber.flush()).toBe(true)
    const span = setup.sink.spans('ear').find(({ spanId }) => spanId === active?.spanId)
    expect(span).toMatchObject({ parentSpanId: SPAN_ID, traceState: want.tracestate })
  })

  test('[TC3] a field that is a list is no field: the message is refused', async () => {
    const envelope = { v: 1, id: 'm', topic: 'said', time_unix_nano: '1', content_type: 'text/plain' }
    const traceparent = [`00-${TRACE_ID}-${SPAN_ID}-01`]
    await publisher.sendRaw(JSON.stringify({ kind: 'publish', seq: 1, envelope: { ...envelope, traceparent } }), '')
    expect(await publisher.receive()).toEqual({ kind: 'nack', seq: 1, code: 'BUS_FIELD_INVALID' })
  })
})

function meaningOf(found: SpanContext | undefined): Want {
  if (found === undefined) return undefined
  expect([found.traceId, found.spanId, found.isRemote]).toEqual([TRACE_ID, SPAN_ID, true])
  return { flags: found.traceFlags, tracestate: found.traceState?.serialize() ?? '' }
}
