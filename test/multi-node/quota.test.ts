/** A quota on what another device lets this one see. Real processes, real stores. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditView, GoneView, QuotaView, StoreStatsView } from '../../src/agent/http-types/device.ts'
import { AgentLab, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'

const QUOTA_BYTES = 2 << 20
/** Of random hex, which shrinks to half: together three times the quota. */
const SPANS = { count: 64, chars: 200_000 } as const
const lab = new AgentLab()
let phone: TestAgent
let laptop: TestAgent

beforeAll(async () => {
  phone = await lab.device('phone')
  laptop = await lab.device('laptop')
  await pair(laptop, phone)
  await phone.grant({ to: laptop })
})
afterAll(() => lab.close())

async function recordAt(agent: TestAgent, traceId: string, service: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const text = randomBytes(SPANS.chars / 2).toString('hex')
    await agent.record(service, [newSpan({ traceId, attributes: { text } })])
  }
}

interface Source {
  readonly bytes: number
  readonly gone: readonly GoneView[]
}

/** What an agent has of a module of a device, over all lanes. */
async function sourceAt(agent: TestAgent, of: TestAgent, module: string): Promise<Source> {
  const { lanes } = await agent.call<StoreStatsView>('GET', '/v1/store')
  const sources = lanes.flatMap((lane) => lane.sources)
  const own = sources.filter((source) => source.deviceId === of.deviceId && source.module === module)
  return { bytes: own.reduce((sum, { bytes }) => sum + bytes, 0), gone: own.flatMap(({ gone }) => gone) }
}

test('[RE21] [RE24] one module of one device is cut down to its quota here, and nothing else, for good', async () => {
  const [loud, quiet, own] = [newTraceId(), newTraceId(), newTraceId()]
  await recordAt(phone, quiet, 'quiet', 2)
  await recordAt(phone, loud, 'loud', SPANS.count)
  await recordAt(laptop, own, 'loud', 2)
  await shows(laptop, phone, loud, SPANS.count)
  await shows(laptop, phone, quiet, 2)

  const asked = { device: 'phone', module: 'otlp/loud', maxBytes: QUOTA_BYTES }
  const quota = await laptop.call<QuotaView>('POST', '/v1/store/quotas', asked)
  expect(quota).toEqual({ id: 1, deviceId: phone.deviceId, module: 'otlp/loud', maxBytes: QUOTA_BYTES })
  await waitFor('the module to be within its quota', async () => {
    const { bytes, gone } = await sourceAt(laptop, phone, 'otlp/loud')
    return bytes <= QUOTA_BYTES && gone.length > 0
  })

  const { gone } = await sourceAt(laptop, phone, 'otlp/loud')
  expect(gone.map(({ reason }) => reason)).toEqual(['quota'])
  const left = (await laptop.spansOf(phone, loud)).length
  expect(left).toBe(SPANS.count - (gone[0] as GoneView).records)
  expect(left).toBeGreaterThan(0)
  expect((await laptop.spansOf(phone, quiet)).length).toBe(2)
  expect((await laptop.spansOf(laptop, own)).length).toBe(2)
  expect((await phone.spansOf(phone, loud)).length).toBe(SPANS.count)

  await laptop.end('SIGKILL')
  await laptop.start()
  expect(await laptop.call('GET', '/v1/store/quotas')).toMatchObject({
    quotas: [{ ...quota, used: [{ deviceId: phone.deviceId }] }],
  })
  expect((await sourceAt(laptop, phone, 'otlp/loud')).gone).toEqual(gone)
  const { leaves } = await laptop.call<{ leaves: readonly AuditView[] }>('GET', '/v1/audit')
  expect(leaves.filter(({ type }) => type === 'quota.changed').map(({ payload }) => payload)).toEqual([
    { deviceId: phone.deviceId, module: 'otlp/loud', from: 'no quota', to: `${QUOTA_BYTES} bytes` },
  ])
})
