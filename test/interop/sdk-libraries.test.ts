/** Libraries we did not write, unchanged, through the SDK: what instruments by OpenTelemetry's API, and pino. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { context, metrics, propagation, trace } from '@opentelemetry/api'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MetricRange } from '../../src/agent/http-types/metrics.ts'
import type { TraceList, TraceView } from '../../src/agent/http-types/traces.ts'
import { connect, type Module } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { listedLogs } from '../support/listed-logs.ts'

const agent = new AgentProgram()
let mesh: Module
let credentialFile: string

beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start('--otlp-port', '0')
  const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'core')
  credentialFile = credential
  mesh = connect({ credential })
})
afterAll(async () => {
  await mesh.close()
  for (const api of [trace, metrics, propagation, context]) api.disable()
  await agent.end()
})

test('[BU58] [BU59] [BU60] pino, tracers and meters of the API report through the module and are found by the command line', async () => {
  const log = pino({ level: 'debug' }, mesh.pinoDestination())
  const words = metrics.getMeter('library', '3.1').createCounter('library.words', { unit: '{word}' })
  const took = metrics.getMeter('library', '3.1').createHistogram('library.took', { unit: 'ms' })
  trace.getTracer('library', '3.1').startActiveSpan('library work', (span) => {
    log.child({ part: 'ear' }).warn({ volume: 3 }, 'heard %d words', 4)
    words.add(4, { language: 'de' })
    took.record(12)
    span.end()
  })
  expect(await mesh.flush({ timeoutMs: 20_000 })).toBe(true)

  const { traces } = await agent.ask<TraceList>('traces', 'list')
  expect(traces).toMatchObject([{ rootName: 'library work', modules: ['core'] }])
  const view = await agent.ask<TraceView>('traces', 'show', traces[0]?.traceId ?? '')
  expect(view.spans).toMatchObject([{ name: 'library work' }])
  const logs = await listedLogs(agent, '--filter', 'part=ear')
  expect(logs).toMatchObject([{ body: 'heard 4 words', severityNumber: 13, traceId: traces[0]?.traceId }])
  const range = await agent.ask<MetricRange>('metrics', 'library.words', '--fn', 'last', '--by', 'language,scope')
  expect(range.lines).toMatchObject([{ labels: { language: 'de', scope: 'library' } }])
  expect(range.lines[0]?.values.findLast((value) => value !== null)).toBe(4)
})

test('[BU60] pino’s worker thread reports through its transport, with the span that a record names', async () => {
  const transport = pino.transport({
    target: fileURLToPath(new URL('../../src/sdk/pino.ts', import.meta.url)),
    options: { credential: credentialFile },
  })
  const ids = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' }
  pino({}, transport).error({ ...ids, part: 'thread' }, 'from a thread')
  transport.end()
  await once(transport, 'close')
  const logs = await listedLogs(agent, '--filter', 'part=thread')
  expect(logs).toMatchObject([{ body: 'from a thread', severityNumber: 17, traceId: ids.trace_id, module: 'core' }])
})
