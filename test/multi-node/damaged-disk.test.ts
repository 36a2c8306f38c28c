/** Real agents whose disk alters what they stored: they notice it, say so in plain words, and get it back from each other. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { AuditView } from '../../src/agent/http-types/device.ts'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { AgentLab, MAIN, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpans, newTraceId } from '../support/otlp-spans.ts'
import { runSuccessfully } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

/** A device asks at the next ping, every 15 s; twice that, for a loaded machine. */
const BACK_WITHIN_MS = 45_000
const SPANS = 40

let lab: AgentLab
afterEach(() => lab.close())

/** A phone that lets a laptop see its traces, and a trace of it that both hold. */
async function pairWithTrace() {
  lab = new AgentLab()
  const [phone, laptop] = [await lab.device('phone'), await lab.device('laptop')]
  await pair(phone, laptop)
  await phone.grant({ to: laptop })
  const traceId = newTraceId()
  await phone.record('app', newSpans(SPANS, { traceId }))
  await shows(laptop, phone, traceId, SPANS)
  return { phone, laptop, traceId }
}

/** The last byte of every stored body's file becomes another, behind the agent's back. */
function alterPacks({ home }: TestAgent): void {
  const folder = join(home, 'packs')
  const packs = readdirSync(folder)
  expect(packs.length).toBeGreaterThan(0)
  for (const pack of packs) {
    const bytes = readFileSync(join(folder, pack))
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    writeFileSync(join(folder, pack), bytes)
  }
}

const saidBy = (agent: TestAgent, ...command: readonly string[]): Promise<string> =>
  runSuccessfully([process.execPath, MAIN, '--home', agent.home, ...command])

async function leavesOf(agent: TestAgent, type: string): Promise<readonly AuditView[]> {
  const { leaves } = await agent.call<{ leaves: readonly AuditView[] }>('GET', '/v1/audit')
  return leaves.filter((leaf) => leaf.type === type)
}

/** The trace as an agent shows it when nothing lacks of it. */
function isWhole(trace: TraceView | undefined): boolean {
  return (
    trace?.spans.length === SPANS &&
    trace.unreadableChunks === 0 &&
    trace.spans.every(({ provenance }) => provenance === 'verified')
  )
}

describe.each([
  { name: 'what a device received', damaged: 'laptop', giver: 'phone', asked: 'Asked for again of phone' },
  { name: 'what a device recorded', damaged: 'phone', giver: 'laptop', asked: 'of paired devices that may see them' },
] as const)('$name', ({ damaged, giver, asked }) => {
  test('[ST45] [SE21] an altered byte is told, and the segment comes back from the other device', async () => {
    const { traceId, ...agents } = await pairWithTrace()
    const [agent, other, owner] = [agents[damaged], agents[giver], agents.phone]
    await waitFor('the trace to be chained', async () => isWhole(await agent.trace(traceId)))
    await other.end('SIGTERM')
    alterPacks(agent)

    await expect(agent.trace(traceId)).rejects.toMatchObject({ code: 'TRACE_UNREADABLE' })
    const [lost] = await waitFor('the damage to be found', async () => {
      const { damaged: found } = await agent.status()
      return found.length > 0 && found
    })
    expect(lost).toMatchObject({ deviceId: owner.deviceId, self: owner === agent, segments: 1, records: SPANS })
    expect((await saidBy(agent, 'status')).replaceAll(/\s+/g, ' ')).toContain(asked)
    expect(await leavesOf(agent, 'data.damaged')).toMatchObject([
      { outcome: 'failure', object: { ref: owner.deviceId }, payload: { segments: 1, records: SPANS } },
    ])

    await other.start()
    await waitFor('the segment to be back', async () => (await agent.status()).damaged.length === 0, BACK_WITHIN_MS)
    expect(isWhole(await agent.trace(traceId))).toBe(true)
    expect(await leavesOf(agent, 'data.restored')).toMatchObject([
      { outcome: 'success', actor: { kind: 'peer', ref: other.deviceId }, payload: { segments: 1, records: SPANS } },
    ])
    expect((await agent.call<{ ok: boolean }>('POST', '/v1/audit/verify')).ok).toBe(true)
  })
})
