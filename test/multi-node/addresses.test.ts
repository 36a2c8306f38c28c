/** Devices on a network without multicast: who was paired with a third one is found through it, and found again without it. */
import { afterAll, expect, test } from 'vitest'
import type { NearbyView } from '../../src/agent/http-types/device.ts'
import { AgentLab, connected, pair, shows } from '../support/agents.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'

const lab = new AgentLab()
afterAll(() => lab.close())

test('[SE17] two that know only the laptop meet, share what they consent to, and meet again while it is away', async () => {
  const start = (name: string) => lab.device(name, { multicast: false })
  const [laptop, phone, tablet] = await Promise.all([start('laptop'), start('phone'), start('tablet')])
  await pair(laptop, phone)
  await pair(laptop, tablet)
  await connected(phone, tablet)
  const { nearby } = await phone.call<{ nearby: readonly NearbyView[] }>('GET', '/v1/pair/nearby')
  expect(nearby).toEqual([])

  await laptop.end('SIGKILL')
  for (const device of [phone, tablet]) await device.end('SIGTERM')
  for (const device of [phone, tablet]) await device.start()
  await connected(phone, tablet)
  const traceId = newTraceId()
  await phone.grant({ to: tablet })
  await phone.record('app', [newSpan({ traceId })])
  await shows(tablet, phone, traceId, 1)
})
