/** How a device fares, as real agents say it: its own metrics and its health, at the stages that show them, and nowhere else. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SAMPLE_PERIOD_MS } from '../../src/agent/host-metrics/host-sampler.ts'
import type { HealthView } from '../../src/agent/http-types/health.ts'
import type { MetricList, MetricRange } from '../../src/agent/http-types/metrics.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { connect } from '../../src/sdk/index.ts'
import type { HealthReport } from '../../src/model/health.ts'
import type { ModuleCredential } from '../../src/wire/bus-credential.ts'
import { RawModule } from '../contract/bus-harness.ts'
import { AgentLab, MAIN, type TestAgent } from '../support/agents.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

const lab = new AgentLab()
let pro: TestAgent
let casual: TestAgent
beforeAll(async () => {
  ;[pro, casual] = await Promise.all([
    lab.device('pro', { stage: 'pro', hostMetrics: true }),
    lab.device('casual', { stage: 'casual', hostMetrics: true }),
  ])
})
afterAll(() => lab.close())

async function metricsOf(agent: TestAgent): Promise<readonly string[]> {
  return (await agent.call<MetricList>('GET', '/v1/metrics')).metrics.map(({ name }) => name)
}

/** A probe over the agent's socket, as text. */
function probe({ home }: TestAgent, path: string): Promise<{ readonly status: number; readonly text: string }> {
  const { socketFile: socketPath, tokenFile } = layOutHome(home)
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}` }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more: string) => (text += more))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.on('error', reject).end()
  })
}

test(
  '[HE10] [HE12] [HE14] at pro the device and a module that reports it are measured, at casual it is not',
  { timeout: 8 * SAMPLE_PERIOD_MS },
  async () => {
    const { credential } = await pro.call<{ credential: string }>('POST', '/v1/modules', { module: 'busy' })
    const busy = connect({ credential, processMetrics: true, global: false })
    busy.meter.createCounter('words').add(4)
    await waitFor('a sample', async () => (await pro.status()).store.records > 0, 4 * SAMPLE_PERIOD_MS)
    const everywhere = [
      'system.uptime',
      'system.cpu.utilization',
      'system.memory.usage',
      'process.memory.usage',
      'nodejs.eventloop.delay.p99',
    ]
    expect(await metricsOf(pro)).toEqual(expect.arrayContaining(everywhere))
    const used = await pro.call<MetricRange>('GET', '/v1/metrics/system.memory.utilization?fn=last')
    expect(used.lines[0]?.labels).toMatchObject({ module: 'agent' })
    const memory = '/v1/metrics/process.memory.usage?fn=last&by=module'
    const ofBusy = async () =>
      (await pro.call<MetricRange>('GET', memory)).lines.find(({ labels }) => labels['module'] === 'busy')
    await waitFor('a sample of the module', async () => (await ofBusy()) !== undefined, 4 * SAMPLE_PERIOD_MS)
    expect((await ofBusy())?.values.findLast((value) => value !== null)).toBeGreaterThan(1e6)
    expect(await metricsOf(pro)).not.toContain('words')
    await busy.close()
    expect((await casual.status()).store).toMatchObject({ records: 0, segments: 0 })
    expect((await casual.status()).counters).not.toHaveProperty('ingest.dropped_by_stage')
    await expect(metricsOf(casual)).rejects.toMatchObject({ status: 403, code: 'STAGE_TOO_LOW' })
  },
)

test('[HE22] [HE23] [HE24] a module that says that it fails makes the device not ready, with its reason, until it recovers', async () => {
  expect(await probe(pro, '/readyz')).toEqual({ status: 200, text: 'ok\n' })
  const { credential } = await pro.call<{ credential: string }>('POST', '/v1/modules', { module: 'ear' })
  const ear = new RawModule(JSON.parse(readFileSync(credential, 'utf8')) as ModuleCredential)
  await ear.greet()
  const say = async (checks: readonly HealthReport[]) => {
    await ear.send({ kind: 'health', seq: 1, checks })
    expect(await ear.receive()).toEqual({ kind: 'ack', seq: 1 })
  }
  await say([{ name: 'model', status: 'fail', reason: 'no model is loaded' }])
  expect(await probe(pro, '/readyz')).toEqual({ status: 503, text: '[-] ear/model: no model is loaded\n' })
  expect((await probe(pro, '/livez')).status).toBe(200)
  const shown = await runProgram([process.execPath, MAIN, '--home', pro.home, 'status', '--health'])
  expect(shown.code).toBe(1)
  expect(shown.stdout).toMatch(/^1 of \d+ checks fails\.\nFAILS {2}ear: model(?:, for .*)?: no model is loaded$/m)
  await say([{ name: 'model', status: 'pass' }])
  expect(await probe(pro, '/readyz')).toEqual({ status: 200, text: 'ok\n' })
  const health = await pro.call<HealthView>('GET', '/v1/health')
  expect(health).toMatchObject({ live: true, ready: true })
  expect(health.checks).toContainEqual(expect.objectContaining({ source: 'ear', name: 'running', status: 'pass' }))
  expect((await probe(pro, '/readyz?verbose')).text).toContain('[+] agent/bus\n')
  ear[Symbol.dispose]()
  await pro.call('DELETE', '/v1/modules/ear')
  expect((await pro.call<HealthView>('GET', '/v1/health')).checks.map(({ source }) => source)).not.toContain('ear')
})

test('[HE24] [STG4] at casual nobody is told', async () => {
  await expect(casual.call('GET', '/v1/health')).rejects.toMatchObject({ status: 403, code: 'STAGE_TOO_LOW' })
  expect((await probe(casual, '/readyz')).status).toBe(403)
  const shown = await runProgram([process.execPath, MAIN, '--home', casual.home, 'status', '--health'])
  expect(shown.code).toBe(4)
})

test('[HE24] at developer the port of OTLP answers too, and to nobody else', async () => {
  const developer = await lab.device('developer')
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${developer.otlp}${path}`, { headers })
    return { status: answer.status, text: await answer.text() }
  }
  expect(await get('/readyz')).toEqual({ status: 200, text: 'ok\n' })
  expect((await get('/livez?verbose')).text).toBe('[+] agent/store\nok\n')
  expect((await get('/readyz?verbose')).text).toContain('[+] agent/otlp\n')
  expect((await get('/readyz', { origin: 'http://evil.example' })).status).toBe(403)
})
