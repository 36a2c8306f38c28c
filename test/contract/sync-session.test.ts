/** Two honest devices: what a session says, in which order, and what is left after every way it can end. */
import { afterEach, describe, expect, test } from 'vitest'
import { FIRST_RETRY_MS, HINT_SPREAD_MS, LAST_RETRY_MS, SIGN_WITHIN_MS } from '../../src/sync/mesh-service.ts'
import { NO_SYNC_LIMITS } from '../../src/model/sync-limits.ts'
import { LOOK_EVERY_MS } from '../../src/sync/network-watch.ts'
import { PROBE_EVERY_MS } from '../../src/sync/clock-probe.ts'
import { OFFER_DELAY_MS } from '../../src/sync/reader-side.ts'
import { SILENCE_LIMIT_MS } from '../../src/sync/peer-session.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { logs, manySpans, traces } from '../support/otlp-records.ts'
import { rawPeer } from '../support/raw-peer.ts'

let world: MeshWorld
afterEach(() => world.close())

/** A phone with this many segments of some 8 KB that its laptop may see and does not have yet: the two are apart. */
async function backlog(segments: number): Promise<readonly [MeshDevice, MeshDevice]> {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  world.partition(phone, laptop)
  world.cut(phone, laptop)
  await world.until(phone.grant(laptop))
  for (let n = 0; n < segments; n++) {
    await world.until(phone.record(traces('app', { trace: 1, span: 1 + n, text: noise(12_000) })))
    phone.cut()
  }
  await world.settle()
  return [phone, laptop]
}

/** Text that does not compress. */
function noise(length: number): string {
  let text = ''
  while (text.length < length) text += world.random.next().toString(36).slice(2)
  return text
}

async function meetAgain(a: MeshDevice, b: MeshDevice): Promise<void> {
  world.heal(a, b)
  await world.advance(LAST_RETRY_MS, 1000)
}

describe('order', () => {
  test('[SE1] [SE4] [SE5] hello, then consent and keys, then heads, then segments', async () => {
    const [phone, laptop] = await backlog(2)
    const before = phone.saidTo(laptop).length
    await meetAgain(phone, laptop)
    const said = phone.saidTo(laptop).slice(before)
    const order = [
      'hello',
      'control-heads',
      'control-entries',
      'heads-digest',
      'heads',
      'segment',
      'run-end',
      'want-end',
    ]
    const first = order.map((type) => said.indexOf(type as (typeof said)[number]))
    expect(first).not.toContain(-1)
    expect(first).toEqual([...first].sort((a, b) => a - b))
    expect(laptop.saidTo(phone)).not.toContain('refuse')
  })

  test('[SE5] after a mutual sync a second session moves nothing: equal digests end it', async () => {
    const [phone, laptop] = await backlog(2)
    await world.until(laptop.grant(phone))
    await world.recorded(laptop, manySpans('core', 1, 9000, 3))
    await meetAgain(phone, laptop)
    expect([laptop.held(phone), phone.held(laptop)]).toEqual([phone.held(phone), laptop.held(laptop)])
    const before = [phone.saidTo(laptop).length, laptop.saidTo(phone).length] as const
    world.cut(phone, laptop)
    await world.advance(LAST_RETRY_MS, 1000)
    const said = [...phone.saidTo(laptop).slice(before[0]), ...laptop.saidTo(phone).slice(before[1])]
    expect(new Set(said)).toEqual(new Set(['hello', 'control-heads', 'heads-digest', 'in-sync', 'ping', 'pong']))
    expect(said.filter((type) => type === 'in-sync')).toHaveLength(2)
  })

  test.each([['nothing is granted'], ['all that is granted has come']])(
    '[SE20] while two are connected and %s, both go on being in step',
    async (state) => {
      world = new MeshWorld()
      const [phone, laptop] = await world.mesh('phone', 'laptop')
      if (state !== 'nothing is granted') {
        await world.until(phone.grant(laptop))
        await world.recorded(phone, manySpans('app', 1, 1, 3))
      }
      const synced = (): readonly number[] =>
        [laptop.keeper.peers.get(phone.id), phone.keeper.peers.get(laptop.id)].map((peer) => peer.syncedUnixMs ?? 0)
      const sinceInStepMs = (): number => world.clock.now() - Math.min(...synced())
      expect(sinceInStepMs()).toBeLessThan(OFFER_DELAY_MS) // the pongs of the start have not set it back
      await world.advance(600_000, 5_000)
      expect(sinceInStepMs()).toBeLessThanOrEqual(PROBE_EVERY_MS + OFFER_DELAY_MS)
      world.partition(phone, laptop)
      await world.advance(SILENCE_LIMIT_MS, 5_000)
      const apart = synced()
      await world.advance(SILENCE_LIMIT_MS, 5_000)
      expect(synced()).toEqual(apart)
    },
  )

  test('[SE6] what is recorded after a grant is pushed within a second', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.until(phone.record(manySpans('app', 1, 1, 1)))
    await world.advance(700)
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('without a grant nothing but membership and heads of nothing is said', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.recorded(phone, manySpans('app', 1, 1, 300))
    world.cut(phone, laptop)
    await world.advance(LAST_RETRY_MS, 1000)
    expect(phone.saidTo(laptop)).not.toContain('segment')
    expect(phone.saidTo(laptop)).not.toContain('control-entries')
    expect(phone.said.filter(({ message }) => message.type === 'heads' && message.rows.length > 0)).toEqual([])
    expect(laptop.keeper.store.logs.ofAuthor(phone.id)).toEqual([])
  })
})

describe('bulk', () => {
  test('[SE11] two devices that send each other megabytes at once do not wait for each other for ever', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    world.partition(phone, laptop)
    world.cut(phone, laptop)
    for (const [owner, reader] of [
      [phone, laptop],
      [laptop, phone],
    ] as const) {
      await world.until(owner.grant(reader))
      for (let n = 0; n < 150; n++) {
        await world.until(
          owner.record(traces('app', ...[1, 2, 3, 4].map((i) => ({ trace: 1, span: n * 4 + i, text: noise(12_000) })))),
        )
      }
      owner.cut()
    }
    await meetAgain(phone, laptop)
    expect(laptop.recordsOf(phone)).toBe(600)
    expect(phone.recordsOf(laptop)).toBe(600)
    expect(laptop.host.peers()[0]?.bytesIn).toBeGreaterThan(1_000_000)
  })

  test('[SE8] a revoke in the middle of a want stops it at once; the reader keeps what it has', async () => {
    const [phone, laptop] = await backlog(200)
    const { grantId } = phone.keeper.consents.records()[0]?.grant ?? {}
    world.heal(phone, laptop)
    await world.runUntil(() => phone.saidTo(laptop).filter((type) => type === 'segment').length > 70)
    const revoked = phone.api('revoke', grantId as never)
    const saidBefore = phone.said.length
    await world.until(revoked)
    await world.settle()
    const after = phone.said.slice(saidBefore).map(({ message }) => message)
    expect(after.filter(({ type }) => type === 'segment').length).toBeLessThanOrEqual(1) // the one being written
    expect(after.filter(({ type }) => type === 'want-end')).toEqual([{ type: 'want-end', reason: 'denied' }])
    expect(laptop.held(phone)).toHaveLength(64)
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    expect(laptop.held(phone)).toHaveLength(64)
  })

  test('a revoke of one lane in the middle of a want does not stop the others', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    world.partition(phone, laptop)
    world.cut(phone, laptop)
    const { grantId } = await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await world.until(phone.grant(laptop, { lanes: ['logs'] }))
    for (let n = 0; n < 70; n++) {
      await world.until(phone.record(manySpans('app', 1, 1 + n, 1)))
      await world.until(phone.record(logs('app', 9), 'logs'))
      phone.cut()
    }
    world.heal(phone, laptop)
    await world.runUntil(() => phone.saidTo(laptop).includes('segment'))
    await world.until(phone.api('revoke', grantId))
    await world.settle()
    const lanes = laptop.keeper.store.logs.ofAuthor(phone.id).map(({ lane, rowId }) => ({
      lane,
      segments: laptop.keeper.store.segments.runs(rowId).reduce((sum, { from, to }) => sum + to - from + 1, 0),
    }))
    expect(lanes.find(({ lane }) => lane === 'logs')?.segments).toBe(70)
  })

  test('what is recorded while a backfill is under way does not undo it', async () => {
    const [phone, laptop] = await backlog(80)
    world.heal(phone, laptop)
    await world.runUntil(() => phone.saidTo(laptop).includes('segment'))
    await world.until(phone.record(manySpans('app', 1, 1000, 1)))
    phone.cut()
    await world.settle()
    expect(laptop.logged('a run was refused')).toEqual([])
    expect(laptop.held(phone)).toEqual(phone.held(phone))
    expect(phone.said.filter(({ message }) => message.type === 'segment')).toHaveLength(81)
  })

  test.each([
    ['the link dies', async (phone: MeshDevice, laptop: MeshDevice) => world.cut(phone, laptop)],
    [
      'the owner loses power',
      async (phone: MeshDevice) => {
        phone.kill()
        await world.until(phone.restart())
      },
    ],
    [
      'the reader loses power',
      async (_: MeshDevice, laptop: MeshDevice) => {
        laptop.kill()
        await world.until(laptop.restart())
      },
    ],
  ])('when %s in the middle of a run, the rest comes later: no gap, nothing twice', async (_, breakOff) => {
    const [phone, laptop] = await backlog(150)
    world.heal(phone, laptop)
    await world.runUntil(() => laptop.recordsOf(phone) > 0) // a run is kept, the next is under way
    await breakOff(phone, laptop)
    await world.settle()
    await world.advance(2 * LAST_RETRY_MS, 1000)
    expect(laptop.held(phone)).toEqual(phone.held(phone))
    expect(laptop.recordsOf(phone)).toBe(150)
    expect(laptop.logged('a run was refused')).toEqual([])
    const sent = phone.said.filter(({ message }) => message.type === 'segment').length
    expect(sent).toBeLessThan(150 + 64) // what had been kept was not sent again
  })
})

describe('limits', () => {
  test('[LK23] a backlog comes at the rate that its owner allows, and pings are not held up by it', async () => {
    const [phone, laptop] = await backlog(60) // about 480 kB
    await phone.host.limit({ ...NO_SYNC_LIMITS, up: 20_000 })
    world.heal(phone, laptop)
    const sent = (): number => phone.host.peers()[0]?.bytesOut ?? 0
    await world.runUntil(() => sent() > 0)
    const before = sent()
    await world.advance(10_000, 250)
    // The burst of a second, and a segment that was begun.
    expect(sent() - before).toBeLessThan(10 * 20_000 + 20_000 + 9_000)
    expect(sent() - before).toBeGreaterThan(9 * 20_000)
    expect(laptop.keeper.peers.get(phone.id).clock?.errorMs).toBeLessThan(5)
    await phone.host.limit(NO_SYNC_LIMITS)
    await world.advance(5_000, 250)
    expect(laptop.host.peers()[0]).toMatchObject({ segmentsIn: 60 })
  })

  test('[LK23] at a rate of 0 no segment comes, and consent, keys and heads do', async () => {
    const [phone, laptop] = await backlog(3)
    await laptop.host.limit({ ...NO_SYNC_LIMITS, down: 0 })
    await meetAgain(phone, laptop)
    expect(phone.saidTo(laptop)).toEqual(expect.arrayContaining(['control-entries', 'heads']))
    expect(laptop.host.peers()[0]).toMatchObject({ connected: true, segmentsIn: 0 })
    await laptop.host.limit(NO_SYNC_LIMITS)
    await world.advance(2_000, 250)
    expect(laptop.host.peers()[0]).toMatchObject({ connected: true, segmentsIn: 3 })
  })
})

describe('connections', () => {
  test('[SE12] 45 s of silence end a session, and the two meet again when they can', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const connected = (): readonly boolean[] => [phone, laptop].map((each) => each.host.peers()[0]?.connected ?? false)
    expect(connected()).toEqual([true, true])
    world.partition(phone, laptop)
    await world.advance(SILENCE_LIMIT_MS - 15_000, 5_000)
    expect(connected()).toEqual([true, true])
    await world.advance(35_000, 5_000)
    expect(connected()).toEqual([false, false])
    world.heal(phone, laptop)
    await world.advance(LAST_RETRY_MS, 1000)
    expect(connected()).toEqual([true, true])
  })

  test('[SE22] [LK22] a device that slept gives up a dead session within seconds, and meets the other again', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const isConnected = (): boolean => laptop.host.peers()[0]?.connected ?? false
    world.partition(phone, laptop)
    laptop.skewMs = 3_600_000
    await world.advance(LOOK_EVERY_MS, 500)
    expect(isConnected()).toBe(true)
    await world.advance(SIGN_WITHIN_MS, 500)
    expect(isConnected()).toBe(false)
    world.heal(phone, laptop)
    world.cut(phone, laptop)
    await world.advance(LAST_RETRY_MS, 500)
    expect(isConnected()).toBe(true)
  })

  test('[SE22] [LK22] a session that still works is left alone', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const hellos = (): number => phone.said.filter(({ message }) => message.type === 'hello').length
    const before = hellos()
    laptop.skewMs = 3_600_000
    await world.advance(LOOK_EVERY_MS + SIGN_WITHIN_MS + HINT_SPREAD_MS, 500)
    expect(hellos()).toBe(before)
    expect(laptop.host.peers()[0]?.connected).toBe(true)
  })

  test('[SE13] the device with the higher key dials too where the other does not know its address', async () => {
    world = new MeshWorld(undefined, { multicast: false })
    const devices = [await world.add('phone'), await world.add('laptop')]
    const [inviter, joiner] = devices.sort((a, b) => Buffer.compare(a.peerKey, b.peerKey)) as [MeshDevice, MeshDevice]
    const { ticket } = await world.until(inviter.host.invite())
    await world.until(joiner.host.join(ticket, new AbortController().signal))
    joiner.kill() // before it could say where it is
    await world.settle()
    expect(inviter.keeper.peers.get(joiner.id).addresses).toEqual([])
    await world.until(joiner.restart())
    await world.advance(2 * LAST_RETRY_MS, 1_000)
    expect(inviter.host.peers()[0]?.connected).toBe(true)
  })

  test('[SE12] a quiet session lives on pings alone', async () => {
    world = new MeshWorld()
    const [phone] = await world.mesh('phone', 'laptop')
    const hellos = (): number => phone.said.filter(({ message }) => message.type === 'hello').length
    const before = hellos()
    await world.advance(600_000, 5_000)
    expect(hellos()).toBe(before)
    expect(phone.host.peers()[0]?.connected).toBe(true)
  })

  test('[RC8] the offset of a clock that is wrong is measured from both sides', async () => {
    world = new MeshWorld()
    const phone = await world.add('phone')
    const laptop = await world.add('laptop')
    laptop.skewMs = 7_000
    await world.pair(phone, laptop)
    expect(phone.keeper.peers.get(laptop.id).clock?.offsetMs).toBeCloseTo(7_000)
    expect(laptop.keeper.peers.get(phone.id).clock?.offsetMs).toBeCloseTo(-7_000)
    expect(phone.keeper.peers.get(laptop.id).clock?.errorMs).toBeLessThan(5)
  })

  test('[SE13] only the device with the lower key dials', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const [lower, higher] = [phone, laptop].sort((a, b) => Buffer.compare(a.peerKey, b.peerKey)) as [
      MeshDevice,
      MeshDevice,
    ]
    for (const device of [lower, higher]) device.dials.length = 0
    for (let n = 0; n < 3; n++) {
      world.cut(phone, laptop)
      await world.advance(LAST_RETRY_MS, 1000)
    }
    expect(lower.dials.length).toBeGreaterThanOrEqual(3)
    expect(higher.dials).toEqual([])
  })

  test('a device that is away is tried with growing, jittered pauses, and at once on a hint', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const [dialler, away] = [phone, laptop].sort((a, b) => Buffer.compare(a.peerKey, b.peerKey)) as [
      MeshDevice,
      MeshDevice,
    ]
    await world.advance(60_000, 5_000)
    dialler.dials.length = 0
    await world.until(away.stop())
    await world.advance(180_000, 50)
    const times = dialler.dials.map(({ atMs }) => atMs)
    const pauses = times.slice(1).map((at, i) => at - (times[i] as number))
    for (const [n, pause] of pauses.entries()) {
      const most = Math.min(FIRST_RETRY_MS * 2 ** n, LAST_RETRY_MS)
      expect(pause).toBeGreaterThanOrEqual(most / 2 - 50)
      expect(pause).toBeLessThanOrEqual(most + 50)
    }
    expect(pauses.length).toBeGreaterThan(8)
    expect(new Set(pauses.slice(-3).map((pause) => pause / LAST_RETRY_MS)).size).toBeGreaterThan(1)
    const before = dialler.dials.length
    await world.until(away.restart()) // its announcement is the hint
    await world.settle()
    expect(dialler.dials.length).toBeGreaterThan(before)
    expect(dialler.host.peers()[0]?.connected).toBe(true)
  })

  test('two devices that cannot agree do not meet in a tight loop', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const [dialler, other] = [phone, laptop].sort((a, b) => Buffer.compare(a.peerKey, b.peerKey)) as [
      MeshDevice,
      MeshDevice,
    ]
    const release = other.hold('membershipDigest') // it never says hello
    dialler.dials.length = 0
    for (let n = 0; n < 60; n++) {
      world.cut(phone, laptop)
      await world.advance(1000)
    }
    release()
    expect(dialler.dials.length).toBeLessThan(20)
  })
})

describe('membership', () => {
  test('[SE3] spreads from member to member, to devices that the inviter never met', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const tablet = await world.add('tablet')
    world.partition(phone, tablet)
    await world.pair(laptop, tablet)
    await world.settle()
    for (const device of [phone, laptop, tablet]) expect(device.keeper.members.current().members.size).toBe(3)
    const watch = await world.add('watch')
    await world.pair(tablet, watch)
    await world.settle()
    expect(phone.keeper.members.current().members.has(watch.id)).toBe(true)
  })

  test('[SE14] a removed device is told so, and refused afterwards', async () => {
    world = new MeshWorld()
    const [phone, laptop, tablet] = await world.mesh('phone', 'laptop', 'tablet')
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    expect(laptop.keeper.members.current().members.has(laptop.id)).toBe(false)
    expect(tablet.keeper.members.current().members.has(laptop.id)).toBe(false)
    expect(laptop.host.listening()).toEqual([])
    const removed = await rawPeer(world, laptop)
    for (const device of [phone, tablet])
      await expect(removed.dial(device)).rejects.toMatchObject({ code: 'LINK_DENIED' })
  })

  test('[SE14] of two devices the removed one is told too, although nobody is left to listen for', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    expect(laptop.keeper.members.current().members.has(laptop.id)).toBe(false)
    expect([phone, laptop].map((device) => device.host.listening())).toEqual([[], []])
  })
})
