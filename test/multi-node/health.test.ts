/** The device's own metrics, as real agents measure them: where a stage collects them, and nowhere else. */
import { afterAll, expect, test } from 'vitest'
import type { MetricList, MetricRange } from '../../src/agent/http-types/metrics.ts'
import { SAMPLE_PERIOD_MS } from '../../src/agent/host-metrics/host-sampler.ts'
import { AgentLab, type TestAgent } from '../support/agents.ts'
import { waitFor } from '../support/wait-for.ts'

const lab = new AgentLab()
afterAll(() => lab.close())

async function metricsOf(agent: TestAgent): Promise<readonly string[]> {
  return (await agent.call<MetricList>('GET', '/v1/metrics')).metrics.map(({ name }) => name)
}

test(
  '[HE10] [HE12] at pro the device is measured, at casual it is not',
  { timeout: 8 * SAMPLE_PERIOD_MS },
  async () => {
    const [pro, casual] = await Promise.all([
      lab.device('pro', { stage: 'pro', hostMetrics: true }),
      lab.device('casual', { stage: 'casual', hostMetrics: true }),
    ])
    await waitFor('a sample', async () => (await pro.status()).store.records > 0, 4 * SAMPLE_PERIOD_MS)
    const names = await metricsOf(pro)
    const everywhere = [
      'system.uptime',
      'system.cpu.utilization',
      'system.memory.usage',
      'process.memory.usage',
      'nodejs.eventloop.delay.p99',
    ]
    expect(names).toEqual(expect.arrayContaining(everywhere))
    const busy = await pro.call<MetricRange>('GET', '/v1/metrics/system.memory.utilization?fn=last')
    expect(busy.lines[0]?.labels).toMatchObject({ module: 'agent' })
    expect((await casual.status()).store).toMatchObject({ records: 0, segments: 0 })
    expect((await casual.status()).counters).not.toHaveProperty('ingest.dropped_by_stage')
    await expect(metricsOf(casual)).rejects.toMatchObject({ status: 403, code: 'STAGE_TOO_LOW' })
  },
)
