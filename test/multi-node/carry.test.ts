/** Real agents: a phone and a laptop that are never up together, and a box that brings the one's records to the other. */
import { afterAll, expect, test } from 'vitest'
import type { CarryView } from '../../src/agent/http-types/carry.ts'
import { CUT_RECORDS } from '../../src/store/segment-writer.ts'
import { AgentLab, connected, grantsOf, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newSpans, newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'
import { HomeSearch, secretsOf } from './home-search.ts'

const CANARY = 'canary-span-in-a-sealed-segment'

const lab = new AgentLab()
afterAll(() => lab.close())

const carryOf = (agent: TestAgent): Promise<CarryView> => agent.call<CarryView>('GET', '/v1/carry')

async function swap(from: TestAgent, to: TestAgent, box: TestAgent): Promise<void> {
  await from.end('SIGTERM')
  await to.start()
  await connected(box, to)
}

/** A full segment, which is cut at once, with one span that is looked for. */
async function record(phone: TestAgent, traceId: string): Promise<void> {
  const others = newSpans(CUT_RECORDS - 1, { traceId: newTraceId() })
  await phone.record('app', [newSpan({ traceId, name: CANARY }), ...others])
}

test('[CA4] [CA6] [CA10] records, keys and a revocation come through a carrier that reads nothing', async () => {
  const [box, phone] = await Promise.all([lab.device('box'), lab.device('phone')])
  await pair(box, phone)
  await phone.end('SIGTERM')
  const laptop = await lab.device('laptop')
  await pair(box, laptop)
  await swap(laptop, phone, box)
  await waitFor('the phone to know the laptop', () => phone.peer(laptop))

  const grantId = await phone.grant({ to: laptop })
  await phone.call('POST', '/v1/consent', { to: box.deviceId, may: 'carry', lanes: ['traces'] })
  const traceId = newTraceId()
  await record(phone, traceId)
  await waitFor('the phone to be told that the box does not carry', async () => {
    return (await carryOf(phone)).carriers[0]?.refused === 'CARRY_OFF'
  })
  await box.call('POST', '/v1/carry', { on: true })
  await waitFor('the box to carry', async () => (await carryOf(phone)).carriers[0]?.receipts.length === 1)
  expect((await carryOf(phone)).carriers[0]?.refused).toBeNull()
  expect(await carryOf(box)).toMatchObject({
    on: true,
    carried: [{ deviceId: phone.deviceId, readers: [laptop.deviceId], standing: 'open', segments: 1 }],
  })
  expect(await box.trace(traceId)).toBeUndefined()

  await swap(phone, laptop, box)
  await shows(laptop, phone, traceId, 1)
  expect((await laptop.trace(traceId))?.spans[0]).toMatchObject({ name: CANARY, provenance: 'verified' })
  await waitFor('the box to drop what the laptop has', async () => {
    return (await carryOf(box)).carried[0]?.segments === 0
  })

  await swap(laptop, phone, box)
  await phone.revoke(grantId)
  const later = newTraceId()
  await record(phone, later)
  await waitFor('the box to hear of it', async () => (await carryOf(box)).carried[0]?.readers.length === 0)
  await swap(phone, laptop, box)
  await waitFor('the laptop to hear of it', async () => {
    return (await grantsOf(laptop)).find((grant) => grant.grantId === grantId)?.state === 'revoked'
  })
  expect(await laptop.trace(later)).toBeUndefined()

  // Whoever has the box and its keys finds neither words nor keys of the phone, and the logs that it carried only as ids.
  const found = await HomeSearch.of(box.home)
  expect([CANARY, 'otlp/app'].filter((word) => found.holds(word))).toEqual([])
  const { epochKeys, logIds } = await secretsOf(phone.home)
  expect(epochKeys.filter((key) => found.holds(key))).toEqual([])
  expect(logIds.some((id) => found.holds(id))).toBe(true)
}, 120_000)
