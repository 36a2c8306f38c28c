/** Three real agents on hosts of their own, over a network that does what networks do: their records come, each once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentLab, connected, pair, type TestAgent } from '../support/agents.ts'
import { importSpans } from '../support/import-spans.ts'
import { netLab, type NetHost, type NetLab } from '../support/net-namespaces.ts'
import { newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'

const HOUR_MS = 3_600_000
/** The tablet's clock is two hours fast; the time that only goes forward is the real one. */
const FAST_CLOCK = {
  LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
  FAKETIME: '+7200s',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  DONT_FAKE_MONOTONIC: '1',
}
/** A link that nobody has news of is given up after 45 s, and met again within 30 s. */
const MEET_AGAIN_MS = 90_000

describe('three hosts', () => {
  const lab = new AgentLab()
  let net: NetLab
  let host: { readonly phone: NetHost; readonly laptop: NetHost; readonly tablet: NetHost }
  let [phone, laptop, tablet] = [] as unknown as [TestAgent, TestAgent, TestAgent]

  beforeAll(async () => {
    net = netLab(3)
    const [a, b, c] = net.hosts as [NetHost, NetHost, NetHost]
    host = { phone: a, laptop: b, tablet: c }
    phone = await lab.device('phone', { namespace: a.namespace })
    laptop = await lab.device('laptop', { namespace: b.namespace })
    tablet = await lab.device('tablet', { namespace: c.namespace, env: FAST_CLOCK })
    await pair(laptop, phone)
    await pair(laptop, tablet)
    await phone.grant({ to: laptop })
    await tablet.grant({ to: laptop })
  })
  afterAll(async () => {
    await lab.close()
    net?.stop()
  })

  /** Records spans of one trace on some devices, and waits until the laptop shows them. @returns what it shows */
  async function comesOf(
    owners: readonly TestAgent[],
    count: number,
    during: () => void = () => {},
  ): Promise<{ readonly spans: number; readonly distinct: number }> {
    const traceId = newTraceId()
    for (const owner of owners) await record(owner, traceId, count)
    during()
    for (const owner of owners) {
      await waitFor(
        `${count} spans of ${owner.name} at the laptop`,
        async () => (await laptop.spansOf(owner, traceId)).length >= count,
        MEET_AGAIN_MS,
      )
    }
    const spans = (await laptop.trace(traceId))?.spans ?? []
    return { spans: spans.length, distinct: new Set(spans.map(({ spanId }) => spanId)).size }
  }
  const each = (spans: number) => ({ spans, distinct: spans })

  const record = (owner: TestAgent, traceId: string, count: number): Promise<void> =>
    importSpans(lab, owner, traceId, count, owner === tablet ? 2 * HOUR_MS : 0)

  test('[DI1] [DI13] [SE17] two that were each paired with the laptop meet by themselves', async () => {
    await connected(phone, tablet)
    expect((await phone.peer(tablet))?.name).toBe('tablet')
  })

  test('[SE5] what is recorded comes to the laptop, each span once', async () => {
    expect(await comesOf([phone, tablet], 200)).toEqual(each(400))
  })

  test('[RC8] [QU12] a clock two hours wrong is measured, and traces are drawn without it', async () => {
    const clock = (await laptop.peer(tablet))?.clock
    expect(Math.abs((clock?.offsetMs ?? 0) - 2 * HOUR_MS)).toBeLessThan(clock?.errorMs ?? 0)
    const traceId = newTraceId()
    await record(phone, traceId, 1)
    await record(tablet, traceId, 1)
    const spans = await waitFor('both spans', async () => {
      const found = (await laptop.trace(traceId))?.spans
      return found?.length === 2 && found
    })
    const apartMs = (at: (span: (typeof spans)[number]) => string): number =>
      Math.abs(Number(BigInt(at(spans[0] as never)) - BigInt(at(spans[1] as never))) / 1e6)
    expect(apartMs(({ startUnixNano }) => startUnixNano)).toBeGreaterThan(HOUR_MS)
    expect(apartMs(({ correctedStartUnixNano }) => correctedStartUnixNano)).toBeLessThan(60_000)
  })

  test('[SE9] [LK4] one packet in five is lost, and nothing else', async () => {
    for (const one of net.hosts) one.lose(20)
    expect(await comesOf([phone, tablet], 500)).toEqual(each(1_000))
    for (const one of net.hosts) one.lose(0)
  })

  test('[SE12] [SE22] what is recorded while the network is gone comes once it is back', async () => {
    host.phone.ip('link', 'set', 'eth0', 'down')
    await waitFor('the phone to notice', async () => (await phone.peer(laptop))?.connected === false, MEET_AGAIN_MS)
    expect(await comesOf([phone], 200, () => host.phone.ip('link', 'set', 'eth0', 'up'))).toEqual(each(200))
    await connected(phone, laptop)
  })

  test('[LK22] [DI8] [SE22] a host that gets another address is met there', async () => {
    const address = host.phone.readdress()
    expect(await comesOf([phone], 200)).toEqual(each(200))
    expect((await phone.status()).mesh.listening).toContainEqual(expect.stringContaining(`/ip4/${address}/`))
  })
})
