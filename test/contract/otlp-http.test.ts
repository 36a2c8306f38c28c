import { SeverityNumber } from '@opentelemetry/api'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { DevtoolsProcess } from '../../src/agent/devtools-process.ts'
import { otlpAnswer, otlpBusy } from '../../src/ingest/otlp-request.ts'
import { SIGNALS } from '../../src/model/lane.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { MAX_OTLP_BYTES } from '../../src/wire/otlp/limits.ts'
import type { Scan } from '../../src/wire/otlp/rows.ts'
import { rowView } from '../support/row-view.ts'
import { ask, JSON_TYPE, PROTOBUF, RawConnection, rpcStatusOf } from '../unit/devtools/raw-http.ts'
import { FakeAgent, TOKEN } from './otlp-http-agent.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const agent = new FakeAgent()
const devtools = new DevtoolsProcess(
  { log: silent, clock: nodeClock },
  { socketPath: agent.socketPath, token: TOKEN, port: 0 },
)
let url: string
let port: number

beforeAll(async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip')
  await agent.start()
  await devtools.start()
  url = devtools.url() as string
  port = Number(new URL(url).port)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await devtools.stop()
  await agent.remove()
})
beforeEach(() => {
  agent.received.length = 0
})
afterEach(() => {
  agent.intercept = () => undefined
})

describe('stock OpenTelemetry exporters, compressed with gzip', () => {
  const resource = resourceFromAttributes({ 'service.name': 'kettle' })
  async function sendSpan(exporter: SpanExporter): Promise<string> {
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter })] })
    const span = provider.getTracer('test').startSpan('boil', { attributes: { litres: 1.5 } })
    span.end()
    await provider.shutdown()
    return span.spanContext().traceId
  }
  const spans = () =>
    agent.received.flatMap(({ scan }) =>
      (scan?.resources ?? []).flatMap(({ serviceName, scopes }) =>
        scopes.flatMap(({ rows }) =>
          Array.from(rows, (row) => ({ serviceName, ...rowView((scan as Scan).columns, row) })),
        ),
      ),
    )

  test.each([
    ['protobuf', OTLPTraceExporter],
    ['json', JsonTraceExporter],
  ])('[OH8] a span as %s is accepted', async (encoding, Exporter) => {
    const traceId = await sendSpan(new Exporter({ url: `${url}/v1/traces` }))
    expect(spans()).toMatchObject([{ serviceName: 'kettle', name: 'boil', traceId }])
    expect(agent.received).toMatchObject([{ signal: 'traces', status: 200, encoding, gzip: true }])
  })
  test('[OH8] a log record is accepted', async () => {
    const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` })
    const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] })
    provider.getLogger('test').emit({ severityNumber: SeverityNumber.WARN, body: 'hot' })
    await provider.shutdown()
    expect(agent.received).toMatchObject([{ signal: 'logs', status: 200, scan: { accepted: 1, rejected: undefined } }])
  })
  test('[OH8] metric points are accepted', async () => {
    const exporter = new OTLPMetricExporter({ url: `${url}/v1/metrics` })
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
    const provider = new MeterProvider({ resource, readers: [reader] })
    provider.getMeter('test').createCounter('boiled').add(2)
    provider.getMeter('test').createHistogram('degrees').record(99)
    await provider.shutdown()
    expect(agent.received).toMatchObject([
      { signal: 'metrics', status: 200, scan: { accepted: 2, rejected: undefined } },
    ])
  })
  test('[OH12] an exporter told 503 with a pause tries again and delivers', async () => {
    let tries = 0
    agent.intercept = () => (++tries <= 2 ? otlpAnswer(otlpBusy('protobuf')) : undefined)
    const traceId = await sendSpan(new OTLPTraceExporter({ url: `${url}/v1/traces` }))
    expect(spans()).toMatchObject([{ traceId }])
    expect(agent.received.map(({ status }) => status)).toEqual([503, 503, 200])
  })
})

describe('every answer of OTLP/HTTP', () => {
  const ID = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }
  const traces = (...spans: object[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
  const both = [PROTOBUF, JSON_TYPE]
  const json = { 'content-type': JSON_TYPE }

  test.each(SIGNALS)('[OH8] an empty request of %s succeeds, and says nothing of a partial success', async (signal) => {
    const path = `/v1/${signal}`
    const protobuf = await ask({ port, path })
    expect(protobuf).toMatchObject({ status: 200, headers: { 'content-type': PROTOBUF } })
    expect(protobuf.body.length).toBe(0)
    const asJson = await ask({ port, path, headers: json, body: '{}' })
    expect(asJson).toMatchObject({ status: 200, headers: json })
    expect(JSON.parse(asJson.body.toString())).toEqual({})
  })
  test('[OH9] one bad record is rejected alone, and counted in the answer', async () => {
    const body = traces({ ...ID, name: 'good' }, { ...ID, traceId: 'xyz', name: 'bad' })
    const got = await ask({ port, headers: json, body })
    expect(got.status).toBe(200)
    expect(JSON.parse(got.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: '1' } })
    expect(agent.received).toMatchObject([{ scan: { accepted: 1 } }])
  })
  test.each([
    ['bytes that are not protobuf', PROTOBUF, Uint8Array.of(0x0a, 0xff)],
    ['text that is not JSON', JSON_TYPE, '{"resourceSpans":'],
    ['JSON that is not UTF-8', JSON_TYPE, Uint8Array.of(0x22, 0xff, 0x22)],
    ['JSON of another kind', JSON_TYPE, '[]'],
    ['no body at all as JSON', JSON_TYPE, ''],
  ])('[OH10] %s: 400, in the encoding of the request', async (_, type, body) => {
    const got = await ask({ port, headers: { 'content-type': type }, body })
    expect(got).toMatchObject({ status: 400, headers: { 'content-type': type } })
    expect(rpcStatusOf(got)).toMatchObject({ code: 3, message: expect.stringMatching(/./) })
  })
  test.each(both)('[OH10] %s that says gzip and is not: 400', async (type) => {
    const got = await ask({ port, headers: { 'content-type': type, 'content-encoding': 'gzip' }, body: 'plain' })
    expect(got).toMatchObject({ status: 400, headers: { 'content-type': type } })
    expect(rpcStatusOf(got).code).toBe(3)
  })
  test.each(both)('[OH7] %s over the limit: 413, before the body and while it comes', async (type) => {
    const declared = `Content-Type: ${type}\r\nContent-Length: ${MAX_OTLP_BYTES + 1}\r\n\r\n`
    const client = new RawConnection(port).write(`POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n${declared}`)
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 413 /)
    client.socket.destroy()
    const body = new Uint8Array(MAX_OTLP_BYTES + 1)
    const streamed = await ask({ port, headers: { 'content-type': type }, body, chunked: true })
    expect(streamed).toMatchObject({ status: 413, headers: { 'content-type': type } })
    expect(rpcStatusOf(streamed).code).toBe(8)
    expect(agent.received).toEqual([])
  })
  test.each(both)('[OH7] %s over the limit once decompressed: 413', async (type) => {
    const bomb = gzipSync(new Uint8Array(MAX_OTLP_BYTES + 1), { level: 9 })
    const got = await ask({ port, headers: { 'content-type': type, 'content-encoding': 'gzip' }, body: bomb })
    expect(got).toMatchObject({ status: 413, headers: { 'content-type': type } })
    expect(rpcStatusOf(got).code).toBe(8)
  })
  test.each([
    ['zstd', { 'content-encoding': 'zstd' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'content-type': 'text/plain' }],
  ])('[OH5] %s: 415', async (_, headers) => {
    const got = await ask({ port, headers, body: 'a=1' })
    expect(got.status).toBe(415)
    expect(rpcStatusOf(got).code).toBe(3)
    expect(agent.received).toEqual([])
  })
  test.each(both)('[OH4] %s: 404 elsewhere, 405 for another method', async (type) => {
    const lost = await ask({ port, path: '/v1/development/profiles', headers: { 'content-type': type } })
    expect(lost).toMatchObject({ status: 404, headers: { 'content-type': type } })
    expect(rpcStatusOf(lost).code).toBe(5)
    const got = await ask({ port, method: 'GET', headers: { 'content-type': type } })
    expect(got).toMatchObject({ status: 405, headers: { 'content-type': type, allow: 'POST' } })
    expect(rpcStatusOf(got).code).toBe(12)
  })
  test('[OH2] a page that rebinds its name to this machine gets nothing, on any route', async () => {
    const paths = ['/v1/traces', '/v1/logs', '/v1/metrics', '/', '/v1/devtools/link', '/v1/status']
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'OPTIONS', 'PUT']) {
        const got = await ask({ port, path, method, headers: { host: `evil.example:${port}` } })
        expect([path, method, got.status]).toEqual([path, method, 403])
        expect(rpcStatusOf(got).code).toBe(7)
      }
    }
    expect(agent.received).toEqual([])
  })
  test('[OH3] a form posted by a page of another origin gets nothing', async () => {
    const headers = { 'content-type': 'text/plain', origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await ask({ port, headers, body: traces(ID) })).status).toBe(403)
    expect(agent.received).toEqual([])
  })
  test('[OH12] an agent that does not answer: 503 with a pause, in the encoding of the request', async () => {
    agent.intercept = () => 'silence'
    const got = await ask({ port, headers: json, body: '{}' })
    expect(got).toMatchObject({ status: 503, headers: { ...json, 'retry-after': '1' } })
    expect(rpcStatusOf(got).code).toBe(14)
  })
})
