/**
 * One trace, three real agents, two of them with consent for each other's notes. They write while one of them does not even
 * run; afterwards both show the same, with the proof of who wrote it, and nothing of it is on the third device's disk.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { InvestigationEdited, InvestigationView } from '../../src/agent/http-types/investigations.ts'
import { AgentLab, inStep, MAIN, meetAgain, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'
import { runSuccessfully } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'
import { HomeSearch } from './home-search.ts'

const [AT_PHONE, AT_LAPTOP] = ['canary: the microphone was covered', 'canary: memory took 65 ms']
const lab = new AgentLab()
const traceId = newTraceId()
const span = newSpan({ traceId, name: 'think' })
let phone: TestAgent
let laptop: TestAgent
let tablet: TestAgent

beforeAll(async () => {
  ;[phone, laptop, tablet] = await Promise.all([lab.device('phone'), lab.device('laptop'), lab.device('tablet')])
  await pair(phone, laptop)
  await pair(phone, tablet)
  await phone.grant({ to: laptop, lanes: ['traces', 'documents'] })
  await laptop.grant({ to: phone, lanes: ['traces', 'documents'] })
  await phone.grant({ to: tablet })
  await phone.record('shop', [span])
  await Promise.all([shows(laptop, phone, traceId, 1), shows(tablet, phone, traceId, 1)])
})
afterAll(() => lab.close())

/** The command line, in a process of its own, with or without an agent in the home. */
async function investigate(agent: TestAgent, ...words: readonly string[]): Promise<InvestigationEdited> {
  const command = [process.execPath, MAIN, '--home', agent.home, '--json', 'investigate', ...words]
  return JSON.parse(await runSuccessfully(command)) as InvestigationEdited
}

/** What all devices show alike, as far as it is proven. */
function proven({ status, notes, pinned }: InvestigationView) {
  const isProven = ({ evidence }: { readonly evidence: string }): boolean => evidence === 'verified'
  return {
    status: status !== null && isProven(status) ? status.status : undefined,
    notes: notes.filter(isProven).map(({ deviceId, text }) => [deviceId, text]),
    pinned: pinned.filter(isProven).map(({ spanId }) => spanId),
  }
}

test('[DO1] [DO2] [DO8] what two devices write apart is on both when they meet, and on no third', async () => {
  await laptop.end('SIGTERM')
  await investigate(laptop, 'note', traceId, AT_LAPTOP)
  await investigate(laptop, 'status', traceId, 'solved')
  await investigate(phone, 'note', traceId.slice(0, 12), AT_PHONE)
  await investigate(phone, 'pin', traceId, 'think')
  await laptop.start()

  const all = {
    status: 'solved',
    notes: [
      [laptop.deviceId, AT_LAPTOP],
      [phone.deviceId, AT_PHONE],
    ],
    pinned: [span.spanId],
  }
  for (const agent of [phone, laptop]) {
    await waitFor(`all of it to be proven at ${agent.name}`, async () => {
      return JSON.stringify(proven(await investigate(agent, traceId))) === JSON.stringify(all)
    })
  }
  const { investigation } = (await phone.trace(traceId)) ?? {}
  expect(investigation).toMatchObject({ status: 'solved', notes: 2, pinned: [span.spanId] })

  await meetAgain(tablet, phone)
  const search = await HomeSearch.of(tablet.home)
  expect([AT_PHONE, AT_LAPTOP].filter((words) => search.holds(utf8(words)))).toEqual([])
  await expect(tablet.call('GET', `/v1/investigations/${traceId}`)).rejects.toThrow('INVESTIGATION_NOT_FOUND')
})

test('[DO8] after a revocation nothing more of it comes', async () => {
  const { grants } = await phone.call<{ grants: readonly { grantId: string; to: string; from: string }[] }>(
    'GET',
    '/v1/consent',
  )
  const toLaptop = grants.filter(({ from, to }) => from === phone.deviceId && to === laptop.deviceId)
  for (const { grantId } of toLaptop) await phone.revoke(grantId)
  const sinceUnixMs = Date.now()
  await investigate(phone, 'note', traceId, 'canary: after')
  await meetAgain(laptop, phone)
  await inStep(laptop, phone, sinceUnixMs)
  expect((await investigate(laptop, traceId)).notes.map(({ text }) => text)).toEqual([AT_LAPTOP, AT_PHONE])
  expect((await HomeSearch.of(laptop.home)).holds(utf8('canary: after'))).toBe(false)
})
