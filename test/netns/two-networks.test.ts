/** Two devices on networks that never meet, and a third on both, which carries between them and reads nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CarryView } from '../../src/agent/http-types/carry.ts'
import { AgentLab, connected, pair, shows, type TestAgent } from '../support/agents.ts'
import { importSpans } from '../support/import-spans.ts'
import { netLab, type NetHost, type NetLab } from '../support/net-namespaces.ts'
import { newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'

describe('two networks and a carrier', () => {
  const lab = new AgentLab()
  let net: NetLab
  let [phone, box, laptop] = [] as unknown as [TestAgent, TestAgent, TestAgent]

  beforeAll(async () => {
    net = netLab([[0], [0, 1], [1]])
    const [a, b, c] = net.hosts as [NetHost, NetHost, NetHost]
    phone = await lab.device('phone', { namespace: a.namespace })
    box = await lab.device('box', { namespace: b.namespace })
    laptop = await lab.device('laptop', { namespace: c.namespace })
    await pair(box, phone)
    await pair(box, laptop)
    await waitFor('the phone to know of the laptop', async () => (await phone.peer(laptop)) !== undefined)
  })
  afterAll(async () => {
    await lab.close()
    net?.stop()
  })

  test('[CA1] [CA4] [CA14] records, keys and consent of one come to the other, and the one between reads none', async () => {
    await phone.grant({ to: laptop })
    await phone.call('POST', '/v1/consent', { to: box.deviceId, lanes: ['traces'], may: 'carry' })
    await box.call('POST', '/v1/carry', { on: true })
    const traceId = newTraceId()
    await importSpans(lab, phone, traceId, 200)
    await shows(laptop, phone, traceId, 200)
    const spans = await laptop.spansOf(phone, traceId)
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(200)
    expect(spans).toHaveLength(200)
    expect(await box.trace(traceId)).toBeUndefined()
    expect((await laptop.peer(phone))?.lastSeenUnixMs).toBeNull()
    const { carriers } = await phone.call<CarryView>('GET', '/v1/carry')
    expect(carriers).toMatchObject([{ deviceId: box.deviceId, refused: null }])
    expect(carriers[0]?.receipts.length).toBeGreaterThan(0)
  })

  test('[CA6] [CO10] a revocation comes the same way: what is recorded afterwards does not', async () => {
    const { grants } = await phone.call<{ grants: readonly { grantId: string; to: string }[] }>('GET', '/v1/consent')
    for (const { grantId, to } of grants) if (to === laptop.deviceId) await phone.revoke(grantId)
    const known = async (): Promise<unknown> =>
      (await laptop.call<{ grants: readonly { state: string }[] }>('GET', '/v1/consent')).grants.map(
        ({ state }) => state,
      )
    await waitFor('the laptop to hear of it', async () => String(await known()) === 'revoked')
    const traceId = newTraceId()
    await importSpans(lab, phone, traceId, 10)
    await waitFor('the box to carry nothing for the laptop any more', async () => {
      const { carried } = await box.call<CarryView>('GET', '/v1/carry')
      return carried.every(({ readers }) => !readers.includes(laptop.deviceId))
    })
    await connected(box, laptop)
    expect(await laptop.trace(traceId)).toBeUndefined()
    expect(await phone.spansOf(phone, traceId)).toHaveLength(10)
  })
})
