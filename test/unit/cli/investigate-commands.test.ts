/** `investigate` against a real store: what is typed, what is kept, what is printed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import type { Route } from '../../../src/agent/http-server.ts'
import type { InvestigationList, InvestigationView } from '../../../src/agent/http-types/investigations.ts'
import { investigationRoutes } from '../../../src/agent/investigation-routes.ts'
import { keeperApi } from '../../../src/agent/keeper/keeper-api.ts'
import type { Edit } from '../../../src/agent/keeper/investigations.ts'
import type { Keeper } from '../../../src/agent/keeper/keeper.ts'
import { historyLines } from '../../../src/cli/render/investigation-history.ts'
import { renderInvestigation } from '../../../src/cli/render/investigation.ts'
import { renderInvestigations } from '../../../src/cli/render/investigation-table.ts'
import { keeperHome, takeSegment, type KeeperHome } from '../../support/keeper-home.ts'
import { traces } from '../../support/otlp-records.ts'
import { waitFor } from '../../support/wait-for.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let home: KeeperHome
let keeper: Keeper
let cli: CliHarness
beforeEach(async () => {
  home = keeperHome()
  keeper = home.create('laptop')
  await keeper.setStage('developer')
  const spans = [
    { trace: 0x1abc1000000001, span: 0xa1, name: 'think' },
    { trace: 0x1abc1000000001, span: 0xb2, parent: 0xa1, name: 'recall' },
    { trace: 0x1abc1000000001, span: 0xb3, parent: 0xa1, name: 'recall' },
  ]
  await takeSegment(keeper, 'traces', 'core', traces('app', ...spans))
  cli = cliHarness()
  await cli.serve(routes(keeper))
})
afterEach(async () => {
  await cli.remove()
  home.remove()
})

function routes(of: Keeper): readonly Route[] {
  const api = keeperApi(of, '')
  const call = (name: keyof typeof api, ...args: readonly unknown[]) =>
    (api[name] as (...all: readonly unknown[]) => unknown)(...args)
  const callUntil = (signal: AbortSignal, name: keyof typeof api, ...args: readonly unknown[]) =>
    call(name, ...args, signal)
  const trace: Route = {
    method: 'GET',
    path: '/v1/traces/:trace',
    capability: 'cli',
    handle: async ({ params }) => ({
      jsonParts: (await api.traceShow(params['trace'] ?? '', { attributes: false })) ?? [],
    }),
  }
  return [...investigationRoutes({ keeper: { call, callUntil } as never }), trace]
}

const TRACE = '001abc1'
const spanId = (n: number) => n.toString(16).padStart(16, '0')
const viewed = async (...words: readonly string[]) =>
  (await cli.run('investigate', ...words, '--json')).json as InvestigationView

describe('investigate', () => {
  test('[DO1] opens one, and shows the trace it is about', async () => {
    const { exit, stdout } = await cli.run('investigate', TRACE)
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^Investigation 001abc100000 {2}open · laptop, /)
    expect(stdout).toContain('think · ')
    expect(stdout).toContain('3 spans on laptop')
    expect(stdout).toContain('No notes yet.')
  })

  test('[DO3] notes: words are joined, one is replaced, one is taken back', async () => {
    const { stdout } = await cli.run('investigate', 'note', TRACE, 'the', 'room was dark')
    expect(stdout).toContain('  the room was dark\n')
    const [first] = (await viewed(TRACE)).notes
    expect((await cli.run('investigate', 'note', TRACE, 'no it was not', '--replace', first?.note ?? '')).exit).toBe(0)
    const [second, ...others] = (await viewed(TRACE)).notes
    expect([second?.text, others]).toEqual(['no it was not', []])
    const { stdout: after } = await cli.run('investigate', 'unnote', TRACE, second?.note ?? '')
    expect(after).toContain('laptop took back a note')
    expect((await cli.run('investigate', 'unnote', TRACE, second?.note ?? '')).stderr).toMatch(/^NOTE_NOT_FOUND: /)
  })

  test('[DO4] labels and statuses, and back', async () => {
    await cli.run('investigate', 'label', TRACE, 'slow turn')
    expect((await cli.run('investigate', 'status', TRACE, 'solved')).stdout).toMatch(/solved[^]*Labels {2}slow turn\n/)
    expect(await viewed('unlabel', TRACE, 'slow turn')).toMatchObject({ labels: [], isChanged: true })
    expect(await viewed('unlabel', TRACE, 'slow turn')).toMatchObject({ isChanged: false })
    expect((await cli.run('investigate', 'status', TRACE, 'sovled')).stderr).toContain('did you mean solved?')
  })

  test('[DO33] spans by a start of their id or by a name that one has', async () => {
    const { stdout } = await cli.run('investigate', 'pin', TRACE, 'think')
    expect(stdout).toMatch(new RegExp(`Pinned\n {2}${spanId(0xa1)} {2}think {2}`))
    expect(await viewed('hide', TRACE, spanId(0xb2).slice(0, 16))).toMatchObject({ hidden: [{ spanId: spanId(0xb2) }] })
    expect(await viewed('unpin', TRACE, 'think')).toMatchObject({ pinned: [] })
    expect(await viewed('pin', TRACE, 'ffffffffffffffff')).toMatchObject({ pinned: [{ spanId: 'f'.repeat(16) }] })
    for (const span of ['recall', '0000', 'nothing']) {
      const { exit, stderr } = await cli.run('investigate', 'pin', TRACE, span)
      expect([exit, stderr]).toEqual([2, expect.stringMatching(/^CLI_USAGE: .*traces show 001abc1 --ids/)])
    }
  })

  test('[DO1] the list', async () => {
    expect((await cli.run('investigate', 'list')).stdout).toMatch(/^No investigations yet/)
    await cli.run('investigate', 'note', TRACE, 'x')
    expect((await cli.run('investigate', 'list')).stdout).toMatch(/001abc100000 {2}open +\S.* +1 +0 .*laptop +think/)
    const { investigations } = (await cli.run('investigate', 'list', '--json')).json as InvestigationList
    expect(investigations).toMatchObject([{ notes: 1, status: 'open', devices: [{ name: 'laptop' }] }])
  })

  test('[DO32] traces show says that there is one, marks its spans, and prints ids', async () => {
    await cli.run('investigate', 'pin', TRACE, 'think')
    await cli.run('investigate', 'hide', TRACE, spanId(0xb2))
    const { stdout } = await cli.run('traces', 'show', TRACE)
    expect(stdout).toContain('investigation open · 1 pinned · 1 hidden · aico-mesh investigate 001abc100000')
    expect(stdout.match(/(pinned|hidden) in the investigation/g)).toEqual([
      'pinned in the investigation',
      'hidden in the investigation',
    ])
    expect(stdout).not.toContain(spanId(0xb3))
    expect((await cli.run('traces', 'show', TRACE, '--ids')).stdout).toContain(spanId(0xb3))
  })

  test('[DO34] followed, what was said is listed, then what comes, until the stage shows none any more', async () => {
    await cli.run('investigate', 'note', TRACE, 'before')
    const followed = cli.run('investigate', TRACE, '--follow')
    await waitFor('somebody to follow', () => keeper.tails.isWatched('documents'))
    const edit = (words: Edit) => keeperApi(keeper, '').investigationEdit('001abc1', words)
    await edit({ about: 'note', text: 'live\u001b[2J' })
    await edit({ about: 'label', label: 'slow', isSet: true })
    await keeper.rounds.pause()
    await keeper.setStage('pro')
    const { exit, stdout, stderr } = await followed
    expect(stdout.replace(/ \(.*\)/g, '')).toBe(
      'laptop set it to open\nlaptop: before\nlaptop: live\nlaptop put on the label slow\n',
    )
    expect([exit, stderr]).toEqual([4, expect.stringMatching(/^STAGE_TOO_LOW/)])
    expect(keeper.tails.isWatched('documents')).toBe(false)
  })

  test('[CL2] what is not there, and what is typed wrong', async () => {
    expect(await cli.run('investigate', 'ffff')).toMatchObject({
      exit: 1,
      stderr: expect.stringMatching(/^TRACE_NOT_FOUND/),
    })
    expect(await cli.run('investigate', 'nothing')).toMatchObject({ exit: 2 })
    expect(await cli.run('investigate', 'note', TRACE)).toMatchObject({ exit: 2 })
    const get = await callRoute(routes(keeper), { method: 'GET', path: `/v1/investigations/${TRACE}`, body: undefined })
    expect(get).toMatchObject({ status: 404, json: { error: { code: 'INVESTIGATION_NOT_FOUND' } } })
  })
})

describe('what others wrote', () => {
  const by = { deviceId: 'ab'.repeat(32), deviceName: 'ta\u001b[31mblet', evidence: 'verified', atUnixMs: 5 } as const
  const view: InvestigationView = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    trace: null,
    status: null,
    besideStatus: [{ status: 'solved', ...by }],
    notes: [
      { note: '3fa94c12aa000000', text: `one\u001b]0;x\u0007\r\n\ntwo\u202e ${'word '.repeat(30)}`, ...by },
      { note: '4fa94c12aa000000', text: 'many\n'.repeat(500), ...by, evidence: 'tampered' },
    ],
    labels: [{ label: 'sl\u0007ow', ...by }],
    pinned: [{ spanId: 'b7ad6b7169203331', ...by }],
    hidden: [],
    history: Array.from({ length: 20 }, (_, n) => ({
      entry: String(n),
      about: 'label',
      label: `l${n}\u001b[2J`,
      isSet: n % 2 === 0,
      over: [],
      ...by,
    })),
    devices: [
      {
        deviceId: by.deviceId,
        deviceName: by.deviceName,
        self: false,
        entries: 2,
        unread: 1,
        omitted: 3,
        refused: [{ code: 'DOCUMENT_SHAPE', count: 2 }],
      },
    ],
    unreadableChunks: 1,
  }
  const options = { width: 60, color: false, nowUnixMs: 10, spans: new Map() }

  test('[CL5] is printed without what steers a terminal, within its width, and cut where it is endless', () => {
    const printed = renderInvestigation(view, options)
    // oxlint-disable-next-line no-control-regex -- that is what must not be there
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(Math.max(...printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(printed).toContain('  one\n')
    expect(printed).toMatch(/\(\d+ more lines; see --json\)/)
    expect(printed.split('\n').length).toBeLessThan(120)
    expect(printed).toContain('8 earlier changes; see --json')
  })
  test('[DO23] [DO6] and what is not shown is said', () => {
    const printed = renderInvestigation(view, options).replaceAll('\n', ' ')
    expect(printed).toContain('2 changes of tablet cannot be read (DOCUMENT_SHAPE)')
    expect(printed).toContain('1 entry of tablet')
    expect(printed).toContain('3 left out')
    expect(printed).toContain('1 stored part cannot be read')
    expect(printed).toContain('At the same time tablet set it to solved.')
    expect(printed).toContain('Nothing of the trace itself is here.')
    expect(printed).toContain('altered since it was signed')
  })
  test('[DO6] changes in words', () => {
    const changes = [
      { about: 'note', text: 'old' },
      { about: 'note', text: null },
      { about: 'status', status: 'dismissed' },
      { about: 'pin', spanId: 'b7ad6b7169203331', isSet: true },
      { about: 'pin', spanId: 'b7ad6b7169203331', isSet: false },
      { about: 'hide', spanId: 'b7ad6b7169203331', isSet: true },
      { about: 'hide', spanId: 'b7ad6b7169203331', isSet: false },
    ] as const
    const history = changes.map((change, n) => ({ entry: String(n), over: [], ...change, ...by, deviceName: 'tablet' }))
    expect(historyLines({ ...view, notes: [], history }, 10)).toEqual([
      'tablet wrote a note that is gone or was written anew just now',
      'tablet took back a note just now',
      'tablet set it to dismissed just now',
      'tablet pinned b7ad6b7169203331 just now',
      'tablet unpinned b7ad6b7169203331 just now',
      'tablet hid b7ad6b7169203331 just now',
      'tablet showed again b7ad6b7169203331 just now',
    ])
  })
  test('[CL5] [CL18] in the list too', () => {
    const { status: _, notes: __, labels: ___, pinned: ____, hidden: _____, ...rest } = view
    const summary = { ...rest, status: null, notes: 1, labels: ['a\u001b[1m'], pinned: 0, hidden: 0, changedUnixMs: 5 }
    const list = { investigations: [{ ...summary, devices: [{ deviceId: by.deviceId, name: by.deviceName }] }] }
    const printed = renderInvestigations(list, { width: 60, color: false, nowUnixMs: 10 })
    expect(printed).not.toContain('\u001b')
    expect(printed).toContain('(not here)')
  })
})
