/** Agents whose disk has no byte left, at their start or while they run. Real processes on a disk of their own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initDevice } from '../../src/agent/host.ts'
import type { AuditView } from '../../src/agent/http-types/device.ts'
import { AgentLab, connected, MAIN, pair, TestAgent } from '../support/agents.ts'
import { newSpans, newTraceId, otlpTraces } from '../support/otlp-spans.ts'
import { smallDisk } from '../support/small-disk.ts'
import { waitFor } from '../support/wait-for.ts'

/** Room for a device, its logs and the files of a running agent. */
const disk = smallDisk(24 << 20)
const lab = new AgentLab()
let agent: TestAgent
let homes = 0

beforeEach(async () => {
  const home = join(disk?.folder ?? lab.folder, `home-${++homes}`)
  const { deviceId } = await initDevice({ home, name: 'small', keyStore: 'file', passphrase: undefined })
  agent = new TestAgent('small', home, deviceId, [
    process.execPath,
    MAIN,
    '--home',
    home,
    'start',
    '--otlp-port',
    '0',
    '--no-host-metrics',
  ])
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

describe.runIf(disk !== undefined)('a disk that fills up', () => {
  const taken: string[] = []

  beforeEach(async () => {
    taken.length = 0
    await agent.setStage('developer')
    await waitFor('the reserve', async () => existsSync(join(agent.home, 'reserve')))
    await pushed()
    disk?.fill()
    // What SQLite and the packs have room for inside their files goes in first.
    await waitFor('a refusal', async () => (await pushed()).status === 503)
  })

  /** A few hundred spans of a trace of their own, remembered if they are acknowledged. */
  async function pushed(): Promise<Response> {
    const traceId = newTraceId()
    const body = otlpTraces('app', newSpans(200, { traceId }))
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${agent.otlp}/v1/traces`, { method: 'POST', headers, body })
    if (answer.status === 200) taken.push(traceId)
    return answer
  }

  async function isFull(): Promise<boolean> {
    return (await agent.status()).diskFullSinceUnixMs !== null
  }

  async function expectAllTaken(): Promise<void> {
    expect(taken.length).toBeGreaterThan(0)
    for (const traceId of taken) {
      const trace = await agent.trace(traceId)
      expect(trace?.spans.map(({ provenance }) => provenance)).toEqual(
        Array.from({ length: 200 }, () => expect.not.stringMatching('tampered')),
      )
    }
  }

  test('[ST50] [ST51] [ST52] [ST53] records are refused with the reason, what is here is read, the reason is recorded, and it goes on by itself', async () => {
    const refused = await pushed()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.text()).toContain('STORE_FULL')
    expect(await isFull()).toBe(true)
    await expectAllTaken()
    expect((await leaves()).at(-1)?.type).toBe('store.full')
    const before = taken.length
    for (let n = 0; n < 20; n++) await pushed()
    expect(taken.length).toBe(before)

    disk?.free()
    await waitFor('room to be noticed', async () => !(await isFull()))
    expect((await pushed()).status).toBe(200)
    const freed = (await leaves()).find(({ type }) => type === 'store.freed')
    expect(freed?.payload?.['refused']).toBeGreaterThanOrEqual(20)
    await expectAllTaken()
    expect(await agent.call('POST', '/v1/audit/verify')).toMatchObject({ ok: true })
    await agent.end('SIGTERM')
    await agent.start()
    await expectAllTaken()
    expect(await agent.status()).toMatchObject({ held: null, alarms: [], diskFullSinceUnixMs: null })
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '[ST53] after %s on a full disk everything acknowledged is there',
    async (signal) => {
      await agent.end(signal)
      await agent.start()
      await expectAllTaken()
      disk?.fill() // what the reserve and ending gave back
      await waitFor('a refusal', async () => (await pushed()).status === 503)
      disk?.free()
      await waitFor('room to be noticed', async () => !(await isFull()) && (await agent.status()).held === null)
      expect((await pushed()).status).toBe(200)
      await expectAllTaken()
      expect(await agent.status()).toMatchObject({ alarms: [] })
      expect(await agent.call('POST', '/v1/audit/verify')).toMatchObject({ ok: true })
    },
  )

  test('[ST53] limits can be changed while the disk is full, and that is recorded', async () => {
    const limits = { lane: 'traces', maxBytes: 2 << 20 }
    expect(await agent.call('POST', '/v1/store/retention', limits)).toMatchObject({ traces: { maxBytes: 2 << 20 } })
    expect((await leaves()).map(({ type }) => type)).toContain('retention.changed')
  })
})
