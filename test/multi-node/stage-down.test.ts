/** Going down a stage with what was kept deleted: by a running agent, and on a home in which none runs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StageChangeView, StoreStatsView } from '../../src/agent/http-types/device.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { newSpan, newTraceId, otlpTraces } from '../support/otlp-spans.ts'

const agent = new AgentProgram()
beforeAll(() => agent.ask('init', '--name', 'laptop'))
afterAll(() => agent.end())

/** An agent at developer with three spans, of which one trace may be held. */
async function record(): Promise<string> {
  await agent.ask('stage', 'developer', '--yes')
  const { otlp } = await agent.start('--otlp-port', '0')
  const traceId = newTraceId()
  for (const spans of [
    [newSpan({ traceId })],
    [newSpan({ traceId: newTraceId() }), newSpan({ traceId: newTraceId() })],
  ]) {
    const response = await fetch(`${otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: otlpTraces(spans.length === 1 ? 'held' : 'shop', spans),
    })
    expect(response.status).toBe(200)
  }
  return traceId
}

async function stop(): Promise<void> {
  agent.kill('SIGTERM')
  await agent.ended()
}

async function traces(): Promise<StoreStatsView['lanes'][number]> {
  const { lanes } = await agent.ask<StoreStatsView>('store', 'stats')
  return lanes.find(({ lane }) => lane === 'traces') as StoreStatsView['lanes'][number]
}

test('[STG9] without an agent it is deleted too, and stays deleted', async () => {
  await record()
  await stop()
  const change = await agent.ask<StageChangeView>('stage', 'casual', '--yes', '--delete-kept')
  expect(change.deleted).toEqual({ records: 3, held: 0 })
  expect(await traces()).toMatchObject({ records: 0, gone: [{ reason: 'stage', records: 3 }] })
})

test('[STG9] by a running agent, but for what is held, and it says so', async () => {
  const held = await record()
  await agent.ask('store', 'hold', held, '--reason', 'complaint')
  const { stdout } = await agent.run('stage', 'casual', '--yes', '--delete-kept')
  expect(stdout).toContain('2 records deleted. Errors stay.\nKept because of a hold: 1 record (aico-mesh store holds).')
  expect(await traces()).toMatchObject({ records: 1, gone: [{ reason: 'stage', records: 5 }] })
  await stop()
})
