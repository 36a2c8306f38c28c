/** Who is in a mesh, as real devices come to know it: joining, meeting through others, removal, and whoever is refused. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceList, ErrorView, InviteView, PairedView, PeersView } from '../../src/agent/http-types/device.ts'
import { openKeyFile } from '../../src/agent/key-file.ts'
import { toDeviceId, toMeshId, type DeviceId, type MeshId } from '../../src/model/ids.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { Libp2pNetwork } from '../../src/sync/links/libp2p-network.ts'
import { LinkError, type LinkProtocol } from '../../src/sync/link.ts'
import { FrameDecoder } from '../../src/wire/frame.ts'
import { decodePairMessage } from '../../src/wire/pair-messages.ts'
import { encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import { decodeTicket, encodeTicket, type Ticket } from '../../src/wire/ticket.ts'
import { AgentLab, connected, grantsOf, MAIN, pair, shows, type TestAgent } from '../support/agents.ts'
import { silentLog } from '../support/network-devices.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'
import { runProgram } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'
import { HomeSearch, withStore } from './home-search.ts'

const lab = new AgentLab()
const { sha256 } = nodeCrypto
let phone: TestAgent
let laptop: TestAgent
let tablet: TestAgent
/** In a mesh of their own. */
let watch: TestAgent
let radio: TestAgent

beforeAll(async () => {
  const start = (name: string): Promise<TestAgent> => lab.device(name)
  ;[phone, laptop, tablet, watch, radio] = await Promise.all([
    start('phone'),
    start('laptop'),
    start('tablet'),
    start('watch'),
    start('radio'),
  ])
  await pair(phone, laptop)
})
afterAll(() => lab.close())

async function invite(inviter: TestAgent): Promise<string> {
  return (await inviter.call<InviteView>('POST', '/v1/pair/invite')).ticket
}

function join(joiner: TestAgent, ticket: string): Promise<PairedView> {
  return joiner.call<PairedView>('POST', '/v1/pair/join', { ticket })
}

/** The same ticket with something else in it, and a checksum that is right. */
function forged(ticket: string, change: Partial<Ticket>): string {
  return encodeTicket({ ...decodeTicket(ticket, sha256), ...change }, sha256)
}

async function membersOf(agent: TestAgent): Promise<readonly string[]> {
  const { devices } = await agent.call<DeviceList>('GET', '/v1/devices')
  return devices.map(({ name }) => name).toSorted()
}

/** Exit code and error code of a command that fails. */
async function failureOf(agent: TestAgent, ...args: readonly string[]): Promise<readonly [number | null, string]> {
  const { code, stdout } = await runProgram([process.execPath, MAIN, '--home', agent.home, '--json', ...args])
  return [code, (JSON.parse(stdout) as ErrorView).error.code]
}

test('[MB3] a device that joined through one member is met by the others, who never saw its ticket', async () => {
  await pair(laptop, tablet)
  await connected(phone, tablet)
  for (const device of [phone, laptop, tablet]) expect(await membersOf(device)).toEqual(['laptop', 'phone', 'tablet'])
})

describe('tickets that are not good', () => {
  test('[TK3] [TK4] a mistyped ticket is told from something that is no ticket', async () => {
    const ticket = await invite(watch)
    const mistyped = ticket.replace(/.(?=.{40}$)/, (letter) => (letter === 'a' ? 'b' : 'a'))
    await expect(join(radio, mistyped)).rejects.toMatchObject({ status: 400, code: 'TICKET_CHECKSUM' })
    await expect(join(radio, 'hello')).rejects.toMatchObject({ status: 400, code: 'TICKET_FORMAT' })
    expect(await membersOf(radio)).toEqual(['radio'])
  })

  test('[PA4] [TK4] a ticket that has expired, or that nobody made, is refused with its reason', async () => {
    const ticket = await invite(watch)
    const expired = { expiresUnixS: Math.floor(Date.now() / 1000) - 1, addrs: ['/ip4/127.0.0.1/tcp/1'] }
    await expect(join(radio, forged(ticket, expired))).rejects.toMatchObject({ code: 'PAIR_TICKET_EXPIRED' })
    const token = new Uint8Array(randomBytes(16))
    await expect(join(radio, forged(ticket, { token }))).rejects.toMatchObject({ code: 'PAIR_TICKET_UNKNOWN' })
    await expect(join(watch, ticket)).rejects.toMatchObject({ code: 'PAIR_SELF' })

    await withStore(watch.home, (db) => db.prepare('UPDATE invitation SET expires_ms = 1').run())
    await invite(phone) // somebody else's ticket opens nothing here
    const open = await invite(watch)
    await expect(join(radio, ticket)).rejects.toMatchObject({ code: 'PAIR_TICKET_UNKNOWN' })
    expect(await membersOf(radio)).toEqual(['radio'])
    await expect(join(radio, open)).resolves.toEqual({ deviceId: watch.deviceId, name: 'watch' })
    await expect(join(tablet, open)).rejects.toMatchObject({ code: 'PAIR_ALREADY_IN_MESH' })
  })
})

test('[MB1] a device of a mesh of two or more joins no other: exit 1, PAIR_ALREADY_IN_MESH', async () => {
  expect(await failureOf(phone, 'pair', 'join', await invite(watch))).toEqual([1, 'PAIR_ALREADY_IN_MESH'])
})

test('[STG5] pairing needs the pro stage: exit 4, PAIR_NEEDS_STAGE, and no port is opened', async () => {
  const clock = await lab.device('clock', { stage: 'casual' })
  expect(await failureOf(clock, 'pair', 'invite')).toEqual([4, 'PAIR_NEEDS_STAGE'])
  expect(await failureOf(clock, 'pair', 'join', await invite(watch))).toEqual([4, 'PAIR_NEEDS_STAGE'])
  expect((await clock.status()).mesh).toEqual({ listening: [], peers: [] })
})

test('[PA4] a ticket serves one device; a second one is told that it was used', async () => {
  const lamp = await lab.device('lamp')
  const bell = await lab.device('bell')
  const ticket = await invite(watch)
  await join(lamp, ticket)
  await expect(join(bell, ticket)).rejects.toMatchObject({ code: 'PAIR_TICKET_USED' })
  await connected(watch, lamp)
  expect(await membersOf(bell)).toEqual(['bell'])
})

describe('a dialler that is not paired', () => {
  test('[LK5] is not even connected while no ticket is open', async () => {
    const heard = await listenTo(radio, 'sync')
    expect(heard).toEqual({ isLetIn: false, bytes: new Uint8Array(0) })
  })

  test('[LK5] [PA4] gets no byte of sync, and of pairing a refusal, while one is', async () => {
    await invite(watch)
    expect((await listenTo(watch, 'sync')).bytes).toHaveLength(0)
    const { isLetIn, bytes } = await listenTo(watch, 'pair')
    expect(isLetIn).toBe(true)
    const said = new FrameDecoder().push(bytes).map(({ kind, payload }) => decodePairMessage(kind, payload))
    expect(said).toEqual([{ type: 'refuse', code: 'PAIR_REFUSED' }])
  })

  /** Everything somebody with a new key hears from an agent after saying hello. */
  async function listenTo(agent: TestAgent, protocol: LinkProtocol) {
    const heard: Uint8Array[] = []
    let isLetIn = false
    const network = new Libp2pNetwork({
      log: silentLog,
      peerSeed: new Uint8Array(randomBytes(32)),
      gate: { mayConnect: () => true },
      onLink: (link) => link.abort(),
    })
    await network.start()
    try {
      const { peer } = await openKeyFile(nodeCrypto, agent.home, undefined)
      const addresses = (await agent.status()).mesh.listening
      const signal = AbortSignal.timeout(10_000)
      const link = await network.dial(nodeCrypto.ed25519PublicKey(peer), addresses, protocol, signal)
      isLetIn = true
      void link.send(hello).catch(() => undefined) // the other side may have hung up already
      for await (const chunk of link.chunks()) heard.push(chunk)
    } catch (err) {
      if (!(err instanceof LinkError)) throw err
    } finally {
      await network.stop()
    }
    return { isLetIn, bytes: new Uint8Array(Buffer.concat(heard)) }
  }

  const hello = encodeSyncMessage({
    type: 'hello',
    versions: [1],
    mesh: toMeshId(new Uint8Array(randomBytes(16))) as MeshId,
    deviceId: toDeviceId(new Uint8Array(randomBytes(32))) as DeviceId,
    membershipDigest: new Uint8Array(randomBytes(32)),
    addresses: [],
  })
})

test('[MB4] [SE14] a removed device is told, loses its grants and sessions, and gets nothing new', async () => {
  const [first, second] = [newTraceId(), newTraceId()]
  for (const owner of [phone, laptop]) {
    await owner.grant({ to: tablet, sinceUnixMs: 0 })
    await owner.record('before', [newSpan({ traceId: first })])
    await shows(tablet, owner, first, 1)
  }
  await phone.grant({ to: laptop, sinceUnixMs: 0 })

  await phone.call('DELETE', `/v1/devices/${tablet.deviceId}`)
  await waitFor('the laptop to know', async () => (await membersOf(laptop)).join() === 'laptop,phone')
  await waitFor('the tablet to know', async () => !(await membersOf(tablet)).includes('tablet'))
  // Its mesh is closed, and every session with it.
  await waitFor('its port to close', async () => (await tablet.status()).mesh.listening.length === 0)
  for (const owner of [phone, laptop]) {
    expect(await owner.peer(tablet)).toBeUndefined()
    const given = (await grantsOf(owner)).filter(({ from, to }) => from === owner.deviceId && to === tablet.deviceId)
    expect(given.map(({ state }) => state)).toEqual(['revoked'])
  }

  const name = 'canary-after-removal'
  for (const owner of [phone, laptop]) await owner.record('after', [newSpan({ traceId: second, name })])
  // The laptop sees the phone's, so whoever may see it has been told.
  await shows(laptop, phone, second, 1)
  expect(await tablet.trace(second)).toBeUndefined()

  expect((await HomeSearch.of(tablet.home)).holds(name)).toBe(false)
  expect((await HomeSearch.of(laptop.home)).holds(name)).toBe(true)

  // [MB12] [CL15] It says plainly that it was removed, over every route and in words, and can do nothing to those it was with.
  const at = expect.stringMatching(/^\d{4}-.*Z$/) as string
  const removedBy = { deviceId: phone.deviceId, name: 'phone', self: false, at }
  expect(await tablet.status()).toMatchObject({ removedBy, mesh: { peers: [] } })
  expect(await tablet.call<PeersView>('GET', '/v1/peers')).toEqual({ peers: [], removedBy })
  expect((await phone.status()).removedBy).toBeNull()
  const { devices, former, ...rest } = await tablet.call<DeviceList>('GET', '/v1/devices')
  expect({ devices, ...rest }).toEqual({ devices: [], removedBy })
  expect(former.map(({ name: formerName }) => formerName).sort()).toEqual(['laptop', 'phone', 'tablet'])
  for (const command of ['status', 'peers', 'devices list']) {
    const { code, stdout } = await runProgram([process.execPath, MAIN, '--home', tablet.home, ...command.split(' ')])
    expect({ command, code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('this device was removed from its mesh by phone.') as string,
    })
  }
  expect(await failureOf(tablet, 'devices', 'remove', 'laptop')).toEqual([1, 'MEMBER_REMOVED'])
  expect(await failureOf(tablet, 'consent', 'grant', '--to', 'laptop', '--lanes', 'traces')).toEqual([
    1,
    'CONSENT_NOT_A_MEMBER',
  ])

  await pair(watch, tablet)
  expect((await tablet.status()).removedBy).toBeNull()
})
