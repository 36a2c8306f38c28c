/** Real agents, and somebody who can write in a home and has no key: what was ended stays ended, and the person is told. */
import { afterEach, expect, test } from 'vitest'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditVerdictView, AuditView } from '../../src/agent/http-types/device.ts'
import { AgentLab, connected, grantsOf, inStep, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpans, newTraceId } from '../support/otlp-spans.ts'

let lab: AgentLab
afterEach(() => lab.close())

async function alarmsOf(agent: TestAgent): Promise<readonly string[]> {
  return (await agent.status()).alarms.map(({ code }) => code)
}

async function leavesOf(agent: TestAgent): Promise<readonly AuditView[]> {
  return (await agent.call<{ leaves: readonly AuditView[] }>('GET', '/v1/audit')).leaves
}

test('[AU22] kill -9 and a deleted write-ahead log do not undo a revocation; the alarm stands until it is accepted', async () => {
  lab = new AgentLab()
  const [phone, laptop] = [await lab.device('phone'), await lab.device('laptop')]
  await pair(phone, laptop)
  const grantId = await phone.grant({ to: laptop })
  await phone.end('SIGTERM')
  await phone.start()
  await laptop.end('SIGTERM')
  await phone.revoke(grantId)
  await phone.end('SIGKILL')
  for (const file of ['store.db-wal', 'store.db-shm']) rmSync(join(phone.home, file))

  await phone.start()
  expect((await grantsOf(phone)).map(({ state }) => state)).toEqual(['revoked'])
  expect(await alarmsOf(phone)).toEqual(['STORE_ROLLED_BACK', 'STORE_LOG_MISSING'])
  const alerts = (await leavesOf(phone)).filter(({ severity }) => severity === 'alert')
  expect(alerts.map(({ type }) => type)).toEqual(['store.rolled-back', 'store.rolled-back'])

  await laptop.start()
  await connected(phone, laptop)
  await phone.call('POST', '/v1/audit/accept')
  expect(await alarmsOf(phone)).toEqual([])
  const closed = newTraceId()
  await phone.record('app', newSpans(2, { traceId: closed }))
  const open = newTraceId()
  await phone.grant({ to: laptop, sinceUnixMs: Date.now() })
  await phone.record('app', newSpans(2, { traceId: open }))
  await shows(laptop, phone, open, 2)
  await inStep(laptop, phone, 0)
  expect(await laptop.spansOf(phone, closed)).toEqual([])
})

test('[AU22] kill -9 and a deleted write-ahead log that held only records: the loss is told', async () => {
  lab = new AgentLab()
  const phone = await lab.device('phone')
  await phone.end('SIGTERM')
  await phone.start()
  await phone.record('app', newSpans(1, { traceId: newTraceId() }))
  await phone.end('SIGKILL')
  rmSync(join(phone.home, 'store.db-wal'))
  await phone.start()
  expect(await alarmsOf(phone)).toContain('STORE_LOG_MISSING')
})

test('[AU21] an older audit.db put back between two runs is told, and the audit log does not verify until it is accepted', async () => {
  lab = new AgentLab()
  const phone = await lab.device('phone')
  await phone.end('SIGTERM')
  const copy = join(lab.folder, 'audit.db')
  cpSync(join(phone.home, 'audit.db'), copy)
  await phone.start()
  await phone.setStage('pro')
  await phone.end('SIGTERM')
  cpSync(copy, join(phone.home, 'audit.db'))
  await phone.start()
  const verdict = () => phone.call<AuditVerdictView>('POST', '/v1/audit/verify')
  expect([await alarmsOf(phone), (await verdict()).code]).toEqual([['AUDIT_ROLLED_BACK'], 'AUDIT_ROLLED_BACK'])
  await phone.call('POST', '/v1/audit/accept')
  expect((await verdict()).ok).toBe(true)
})

test('[AU21] kills alone raise no alarm', async () => {
  lab = new AgentLab()
  const phone = await lab.device('phone')
  for (let run = 0; run < 3; run++) {
    await phone.record('app', newSpans(1, { traceId: newTraceId() }))
    await phone.end('SIGKILL')
    await phone.start()
    expect(await alarmsOf(phone)).toEqual([])
  }
})
