/**
 * What scripts rely on: the JSON of every command, one document on stdout and nothing else, and exit codes. Shapes here are
 * promises: a field may be added, none may change.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AgentLab, connected, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

const BIN = fileURLToPath(new URL('../../bin/aico-mesh.js', import.meta.url))

const lab = new AgentLab()
let phone: TestAgent
let laptop: TestAgent

beforeAll(async () => {
  ;[phone, laptop] = await Promise.all([lab.device('phone'), lab.device('laptop')])
})
afterAll(() => lab.close())

interface Answer {
  readonly code: number | null
  readonly json: unknown
}

/** Runs a command with --json. @throws if stdout is anything but one line with one JSON document */
async function run(home: string, ...args: readonly string[]): Promise<Answer> {
  const { code, stdout } = await runProgram([process.execPath, BIN, '--home', home, '--json', ...args])
  expect(stdout, args.join(' ')).toMatch(/^[^\n]+\n$/)
  return { code, json: JSON.parse(stdout) as unknown }
}

async function succeed(agent: TestAgent, ...args: readonly string[]): Promise<unknown> {
  const { code, json } = await run(agent.home, ...args)
  expect([code, json], args.join(' ')).toEqual([0, json])
  return json
}

function refusal(code: string) {
  return { error: { code, message: expect.any(String) as string } }
}

const deviceId = expect.stringMatching(/^[0-9a-f]{64}$/) as string
const hex16 = expect.stringMatching(/^[0-9a-f]{32}$/) as string
const spanId = expect.stringMatching(/^[0-9a-f]{16}$/) as string
const time = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/) as string
const nanos = expect.stringMatching(/^[1-9]\d{18}$/) as string
const multiaddr = expect.stringMatching(/^\/ip[46]\/[0-9a-f.:]+\/tcp\/\d+$/) as string
const count = expect.any(Number) as number
const text = expect.any(String) as string

test('the command is a committed executable that answers by itself', async () => {
  expect(await runProgram([BIN, '--json', '--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\{"version":"\d+\.\d+\.\d+[^"]*"\}\n$/) as string,
  })
})

test('[CL16] help is one JSON document', async () => {
  const page = { usage: text, help: text, details: [text], options: expect.any(Array) as object[], commands: [] }
  for (const args of [
    ['help', 'status'],
    ['status', '--help'],
  ]) {
    const examples = ['aico-mesh status', 'aico-mesh status --health']
    expect(await run(lab.folder, ...args)).toEqual({ code: 0, json: { ...page, examples } })
  }
  expect(await run(lab.folder)).toMatchObject({ code: 0, json: { usage: text } })
})

describe('without an agent', () => {
  test('init and stage work on the home, and a second init is refused', async () => {
    const home = join(lab.folder, randomUUID())
    expect(await run(home, 'init', '--name', 'watch', '--key-store', 'file')).toEqual({
      code: 0,
      json: { deviceId, name: 'watch', keyStore: 'file' },
    })
    expect(await run(home, 'init', '--name', 'watch')).toEqual({ code: 1, json: refusal('HOME_EXISTS') })
    expect(await run(home, 'stage')).toEqual({ code: 0, json: { stage: 'casual' } })
    expect(await run(home, 'stage', 'developer', '--yes')).toMatchObject({
      code: 0,
      json: { from: 'casual', to: 'developer', opens: expect.any(Array) as string[], closes: [], kept: '' },
    })
    expect(await run(home, 'stage')).toEqual({ code: 0, json: { stage: 'developer' } })
    expect(await run(home, 'modules', 'add', 'core')).toEqual({ code: 0, json: { module: 'core', credential: text } })
    expect(await run(home, 'modules', 'list')).toMatchObject({ code: 0, json: { modules: [{ module: 'core' }] } })
  })

  test.concurrent.each([
    'status',
    'stop',
    'pair invite',
    'pair join aicomesh1',
    'peers',
    'consent grant --to laptop --lanes traces',
  ])('%s ends with 3', async (command) => {
    const answer = await run(join(lab.folder, 'nobody'), ...command.split(' '))
    expect(answer).toEqual({ code: 3, json: refusal('AGENT_NOT_RUNNING') })
  })

  test('[CL14] what only reads is answered by the home itself', async () => {
    const home = join(lab.folder, randomUUID())
    await run(home, 'init', '--name', 'watch')
    await run(home, 'stage', 'developer', '--yes')
    const answers = [
      'traces list',
      'logs',
      'consent list',
      'consent history',
      'carry list',
      'devices list',
      'audit list',
      'audit verify',
    ]
    for (const command of answers) {
      expect({ command, ...(await run(home, ...command.split(' '))) }).toMatchObject({ command, code: 0 })
    }
    expect(await run(home, 'traces', 'show')).toEqual({ code: 1, json: refusal('TRACE_NOT_FOUND') })
    expect(await run(home, 'consent', 'revoke', '00000000')).toEqual({ code: 1, json: refusal('GRANT_UNKNOWN') })
    expect(await run(join(lab.folder, 'nobody'), 'logs')).toEqual({ code: 1, json: refusal('HOME_MISSING') })
  })

  test('a home that cannot be one is refused by name', async () => {
    expect(await run(BIN, 'init', '--name', 'watch')).toEqual({ code: 1, json: refusal('HOME_UNUSABLE') })
    expect(await run(join(BIN, 'inside'), 'init', '--name', 'watch')).toMatchObject({
      json: { error: { code: 'HOME_UNUSABLE', message: expect.stringContaining(join(BIN, 'inside')) as string } },
    })
    expect(await run(BIN, 'status')).toEqual({ code: 3, json: refusal('AGENT_NOT_RUNNING') })
  })

  test.runIf(process.platform === 'linux')('[CL4] a full disk is said in one line', async () => {
    const shell = ['sh', '-c', `"$0" "$1" --version > /dev/full`, process.execPath, BIN]
    expect(await runProgram(shell)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^OUTPUT_FAILED: [^\n]*ENOSPC[^\n]*\n$/) as string,
    })
  })

  test('a home without a device is no agent that is down: start ends with 1', async () => {
    const answer = await run(join(lab.folder, 'nobody'), 'start')
    expect(answer).toEqual({ code: 1, json: refusal('HOME_MISSING') })
  })
})

test.concurrent.each([
  ['a command that does not exist', ['dance']],
  ['an option that does not exist', ['status', '--loud']],
  ['init without a name', ['init']],
  ['a key store that does not exist', ['init', '--name', 'x', '--key-store', 'cloud']],
  ['a stage that does not exist', ['stage', 'expert', '--yes']],
  ['a change of stage without --yes and without a terminal', ['stage', 'pro']],
  ['a grant without a recipient', ['consent', 'grant', '--lanes', 'traces']],
  ['a grant with a time nobody can read', ['consent', 'grant', '--to', 'x', '--lanes', 'traces', '--since', 'lately']],
  ['a grant that is not named', ['consent', 'revoke']],
  ['one grant and all grants at once', ['consent', 'revoke', '0000', '--to', 'x']],
  ['too many words', ['status', 'please']],
  ['a limit that is no number', ['traces', 'list', '--limit', 'many']],
  ['a limit of nothing', ['traces', 'list', '--limit', '0']],
  ['an entry that is no number', ['audit', 'list', '--from', 'x']],
  ['a kind of record that does not exist', ['consent', 'grant', '--to', 'x', '--lanes', 'trace']],
  ['a log level that does not exist', ['start', '--log', 'loud']],
  ['help on a command that does not exist', ['help', 'dance']],
  ['a port that is no port', ['start', '--otlp-port', '70000']],
])('%s ends with 2', async (_what, args) => {
  expect(await run(phone.home, ...args)).toEqual({ code: 2, json: refusal('CLI_USAGE') })
})

describe('with an agent', () => {
  test('pair invite and join', async () => {
    const beforeMs = Date.now()
    const { ticket, expiresAt } = (await succeed(phone, 'pair', 'invite')) as { ticket: string; expiresAt: string }
    expect({ ticket, expiresAt }).toEqual({
      ticket: expect.stringMatching(/^aicomesh1[a-z2-7]+$/) as string,
      expiresAt: time,
    })
    expect(Date.parse(expiresAt)).toBeGreaterThan(beforeMs + 300_000)
    expect(await succeed(laptop, 'pair', 'join', ticket)).toEqual({ deviceId: phone.deviceId, name: 'phone' })
    await connected(phone, laptop)
  })

  test('status, devices and peers', async () => {
    expect(await succeed(phone, 'status')).toMatchObject({
      deviceId: phone.deviceId,
      name: 'phone',
      stage: 'developer',
      keyStore: 'file',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      uptimeMs: count,
      store: { segments: count, records: count, bytes: count },
      mesh: {
        listening: expect.arrayContaining([multiaddr]) as string[],
        peers: [{ deviceId: laptop.deviceId, name: 'laptop', connected: true, lastSeenUnixMs: count }],
      },
      modules: [],
      removedBy: null,
    })
    expect(await succeed(phone, 'devices', 'history')).toMatchObject({
      events: [
        { kind: 'founded', deviceId: phone.deviceId, by: phone.deviceId, counts: true, learnedAt: null },
        { kind: 'added', deviceId: laptop.deviceId, name: 'laptop', byName: 'phone', knownBy: [{ name: 'laptop' }] },
      ],
    })
    expect(await succeed(phone, 'devices', 'list')).toMatchObject({
      devices: expect.arrayContaining([
        expect.objectContaining({
          deviceId: phone.deviceId,
          name: 'phone',
          self: true,
          connected: true,
          lastSeenUnixMs: null,
          addedBy: null,
        }),
        expect.objectContaining({ deviceId: laptop.deviceId, name: 'laptop', self: false, addedBy: phone.deviceId }),
      ]) as unknown[],
    })
    expect(await succeed(phone, 'peers')).toMatchObject({
      peers: [{ deviceId: laptop.deviceId, name: 'laptop', connected: true, segmentsIn: 0, bytesIn: 0 }],
      removedBy: null,
    })
    expect(await succeed(phone, 'peers', 'show', 'laptop')).toMatchObject({
      name: 'laptop',
      refused: {},
      total: { segmentsIn: 0 },
      roundTripMs: expect.any(Number) as number,
      clockHistory: expect.arrayContaining([expect.objectContaining({ step: false })]) as unknown[],
    })
    const limits = { up: null, down: null, metered: [], meteredRate: 65_536 }
    expect(await succeed(phone, 'peers', 'limit')).toEqual(limits)
    const limited = ['--up', '500kB', '--metered', 'wlan1,usb0', '--metered-rate', '0']
    expect(await succeed(phone, 'peers', 'limit', ...limited)).toEqual({
      ...limits,
      up: 500_000,
      metered: ['wlan1', 'usb0'],
      meteredRate: 0,
    })
    const lifted = ['--up', 'none', '--metered', 'none', '--metered-rate', '64KiB']
    expect(await succeed(phone, 'peers', 'limit', ...lifted)).toEqual(limits)
    expect(await run(phone.home, 'peers', 'show', 'toaster')).toEqual({ code: 1, json: refusal('DEVICE_UNKNOWN') })
  })

  test('consent: grant, list, history, revoke', async () => {
    const granted = (await succeed(
      phone,
      'consent',
      'grant',
      '--to',
      'laptop',
      '--lanes',
      'traces,logs',
      '--modules',
      'otlp/app',
      '--since',
      'all',
      '--until',
      '2099-01-01',
      '--purpose',
      'to find out',
    )) as { grantId: string }
    expect(granted).toEqual({
      grantId: hex16,
      notice: expect.stringContaining('"laptop"') as string,
      existing: false,
    })
    const { grantId } = granted
    const grant = {
      grantId,
      from: phone.deviceId,
      to: laptop.deviceId,
      may: 'see',
      lanes: ['traces', 'logs'],
      modules: ['otlp/app'],
      since: null,
      until: '2099-01-01T00:00:00.000Z',
      purpose: 'to find out',
    }
    expect(await succeed(phone, 'consent', 'list')).toEqual({ grants: [{ ...grant, state: 'active' }] })
    expect(await succeed(phone, 'consent', 'revoke', grantId)).toEqual({ grantId, stillOpen: [] })
    expect(await succeed(phone, 'consent', 'list')).toEqual({ grants: [{ ...grant, state: 'revoked' }] })
    const event = { grantId, may: 'see', from: phone.deviceId, to: laptop.deviceId, at: time }
    expect(await succeed(phone, 'consent', 'history')).toEqual({
      history: [
        { ...event, kind: 'grant' },
        { ...event, kind: 'revoke' },
      ],
    })
    expect(await run(phone.home, 'consent', 'revoke', 'ffffffff')).toEqual({ code: 1, json: refusal('GRANT_UNKNOWN') })
    const nobody = await run(phone.home, 'consent', 'grant', '--to', 'nobody', '--lanes', 'traces')
    expect(nobody).toEqual({ code: 1, json: refusal('DEVICE_UNKNOWN') })
  })

  test('[CO16] [CO17] consent: a grant that stands is not given twice; what is left after a revoke; all to one device', async () => {
    const grant = ['consent', 'grant', '--to', 'laptop', '--lanes', 'metrics'] as const
    const given = (await succeed(phone, ...grant)) as { grantId: string; notice: string }
    expect(given).toMatchObject({ existing: false })
    expect(await succeed(phone, ...grant)).toEqual({ ...given, existing: true })
    const other = (await succeed(phone, ...grant, '--purpose', 'other')) as { grantId: string }
    expect(await succeed(phone, 'consent', 'revoke', given.grantId)).toEqual({
      grantId: given.grantId,
      stillOpen: [expect.objectContaining({ grantId: other.grantId, to: laptop.deviceId, lanes: ['metrics'] })],
    })
    expect(await succeed(phone, 'consent', 'revoke', '--to', 'laptop')).toEqual({ grantIds: [other.grantId] })
    expect(await succeed(phone, 'consent', 'revoke', '--to', 'laptop')).toEqual({ grantIds: [] })
    const nobody = await run(phone.home, 'consent', 'revoke', '--to', 'nobody')
    expect(nobody).toEqual({ code: 1, json: refusal('DEVICE_UNKNOWN') })
    const ended = await run(phone.home, ...grant, '--until', '2026-01-01')
    expect(ended).toEqual({ code: 1, json: refusal('CONSENT_WINDOW') })
  })

  test('[MB11] a device does not remove itself, nor somebody it does not know', async () => {
    expect(await run(phone.home, 'devices', 'remove', 'phone')).toEqual({ code: 1, json: refusal('MEMBER_SELF') })
    expect(await run(phone.home, 'devices', 'remove', 'nobody')).toEqual({ code: 1, json: refusal('DEVICE_UNKNOWN') })
    expect(await succeed(phone, 'devices', 'list')).toMatchObject({ devices: [{}, {}], removedBy: null, former: [] })
  })

  test('traces: list and show, acknowledged means visible, and a trace nobody has', async () => {
    const traceId = newTraceId()
    const root = newSpan({ traceId, name: 'root' })
    const child = newSpan({ traceId, name: 'child', parentSpanId: root.spanId })
    await phone.record('app', [root, child])
    expect(await succeed(phone, 'traces', 'show', traceId)).toMatchObject({
      traceId,
      complete: false,
      devices: [
        {
          deviceId: phone.deviceId,
          name: 'phone',
          self: true,
          spans: 2,
          verified: count,
          clock: { offsetMs: 0, errorMs: 0 },
        },
      ],
      spans: [
        {
          spanId: root.spanId,
          parentSpanId: null,
          deviceId: phone.deviceId,
          module: 'otlp/app',
          name: 'root',
          kind: 'internal',
          startUnixNano: nanos,
          endUnixNano: nanos,
          status: 'unset',
          provenance: expect.stringMatching(/^(?:un)?verified$/) as string,
        },
        { spanId: child.spanId, parentSpanId: root.spanId },
      ],
      gaps: [{ reason: 'no-consent', deviceId: null, parentSpanId: null, count: null }],
    })
    expect(await succeed(phone, 'traces', 'list')).toMatchObject({ traces: [{ traceId, rootName: 'root', spans: 2 }] })
    const unknown = await run(phone.home, 'traces', 'show', newTraceId())
    expect(unknown).toEqual({ code: 1, json: refusal('TRACE_NOT_FOUND') })
    expect(await run(phone.home, 'traces', 'show', 'no-id')).toMatchObject({ code: 2 })

    await phone.grant({ to: laptop, sinceUnixMs: 0 })
    await shows(laptop, phone, traceId, 2)
    expect(await succeed(laptop, 'traces', 'show', traceId)).toMatchObject({
      complete: true,
      devices: [
        { deviceId: phone.deviceId, self: false, spans: 2, verified: 2, clock: { offsetMs: count, errorMs: count } },
      ],
      spans: [{ spanId, provenance: 'verified' }, { spanId }],
      gaps: [],
    })
  })

  test('logs and audit', async () => {
    expect(await succeed(phone, 'logs')).toMatchObject({ resourceLogs: [] })
    const { leaves } = (await succeed(phone, 'audit', 'list')) as { leaves: readonly { type: string }[] }
    const types = leaves.map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining([
        'device.created',
        'agent.started',
        'stage.changed',
        'pairing.completed',
        'membership.added',
        'consent.granted',
        'consent.revoked',
        'key.created',
        'key.wrapped',
      ]),
    )
    expect(await succeed(phone, 'audit', 'verify')).toMatchObject({
      ok: true,
      size: count,
      root: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    })
  })

  test('modules: add, list, remove', async () => {
    expect(await succeed(phone, 'modules', 'add', 'core')).toEqual({ module: 'core', credential: text })
    expect(await succeed(phone, 'status')).toMatchObject({ modules: ['core'] })
    expect(await succeed(phone, 'modules', 'list')).toMatchObject({
      modules: [{ module: 'core', credential: text, sessions: 0 }],
    })
    expect(await succeed(phone, 'modules', 'remove', 'core')).toEqual({ module: 'core' })
    expect(await succeed(phone, 'modules', 'list')).toEqual({ modules: [] })
  })

  test('what the stage does not allow ends with 4', async () => {
    expect(await succeed(laptop, 'stage', 'pro', '--yes')).toMatchObject({ from: 'developer', to: 'pro' })
    expect(await run(laptop.home, 'traces', 'list')).toEqual({ code: 4, json: refusal('STAGE_TOO_LOW') })
    expect(await succeed(laptop, 'stage', 'casual', '--yes')).toMatchObject({ from: 'pro', to: 'casual' })
    expect(await run(laptop.home, 'logs')).toEqual({ code: 4, json: refusal('STAGE_TOO_LOW') })
    expect(await run(laptop.home, 'pair', 'invite')).toEqual({ code: 4, json: refusal('PAIR_NEEDS_STAGE') })
  })

  test('[MB11] devices remove asks nobody where there is no terminal; whoever is removed says so', async () => {
    expect(await succeed(laptop, 'stage', 'pro', '--yes')).toMatchObject({ to: 'pro' })
    await connected(phone, laptop)
    expect(await succeed(phone, 'devices', 'remove', 'laptop')).toEqual({ deviceId: laptop.deviceId })
    await waitFor('the laptop to know', async () => (await laptop.status()).removedBy !== null)
    const removedBy = { deviceId: phone.deviceId, name: 'phone', self: false, at: time }
    expect(await succeed(laptop, 'devices', 'list')).toEqual({
      devices: [],
      removedBy,
      former: expect.arrayContaining([
        { deviceId: phone.deviceId, name: 'phone' },
        { deviceId: laptop.deviceId, name: 'laptop' },
      ]) as unknown[],
    })
    expect(await succeed(laptop, 'peers')).toEqual({ peers: [], removedBy })
    expect(await run(laptop.home, 'devices', 'remove', 'phone')).toEqual({ code: 1, json: refusal('MEMBER_REMOVED') })
  })

  test('stop ends it', async () => {
    expect(await succeed(laptop, 'stop')).toEqual({ stopped: true })
    expect(await laptop.ended()).toBe(0)
    expect(await run(laptop.home, 'status')).toEqual({ code: 3, json: refusal('AGENT_NOT_RUNNING') })
  })
})
