/**
 * What each stage is, asked of a running agent from outside as it goes up and down: the kernel for what listens, the store's own
 * tables for what is kept, the command line and the socket for what is answered. docs/spec/stages.md has the same tables.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditView, StatusView } from '../../src/agent/http-types/device.ts'
import type { Stage } from '../../src/model/stage.ts'
import { connect, type Module } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { callSocket } from '../support/agents.ts'
import { eachPayloadOf } from '../support/kept-payloads.ts'
import { newSpan, newTraceId, otlpTraces } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'
import { socketsOf, treeOf } from './process-tree.ts'

/** Up and down again, in one run of the agent. */
const WAY: readonly Stage[] = ['casual', 'pro', 'developer', 'pro', 'casual', 'developer', 'casual']
const CASUAL: readonly Stage[] = ['casual', 'pro', 'developer']
const PRO: readonly Stage[] = ['pro', 'developer']
const DEVELOPER: readonly Stage[] = ['developer']

/** Which stages keep what a module reports. */
const KEPT = { 'an error': CASUAL, 'a line': PRO, 'a span': DEVELOPER, 'a metric': DEVELOPER }

/** Which stages answer a command; others end with 4. Inviting opens a port: it has a test of its own. */
const COMMANDS: readonly (readonly [command: string, at: readonly Stage[]])[] = [
  ['status', CASUAL],
  ['notifications', CASUAL],
  ['errors', CASUAL],
  ['audit list', CASUAL],
  ['audit verify', CASUAL],
  ['devices list', CASUAL],
  ['consent list', CASUAL],
  ['modules list', CASUAL],
  ['plugins list', CASUAL],
  ['store stats', CASUAL],
  ['logs', PRO],
  ['status --health', PRO],
  ['metrics', PRO],
  ['export --signal logs', PRO],
  ['traces list', DEVELOPER],
  ['traces search name=x', DEVELOPER],
  ['stats', DEVELOPER],
  ['map', DEVELOPER],
  ['export --signal traces', DEVELOPER],
  ['export --signal metrics', DEVELOPER],
]

/** Which stages answer over the socket; others refuse with 403. */
const ROUTES: readonly (readonly [path: string, at: readonly Stage[]])[] = [
  ['/v1/status', CASUAL],
  ['/v1/notifications', CASUAL],
  ['/v1/errors', CASUAL],
  ['/v1/audit', CASUAL],
  ['/v1/devices', CASUAL],
  ['/v1/consent', CASUAL],
  ['/v1/logs', PRO],
  ['/v1/health', PRO],
  ['/v1/metrics', PRO],
  ['/v1/traces', DEVELOPER],
  ['/v1/statistics', DEVELOPER],
  ['/v1/map', DEVELOPER],
]

const agent = new AgentProgram()
let core: Module
beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  const { credential } = await agent.ask<{ credential: string }>('modules', 'add', 'core')
  await agent.start('--otlp-port', '0')
  core = connect({ credential, global: false })
}, 60_000)
afterAll(async () => {
  await core?.close({ timeoutMs: 0 })
  await agent.end()
})

describe.each(WAY.map((stage, step) => ({ stage, step, from: WAY[step - 1] })))(
  'step $step: $from to $stage',
  ({ stage, step, from }) => {
    // The first is where every device begins: nobody has to go there.
    test.each(from === undefined ? [] : [{ from }])(
      '[CL7] [STG7] nobody leaves $from without having said yes to what it does',
      async () => {
        const asked = await agent.run('stage', stage)
        expect(asked.code).toBe(2)
        expect(await stageNow()).toBe(from)
        const { opens, closes } = await agent.ask<{ opens: readonly string[]; closes: readonly string[] }>(
          'stage',
          stage,
          '--yes',
        )
        const unwrapped = asked.stderr.replace(/\s+/g, ' ')
        for (const sentence of [...opens, ...closes]) expect(unwrapped).toContain(sentence)
        expect(opens.length + closes.length).toBeGreaterThan(0)
      },
    )

    test('[STG6] it is there at once, modules are told, and the audit log says so', async () => {
      expect(await stageNow()).toBe(stage)
      await waitFor('the module to be told', () => core.stage === stage)
      const { leaves } = await agent.ask<{ leaves: readonly AuditView[] }>('audit', 'list')
      const changes = leaves.filter(({ type }) => type === 'stage.changed').map(({ payload }) => payload?.['to'])
      expect(changes).toEqual(WAY.slice(1, step + 1))
    })

    test('[STG2] [BU35] what a module reports is kept as far as the stage says', async () => {
      const mark = `of step ${step}`
      core.logger.error(`an error ${mark}`)
      core.logger.info(`a line ${mark}`)
      core.tracer.startSpan(`a span ${mark}`).end()
      core.meter.createCounter('steps').add(1, { what: `a metric ${mark}` })
      expect(await core.flush({ timeoutMs: 20_000 })).toBe(true)
      expect(await keptOf(mark)).toEqual(
        Object.entries(KEPT).flatMap(([what, at]) => (at.includes(stage) ? [what] : [])),
      )
    })

    test('[STG3] [STG5] OTLP is taken at developer, and its port is gone elsewhere', async () => {
      const { otlp } = await agent.ask<StatusView>('status')
      expect(otlp === null).toBe(stage !== 'developer')
      if (otlp === null) return
      const body = otlpTraces('shop', [newSpan({ traceId: newTraceId() })])
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(`${otlp}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200)
      expect((await fetch(`${otlp}/livez`)).status).toBe(200)
    })

    test.runIf(process.platform === 'linux')('[STG5] the kernel knows no other socket', () => {
      const [own = 0, ...children] = treeOf(agent.pid)
      expect(socketsOf(own)).toEqual([])
      expect(children).toHaveLength(stage === 'developer' ? 1 : 0)
      const listening = children.flatMap(socketsOf).filter(({ isListening }) => isListening)
      expect(listening.length > 0).toBe(stage === 'developer')
      for (const { local } of listening) expect(local).toMatch(/^(?:0100007F|00000000000000000000000001000000):/)
    })

    // Each takes a process: once at each stage, and again where everything is closed in the end.
    const isNew = WAY.indexOf(stage) === step || step === WAY.length - 1
    test.each(isNew ? [{ stage }] : [])(
      '[STG4] [STG8] commands answer at $stage, or say which stage they need',
      { timeout: 60_000 },
      async () => {
        const ends = await Promise.all(COMMANDS.map(([command]) => agent.run(...command.split(' '))))
        expect(COMMANDS.map(([command], i) => [command, ends[i]?.code])).toEqual(
          COMMANDS.map(([command, at]) => [command, at.includes(stage) ? 0 : 4]),
        )
      },
    )

    test('[STG4] routes answer, or refuse with STAGE_TOO_LOW', async () => {
      const answers = await Promise.all(ROUTES.map(([path]) => callSocket(agent.home, 'GET', path)))
      expect(ROUTES.map(([path], i) => [path, answers[i]?.status])).toEqual(
        ROUTES.map(([path, at]) => [path, at.includes(stage) ? 200 : 403]),
      )
      for (const { status, json } of answers) {
        if (status === 403) expect(json).toMatchObject({ error: { code: 'STAGE_TOO_LOW' } })
      }
    })
  },
)

async function stageNow(): Promise<Stage> {
  return (await agent.ask<{ stage: Stage }>('stage')).stage
}

/** What the store has of a step, of what {@link KEPT} names. */
async function keptOf(mark: string): Promise<readonly string[]> {
  const found = new Set<string>()
  await eachPayloadOf(agent.home, ({ payload }) => {
    const text = Buffer.from(payload)
    for (const what of Object.keys(KEPT)) if (text.includes(`${what} ${mark}`)) found.add(what)
  })
  return Object.keys(KEPT).filter((what) => found.has(what))
}

describe.runIf(process.platform === 'linux')('paired', () => {
  const phone = new AgentProgram()
  afterAll(() => phone.end())

  test('[STG5] [STG6] the mesh has a port while somebody is paired, and none once the device goes back to casual', async () => {
    await phone.ask('init', '--name', 'phone')
    await phone.ask('stage', 'pro', '--yes')
    await phone.start()
    await agent.ask('stage', 'pro', '--yes')
    const { ticket } = await agent.ask<{ ticket: string }>('pair', 'invite')
    await phone.ask('pair', 'join', ticket)
    const isOpen = (of: AgentProgram): boolean => socketsOf(of.pid).some(({ isListening }) => isListening)
    await waitFor('both to listen', () => isOpen(agent) && isOpen(phone))
    await agent.ask('stage', 'casual', '--yes')
    expect(treeOf(agent.pid).flatMap(socketsOf)).toEqual([])
    expect((await agent.run('pair', 'invite', '--json')).code).toBe(4)
    expect(isOpen(phone)).toBe(true)
  }, 60_000)
})
