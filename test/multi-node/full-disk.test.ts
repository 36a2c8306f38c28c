/** Agents that start while their disk has no byte left. Real processes on a disk of their own. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initDevice } from '../../src/agent/host.ts'
import type { AuditView } from '../../src/agent/http-types.ts'
import { AgentLab, connected, MAIN, pair, TestAgent } from '../support/agents.ts'
import { newSpans, newTraceId, otlpTraces } from '../support/otlp-spans.ts'
import { smallDisk } from '../support/small-disk.ts'
import { waitFor } from '../support/wait-for.ts'

/** Room for a device, its logs and the files of a running agent. */
const disk = smallDisk(8 << 20)
const lab = new AgentLab()
let agent: TestAgent
let homes = 0

beforeEach(async () => {
  const home = join(disk?.folder ?? lab.folder, `home-${++homes}`)
  const { deviceId } = await initDevice({ home, name: 'small', keyStore: 'file', passphrase: undefined })
  agent = new TestAgent('small', home, deviceId, [MAIN, '--home', home, 'start', '--otlp-port', '0'])
  await agent.start()
})
afterEach(async () => {
  await agent.end('SIGKILL')
  disk?.free()
})
afterAll(async () => {
  await lab.close()
  disk?.remove()
})

async function push(traceId: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  const body = otlpTraces('app', newSpans(1, { traceId }))
  return fetch(`${agent.otlp}/v1/traces`, { method: 'POST', headers, body })
}

async function leaves(): Promise<readonly AuditView[]> {
  return (await agent.call<{ leaves: readonly AuditView[] }>('GET', '/v1/audit')).leaves
}

async function heldUntilFree(): Promise<void> {
  disk?.free()
  await waitFor('the agent to go on', async () => (await agent.status()).held === null)
}

describe.runIf(disk !== undefined)('a start on a full disk', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '[ST25] after %s: what is there is shown, nothing is taken in, and it goes on by itself once there is room',
    async (signal) => {
      await agent.setStage('developer')
      const [before, after] = [newTraceId(), newTraceId()]
      await agent.record('app', newSpans(5, { traceId: before }))
      await agent.end(signal)
      disk?.fill()
      const startedUnixMs = Date.now()
      await agent.start()

      expect(await agent.status()).toMatchObject({ held: 'STORE_FULL', stage: 'developer' })
      expect((await agent.trace(before))?.spans.length).toBe(5)
      const refused = await push(after)
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
      await expect(agent.setStage('casual')).rejects.toMatchObject({ status: 503, code: 'STORE_FULL' })
      const known = await leaves()
      expect(known.at(-1)?.type).not.toBe('agent.started')

      await agent.end('SIGTERM')
      disk?.fill() // what ending gave back
      await agent.start()
      await heldUntilFree()
      expect((await push(after)).status).toBe(200)
      expect((await agent.trace(after))?.spans.length).toBe(1)
      const started = (await leaves()).slice(known.length)
      expect(started.slice(0, 2).map(({ type }) => type)).toEqual(['agent.started', 'endpoint.opened'])
      expect(started[0]?.payload?.['happenedUnixMs']).toBeGreaterThanOrEqual(startedUnixMs)
      expect(await agent.call('POST', '/v1/audit/verify')).toMatchObject({ ok: true })
      await agent.end('SIGTERM')
      await agent.start()
      expect(await agent.status()).toMatchObject({ held: null, alarms: [] })
    },
  )

  test('[ST25] nothing leaves: the mesh opens and pairing works only once there is room', async () => {
    await agent.setStage('pro')
    const other = await lab.device('other', { stage: 'pro' })
    await pair(agent, other)
    await agent.end('SIGTERM')
    disk?.fill()
    await agent.start()
    expect(await agent.status()).toMatchObject({ held: 'STORE_FULL', mesh: { listening: [] } })
    const invite = agent.call('POST', '/v1/pair/invite')
    await expect(invite).rejects.toMatchObject({ status: 503, code: 'STORE_FULL' })
    await heldUntilFree()
    await connected(agent, other)
  })

  test('[ST25] an agent whose disk fills up while it runs ends in order all the same', async () => {
    await agent.setStage('developer')
    disk?.fill()
    const ended = agent.ended()
    await agent.call('POST', '/v1/stop')
    expect(await ended).toBe(0)
  })
})
