import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { extractHeaders, injectHeaders, type ReadableHeaders } from '../../../src/sdk/propagation.ts'
import { W3cTraceState } from '../../../src/sdk/trace-state.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const read = (headers: ReadableHeaders) => trace.getSpanContext(extractHeaders(headers))

describe('extract', () => {
  test.each([
    { name: 'a plain header', headers: { traceparent } },
    { name: 'any spelling of its name', headers: { TraceParent: traceparent } },
    { name: 'an array of one, as headersDistinct gives it', headers: { traceparent: [traceparent] } },
  ])('[BU55] reads $name', ({ headers }) => {
    expect(read(headers)).toMatchObject({ traceId: traceparent.slice(3, 35), isRemote: true, traceFlags: 1 })
  })

  test.each([
    { name: 'twice', headers: { traceparent: [traceparent, traceparent] } },
    { name: 'twice under two spellings', headers: { traceparent, Traceparent: traceparent } },
    { name: 'as a number', headers: { traceparent: 5 } },
    { name: 'as nothing', headers: { traceparent: undefined } },
    { name: 'broken', headers: { traceparent: traceparent.toUpperCase() } },
  ])('[TC3] a traceparent that came $name starts a new trace', ({ headers }) => {
    expect(read(headers)).toBeUndefined()
  })

  test('[TC3] tracestate comes along, whole or not at all', () => {
    expect(read({ traceparent, tracestate: ['a=1', 'b=2'] })?.traceState?.serialize()).toBe('a=1,b=2')
    expect(read({ traceparent, tracestate: 'a=1,B' })?.traceState?.serialize()).toBe('')
  })
})

describe('inject', () => {
  test('[BU55] adds to the headers it is given, and reads back', () => {
    const headers = injectHeaders({ accept: '*/*' }, extractHeaders({ traceparent, tracestate: 'a=1' }))
    expect(headers).toEqual({ accept: '*/*', traceparent, tracestate: 'a=1' })
  })

  test('[BU55] without a span it adds nothing', () => {
    expect(injectHeaders({}, ROOT_CONTEXT)).toEqual({})
    const invalid = { traceId: '0'.repeat(32), spanId: 'b7ad6b7169203331', traceFlags: 1 }
    expect(injectHeaders({}, trace.setSpanContext(ROOT_CONTEXT, invalid))).toEqual({})
  })

  test('[TC4] a trace state changes by copies, and refuses what is not allowed', () => {
    const state = new W3cTraceState([{ key: 'a', value: '1' }])
    expect(state.set('b', '2').set('a', '3').serialize()).toBe('a=3,b=2')
    expect(state.set('B', '2').serialize()).toBe('a=1')
    expect([state.get('a'), state.get('b'), state.unset('a').serialize()]).toEqual(['1', undefined, ''])
  })
})
