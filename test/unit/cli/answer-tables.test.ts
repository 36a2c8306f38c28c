/** What commands print for people, at the widths terminals have. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Route } from '../../../src/agent/http-server.ts'
import type {
  AuditView,
  DeviceView,
  GrantView,
  MembershipEventView,
  PeerDetailView,
  StatusView,
} from '../../../src/agent/http-types/device.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { renderTable } from '../../../src/cli/render/table.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const [PHONE, LAPTOP] = ['61d8bf627bbe'.padEnd(64, '0'), 'efa9805e6ef7'.padEnd(64, '1')] as const
const HOUR_MS = 3_600_000

const devices: readonly DeviceView[] = [
  {
    deviceId: LAPTOP,
    name: 'Laptop in the kitchen',
    self: false,
    connected: false,
    lastSeenUnixMs: Date.now() - HOUR_MS,
    addedBy: PHONE,
    addedAt: new Date(Date.now() - HOUR_MS).toISOString(),
  },
  {
    deviceId: PHONE,
    name: 'Phone',
    self: true,
    connected: true,
    lastSeenUnixMs: null,
    addedBy: null,
    addedAt: new Date(Date.now() - 2 * HOUR_MS).toISOString(),
  },
]
const grant: GrantView = {
  grantId: '167e1e15'.padEnd(32, '2'),
  from: PHONE,
  to: LAPTOP,
  may: 'see',
  lanes: ['traces', 'logs'],
  modules: ['otlp/embodiment', 'core'],
  since: '2026-11-22T00:00:00.000Z',
  until: new Date(Date.now() + 71.9 * HOUR_MS).toISOString(),
  purpose: '',
  state: 'scheduled',
}
const peer: PeerDetailView = {
  ...(devices[0] as DeviceView),
  pendingSegments: 3,
  syncedUnixMs: Date.now() - 2 * HOUR_MS,
  clock: { offsetMs: -1.06, errorMs: 2.72 },
  roundTripMs: 3.4,
  refused: {},
  segmentsIn: 12,
  segmentsOut: 0,
  bytesIn: 40_000,
  bytesOut: 0,
  total: { segmentsIn: 12, segmentsOut: 3, bytesIn: 40_000, bytesOut: 9_000 },
}
const leaf: AuditView = {
  seq: 12,
  at: '2026-11-23T00:33:08.123Z',
  type: 'pairing.completed',
  outcome: 'denied',
  severity: 'warn',
  actor: { kind: 'device', ref: PHONE },
  object: { kind: 'device', ref: LAPTOP },
  payload: null,
}
const statusView: StatusView = {
  deviceId: PHONE,
  name: 'Phone',
  stage: 'pro',
  keyStore: 'file',
  version: '1.2.3',
  uptimeMs: 61_000,
  store: { segments: 1, records: 1, bytes: 1_234_567 },
  mesh: { listening: ['/ip4/192.0.2.2/tcp/35803', '/ip6/fd00::2/tcp/35803'], peers: devices.slice(0, 1) },
  removedBy: null,
  modules: Array.from({ length: 12 }, (_, i) => `module-${i}`),
  otlp: null,
  held: null,
  diskFullSinceUnixMs: null,
  counters: {},
  alarms: [],
  corrupt: [],
  damaged: [
    { deviceId: PHONE, name: 'Phone', self: true, segments: 1, records: 256 },
    { deviceId: LAPTOP, name: null, self: false, segments: 2, records: 1 },
  ],
  unreadNotifications: 3,
}
const modules = ['core', 'voice'].map((module, i) => ({
  module,
  credential: `/home/somebody/.local/share/aico-mesh/modules/${module}.json`,
  endpoint: null,
  sessions: i,
  droppedMessages: i * 1_200,
  recording:
    i === 0
      ? []
      : [
          { topic: '', level: 'warn', sample: null },
          { topic: 'talk/', level: null, sample: 0.125 },
        ],
}))

let cli: CliHarness
const columns = process.stdout.columns
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => {
  process.stdout.columns = columns
  return cli.remove()
})

async function answers(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const json: Readonly<Record<string, unknown>> = {
    '/v1/status': statusView,
    '/v1/devices': { devices, removedBy: null, former: [] },
    '/v1/peers': { peers: [peer], removedBy: null },
    '/v1/peers/phone': {
      ...peer,
      drift: { ppm: -20, errorPpm: 11 },
      clockHistory: [
        { atUnixMs: Date.now() - 26 * HOUR_MS, offsetMs: 0.4, errorMs: 2, step: false },
        { atUnixMs: Date.now() - HOUR_MS, offsetMs: -7_200_000, errorMs: 2.72, step: true },
      ],
    },
    '/v1/consent': { grants: [grant] },
    '/v1/audit': { leaves: [leaf] },
    '/v1/modules': { modules },
    '/v1/pair/invite': { ticket: 'aicomesh1abc', expiresAt: new Date(Date.now() + 600_000).toISOString() },
    ...more,
  }
  await cli.serve(
    Object.entries(json).map(([path, value]): Route => {
      const method = path.endsWith('/invite') ? 'POST' : 'GET'
      return { method, path, capability: 'cli', handle: () => ({ json: value }) }
    }),
  )
}

async function linesOf(width: number, ...argv: readonly string[]): Promise<readonly string[]> {
  process.stdout.columns = width
  return (await cli.run(...argv)).stdout.trimEnd().split('\n')
}

describe('in the width of the terminal', () => {
  const commands = ['devices list', 'consent list', 'status', 'peers', 'peers show phone', 'audit list', 'modules list']
  test.each(commands.flatMap((command) => [60, 80, 120].map((width) => ({ command, width }))))(
    '[CL18] $command fits $width columns',
    async ({ command, width }) => {
      await answers()
      const lines = await linesOf(width, ...command.split(' '))
      expect(lines.length).toBeGreaterThan(1)
      for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(width)
    },
  )

  test.each([
    { part: 'index', words: 'if this stays: aico-mesh store reindex' },
    { part: 'store', words: 'a part of store.db cannot be read' },
    { part: 'audit', words: 'begin a new audit log: aico-mesh audit set-aside' },
  ] as const)('[CL20] damage found in a database ($part) is told with what to do', async ({ part, words }) => {
    await answers({ '/v1/status': { ...statusView, corrupt: [{ part, sinceUnixMs: 1 }] } })
    expect((await linesOf(80, 'status')).map((line) => line.trim()).join(' ')).toContain(words)
  })

  test('[CL19] what the disk altered is told: whose it is, how much, and who is asked for it', async () => {
    await answers()
    const said = (await linesOf(120, 'status')).join(' ').replaceAll(/\s+/g, ' ')
    expect(said).toContain(
      'damaged 256 records of this device in 1 segment cannot be read: the disk altered what was stored. ' +
        'Asked for again of paired devices that may see them',
    )
    const short = LAPTOP.slice(0, 12)
    expect(said).toContain(`1 record of ${short} in 2 segments cannot be read`)
    expect(said).toContain(`Asked for again of ${short}`)
  })

  test('[CL18] columns are left out when narrowing is not enough, and which is said', () => {
    const all = [
      { title: 'id' },
      { title: 'by', dropOrder: 2 },
      { title: 'note', minWidth: 4 },
      { title: 'at', dropOrder: 1 },
    ]
    const rows = [['12345', 'somebody', 'abcdefghij', 'noon']]
    const at = (width: number) =>
      renderTable(all, rows, { width, paint: (text) => text })
        .split('\n')
        .slice(1, -1)
    expect(at(33)).toEqual(['12345  somebody  abcdefghij  noon'])
    expect(at(27)).toEqual(['12345  somebody  abc…  noon'])
    expect(at(26)).toEqual(['12345  somebody  abcdefgh…', 'Left out for want of room: at.'])
    expect(at(20)).toEqual(['12345  abcdefghij', 'Left out for want of room: by, at.'])
    expect(at(5)).toEqual(['12345  abc…', 'Left out for want of room: by, at.'])
  })
})

describe('in words', () => {
  test('[CL18] devices: this one first, ids as short as commands take them', async () => {
    await answers()
    expect(await linesOf(80, 'devices', 'list')).toEqual([
      'device                 state              added by  added    id',
      'Phone                  this device                  2 h ago  61d8bf627bbe',
      'Laptop in the kitchen  last seen 1 h ago  Phone     1 h ago  efa9805e6ef7',
    ])
  })

  test('[CL18] ids that begin alike are whole', async () => {
    const alike = `${PHONE.slice(0, 63)}9`
    await answers({
      '/v1/devices': { devices: [devices[1], { ...devices[0], deviceId: alike }], removedBy: null, former: [] },
    })
    expect((await linesOf(120, 'devices', 'list')).join('\n')).toContain(alike)
  })

  test('[CL13] grants: days and times in UTC, an end from now', async () => {
    await answers()
    expect(await linesOf(120, 'consent', 'list')).toEqual([
      'grant     state      of     to                     kinds         modules                since       until',
      '167e1e15  scheduled  Phone  Laptop in the kitchen  traces, logs  otlp/embodiment, core  2026-11-22  in 3 d',
    ])
  })

  test('[CL13] peers: what columns count is said, and clocks read as they do in traces', async () => {
    await answers()
    const lines = await linesOf(120, 'peers')
    expect(lines[1]).toMatch(/last seen 1 h ago {2}2 h ago +3 +12 \(40 KiB\) +0 {2}−1\.06 ms ± 2\.72 ms$/)
    expect(lines.slice(2).join(' ')).toContain("Clock: how far its clock is ahead of this device's.")
  })

  test('[CL13] one peer: how its clock went, and when one was set', async () => {
    await answers()
    expect(await linesOf(120, 'peers', 'show', 'phone')).toEqual([
      expect.stringMatching(/^Laptop in the kitchen \([0-9a-f]{8}\): last seen 1 h ago$/),
      'All it may send was here 2 h ago. 3 segments still to come.',
      'Nothing is on its way.',
      'Nothing of it was refused.',
      "Its clock is 1.06 ms ± 2.72 ms behind this device's, losing 1.73 s a day. A question and its answer took 3.4 ms.",
      '',
      expect.stringMatching(/^measured +ahead of this device/),
      expect.stringMatching(/^1 d ago +\+400 µs ± 2 ms/),
      expect.stringMatching(/^1 h ago +−2h 00m ± 2.72 ms +a clock was set/),
    ])
  })

  test('[CL13] no peers: what to do next is something that this stage allows', async () => {
    await answers({ '/v1/peers': { peers: [], removedBy: null }, '/v1/status': { ...statusView, stage: 'casual' } })
    expect(await linesOf(80, 'peers')).toEqual(['No paired devices. Pairing needs the pro stage: aico-mesh stage pro'])
  })

  test('[CL13] status counts one as one, an address a line', async () => {
    await answers()
    const lines = await linesOf(80, 'status')
    expect(lines).toContain('  store    1 record in 1 segment, 1,206 KiB, encrypted')
    expect(lines).toContain(`  id       ${PHONE}`)
    expect(lines.filter((line) => line.includes('/tcp/'))).toHaveLength(2)
  })

  test('[CL24] at casual status says no id, no address and no word of how records are stored', async () => {
    const mesh = { listening: [], peers: [] }
    const view: StatusView = { ...statusView, stage: 'casual', mesh, modules: ['core', 'voice'], damaged: [] }
    await answers({ '/v1/status': view })
    expect((await linesOf(120, 'status')).map((line) => line.trim())).toEqual([
      'Phone · casual stage · running for 1m 01s',
      'keys     protected only by file permissions',
      'store    1 record, 1,206 KiB, encrypted',
      'modules  core, voice',
      'news     3 notifications you have not read: aico-mesh notifications',
      'network  closed',
    ])
  })

  test('[CL13] audit: an outcome is said where it is not success', async () => {
    await answers()
    expect((await linesOf(120, 'audit', 'list'))[1]).toBe(
      '   12  2026-11-23 00:33:08  pairing.completed: denied  the agent  Laptop in the kitchen',
    )
  })

  test('[MB14] [CL13] who added and removed whom, in the names of devices, and who knows', async () => {
    const at = '2026-11-23T10:00:00.000Z'
    const event = (over: Partial<MembershipEventView>): MembershipEventView => ({
      opId: '00',
      kind: 'added',
      deviceId: LAPTOP,
      name: 'Laptop in the kitchen',
      by: PHONE,
      byName: 'Phone',
      at,
      counts: true,
      learnedAt: null,
      knownBy: [],
      ...over,
    })
    const events = [
      event({ kind: 'founded', deviceId: PHONE, name: 'Phone' }),
      event({
        learnedAt: '2026-11-23T11:30:00.000Z',
        knownBy: [{ deviceId: LAPTOP, name: 'Laptop in the kitchen', at }],
      }),
      event({ kind: 'removed', name: null, counts: false }),
    ]
    await answers({ '/v1/devices/history': { events } })
    expect((await linesOf(120, 'devices', 'history')).slice(0, 4)).toEqual([
      'when (UTC)        what                                                known here        known to',
      '2026-11-23 10:00  Phone began this mesh',
      '2026-11-23 10:00  Laptop in the kitchen was added by Phone            2026-11-23 11:30  Laptop in the kitchen',
      '2026-11-23 10:00  efa9805e6ef7 was removed by Phone: changed nothing',
    ])
    const narrow = await linesOf(60, 'devices', 'history')
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(60)
  })

  test('[CL18] that nobody is near fits the terminal', async () => {
    await answers({ '/v1/pair/nearby': { nearby: [] } })
    const lines = await linesOf(60, 'pair', 'nearby', '--look')
    expect(lines[0]).toContain('Nobody announces itself here.')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60)
  })

  test('[CL12] a ticket ends at a time in UTC', async () => {
    await answers()
    expect((await linesOf(80, 'pair', 'invite')).join('\n')).toMatch(
      /On the other device, before \d\d:\d\d UTC \(in 10 min\):\n {2}aico-mesh pair join aicomesh1abc\n/,
    )
  })

  test('[CL13] modules: the folder of their credentials once', async () => {
    await answers()
    expect(await linesOf(80, 'modules', 'list')).toEqual([
      'module  state                                                   records',
      'core    not connected                                           everything',
      'voice   1 connection, 1,200 messages missed: too slow, or gone  2 rules',
      '',
      'Credentials are in:',
      '  /home/somebody/.local/share/aico-mesh/modules',
    ])
  })
})
