/**
 * Metrics of a stock OpenTelemetry program through real agents: asked for right after they were acknowledged, after the
 * owner was killed, without an agent, and on another device before and after it may see them.
 */
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MetricList, MetricRange } from '../../src/agent/http-types/metrics.ts'
import { AgentLab, MAIN, pair, type TestAgent } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

const lab = new AgentLab()
let phone: TestAgent
let laptop: TestAgent
beforeAll(async () => {
  ;[phone, laptop] = await Promise.all([lab.device('phone'), lab.device('laptop')])
})
afterAll(() => lab.close())

/** Exports what `record` records, and resolves once it was acknowledged. */
async function measure(agent: TestAgent, temporality: AggregationTemporality): Promise<void> {
  const exporter = new OTLPMetricExporter({ url: `${agent.otlp}/v1/metrics`, temporalityPreference: temporality })
  // Longer than the test: it exports when told to.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': `${temporality}` })
  const provider = new MeterProvider({ resource, readers: [reader] })
  const meter = provider.getMeter('test')
  const [requests, latency] = [meter.createCounter('requests'), meter.createHistogram('latency', { unit: 'ms' })]
  meter.createObservableGauge('memory', { unit: 'By' }).addCallback((result) => result.observe(2_048, { pool: 'a' }))
  for (let round = 1; round <= 2; round++) {
    for (let i = 0; i < 10; i++) {
      requests.add(1, { route: i % 2 === 0 ? '/a' : '/b' })
      latency.record(i * 10)
    }
    nextMillisecond()
    await provider.forceFlush()
  }
  await provider.shutdown()
}

/** A start that equals the time of its first point, both in milliseconds, says that it is not known (ME12). */
function nextMillisecond(): void {
  const now = Date.now()
  while (Date.now() < now + 2);
}

/** All of one metric in an hour around now, in one line. */
function ask(agent: TestAgent, name: string, fn: string, by = ''): Promise<MetricRange> {
  return agent.call<MetricRange>('GET', `/v1/metrics/${name}?${rangeOf(fn, by).toString()}`)
}

function rangeOf(fn: string, by: string): URLSearchParams {
  const nowMs = Date.now()
  const [sinceUnixMs, untilUnixMs] = [nowMs - 1_800_000, nowMs + 1_800_000].map(String)
  return new URLSearchParams({ sinceUnixMs: `${sinceUnixMs}`, untilUnixMs: `${untilUnixMs}`, stepMs: '60000', fn, by })
}

/** Whole, as it was counted: shares of it in two minutes add up to it but for rounding. */
function total({ lines }: MetricRange): number {
  return Math.round(lines.flatMap(({ values }) => values).reduce<number>((sum, value) => sum + Number(value ?? 0), 0))
}

async function namesAt(agent: TestAgent): Promise<readonly string[]> {
  return (await agent.call<MetricList>('GET', '/v1/metrics')).metrics.map(({ name }) => name)
}

test('[ME02] [ME12] [ME45] what was acknowledged is answered at once, whatever its temporality, and after a kill', async () => {
  await measure(phone, AggregationTemporality.CUMULATIVE)
  expect(total(await ask(phone, 'requests', 'increase'))).toBe(20)
  await measure(phone, AggregationTemporality.DELTA)
  const answers = async () => {
    const counts = await Promise.all([ask(phone, 'latency', 'count'), ask(phone, 'latency', 'p50')])
    const [count, median] = [total(counts[0]), counts[1].lines[0]?.values.find((value) => value !== null)]
    return { count, isMedian: Number(median) > 25 && Number(median) <= 50, names: await namesAt(phone) }
  }
  // The cumulative and the delta program's counters are two kinds of one name, of two series each.
  const want = { count: 20, isMedian: true, names: ['latency', 'latency', 'memory', 'requests', 'requests'] }
  expect(await answers()).toEqual(want)
  const memory = await ask(phone, 'memory', 'last', 'pool')
  expect(memory).toMatchObject({ unit: 'By', lines: [{ labels: { pool: 'a' } }] })
  expect(memory.lines[0]?.values).toContain(2_048)
  await phone.end('SIGKILL')
  await phone.start()
  expect(await answers()).toEqual(want)
})

test('[ME05] another device shows them once it may see them, and names whose they are', async () => {
  await pair(phone, laptop)
  expect(await namesAt(laptop)).toEqual([])
  await phone.grant({ to: laptop, lanes: ['metrics'], sinceUnixMs: 0 })
  await waitFor('the metrics of the phone at the laptop', async () => (await namesAt(laptop)).includes('memory'))
  const requests = await waitFor('all of them', async () => {
    const answer = await ask(laptop, 'requests', 'increase', 'device,module')
    return total(answer) === 20 && answer
  })
  expect(requests.lines.map(({ labels }) => labels)).toEqual([{ device: 'phone', module: 'otlp/shop' }])
})

test('[CL14] without an agent the command line reads them from the home', async () => {
  await phone.end('SIGTERM')
  const program = [process.execPath, MAIN, '--home', phone.home, 'metrics']
  const { code, stdout } = await runProgram([...program, 'requests', '--fn', 'increase', '--by', 'route', '--json'])
  expect(code).toBe(0)
  const { lines } = JSON.parse(stdout) as MetricRange
  expect(new Set(lines.map(({ labels }) => labels['route']))).toEqual(new Set(['/a', '/b']))
  expect((await runProgram(program)).stdout).toContain('memory')
  await phone.start()
})

test('[STG4] [ME49] a stage shows the metrics it is for: at pro none of modules, at casual none at all', async () => {
  await phone.setStage('pro')
  expect(await namesAt(phone)).toEqual([])
  await expect(ask(phone, 'requests', 'increase')).rejects.toMatchObject({ status: 404, code: 'METRIC_NOT_FOUND' })
  await phone.setStage('casual')
  await expect(namesAt(phone)).rejects.toMatchObject({ status: 403, code: 'STAGE_TOO_LOW' })
})
