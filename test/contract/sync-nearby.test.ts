/** Nearby pairing between honest devices: a code on both, people who compare it, and every way in which that can end. */
import { afterEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../src/base/errors.ts'
import { COMPARE_MS } from '../../src/sync/pairing/nearby-ceremony.ts'
import { DOOR_LIFE_MS, type Comparison } from '../../src/sync/pairing/nearby-pairing.ts'
import { LET_CALL_MS, REJECTED_LATER_MS } from '../../src/sync/pairing/open-doors.ts'
import { MAX_TRIES, TRY_PAUSE_MS } from '../../src/sync/pairing/try-limit.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'

let world: MeshWorld
afterEach(() => world.close())

const members = (device: MeshDevice): number => device.keeper.members.current().members.size
const say = (device: MeshDevice, answer: Parameters<MeshDevice['host']['nearbyPairing']['say']>[0] = 'same') =>
  device.host.nearbyPairing.say(answer)
const reject = (device: MeshDevice, answer: 'differ' | 'cancel' = 'differ') => device.host.nearbyPairing.reject(answer)
const wait = (device: MeshDevice, signal = new AbortController().signal) => device.host.pairNearby(signal)
const failures = (device: MeshDevice): readonly unknown[] =>
  device.keeper.audit
    .list({ types: ['pairing.failed'] })
    .map(({ payload }) => (payload.kind === 'open' ? payload.payload : undefined))
function notices(device: MeshDevice): readonly string[] {
  device.keeper.notices.flush()
  return device.keeper.store.notifications.newest(device.now, 100).map(({ id }) => id)
}

/** Runs it all on every device at once, and says how each ended. */
async function ends(...promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await world.until(Promise.allSettled(promises))
  return settled.map((each) => (each.status === 'fulfilled' ? 'paired' : codeOf(each.reason)))
}

async function compared(...devices: readonly MeshDevice[]): Promise<readonly Comparison[]> {
  return world.until(Promise.all(devices.map((device) => wait(device))))
}

/** As {@link compared}, for devices that were rejected: they are called later than others. */
async function comparedAgain(...devices: readonly MeshDevice[]): Promise<readonly Comparison[]> {
  const both = Promise.all(devices.map((device) => wait(device)))
  both.catch(() => undefined)
  await world.advance(REJECTED_LATER_MS + LET_CALL_MS, 500)
  return world.until(both)
}

async function twoAlone(): Promise<readonly [MeshDevice, MeshDevice]> {
  world = new MeshWorld()
  return [await world.add('phone'), await world.add('laptop')]
}

describe('two devices', () => {
  test('[PN1] [PN5] show the same code, and are paired once it was confirmed on both', async () => {
    const [phone, laptop] = await twoAlone()
    const [atPhone, atLaptop] = (await compared(phone, laptop)) as [Comparison, Comparison]
    expect(atPhone.code).toEqual(atLaptop.code)
    expect([atPhone.name, atLaptop.name]).toEqual(['laptop', 'phone'])
    expect(await ends(say(phone), say(laptop, { code: atPhone.code.numbers.join(' ') }))).toEqual(['paired', 'paired'])
    await world.settle()
    expect([members(phone), members(laptop)]).toEqual([2, 2])
    expect(phone.host.peers()).toMatchObject([{ name: 'laptop', connected: true }])
    expect([failures(phone), failures(laptop)]).toEqual([[], []])
  })

  test('[PN6] [CT2] the operation carries both signatures, and the cards that were compared', async () => {
    const [phone, laptop] = await twoAlone()
    const [atPhone, atLaptop] = (await compared(phone, laptop)) as [Comparison, Comparison]
    await ends(say(phone), say(laptop))
    for (const device of [phone, laptop]) {
      const known = device.keeper.members.current().members
      expect(known.get(atPhone.deviceId)?.card).toEqual(laptop.keeper.card)
      expect(known.get(atLaptop.deviceId)?.card).toEqual(phone.keeper.card)
    }
    expect(phone.keeper.members.opIds().toSorted()).toEqual(laptop.keeper.members.opIds().toSorted())
  })

  test('[PN5] one yes is not enough: nobody is a member before the other', async () => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    const first = say(phone)
    await world.settle()
    expect([members(phone), members(laptop)]).toEqual([1, 1])
    expect(await ends(first, say(laptop))).toEqual(['paired', 'paired'])
  })

  test.each(['phone', 'laptop'])('[PN7] “they differ” on the %s ends it on both, and both are warned', async (name) => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    const [who, other] = name === 'phone' ? [phone, laptop] : [laptop, phone]
    expect(await ends(say(other), reject(who))).toEqual(['PAIR_CODES_DIFFER', 'paired'])
    await world.settle()
    for (const device of [phone, laptop]) {
      const payload = { code: 'PAIR_CODES_DIFFER', name: device === phone ? 'laptop' : 'phone' }
      expect(failures(device)).toEqual([payload])
      expect(notices(device)).toContain('security.codes-differ')
      expect(device.host.listening()).toEqual([])
    }
    expect([members(phone), members(laptop)]).toEqual([1, 1])
  })

  test('[PN7] a code that somebody typed and that is not ours is the answer that they differ', async () => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    await expect(world.until(say(phone, { code: 'hello' }))).rejects.toMatchObject({ code: 'PAIR_CODE_FORMAT' })
    expect(await ends(say(phone, { code: '1000 1000 1000' }), say(laptop))).toEqual([
      'PAIR_CODES_DIFFER',
      'PAIR_CODES_DIFFER',
    ])
  })

  test('[PN8] without an answer it ends after a minute, on both, and is no reason for an alarm', async () => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    const waiting = [say(phone), laptop.host.nearbyPairing.outcome()]
    for (const each of waiting) each.catch(() => undefined)
    await world.advance(COMPARE_MS - 1000, 1000)
    expect(phone.host.nearbyPairing.isActive()).toBe(true)
    await world.advance(1000, 1000)
    expect(await ends(...waiting)).toEqual(['PAIR_EXPIRED', 'PAIR_EXPIRED'])
    expect(failures(phone)).toEqual([{ code: 'PAIR_EXPIRED', name: 'laptop' }])
    for (const device of [phone, laptop]) expect(notices(device).filter((id) => id.startsWith('security'))).toEqual([])
    await expect(say(laptop)).rejects.toMatchObject({ code: 'PAIR_EXPIRED' }) // whoever comes late is told
    await expect(say(laptop)).rejects.toMatchObject({ code: 'PAIR_NOTHING_TO_COMPARE' })
  })

  test('[PN8] somebody who ends it without comparing ends it on both, without an alarm', async () => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    expect(await ends(say(laptop), reject(phone, 'cancel'))).toEqual(['PAIR_CANCELLED', 'paired'])
    expect(notices(laptop).filter((id) => id.startsWith('security'))).toEqual([])
  })

  test('[PN7] a device that vanishes while the code is shown ends it on the other', async () => {
    const [phone, laptop] = await twoAlone()
    await compared(phone, laptop)
    laptop.kill()
    expect(await ends(say(phone))).toEqual(['PAIR_LINK_ENDED'])
    expect(members(phone)).toBe(1)
  })

  test('[PN9] three codes that came to nothing are followed by a pause, which ends', async () => {
    const [phone, laptop] = await twoAlone()
    for (let n = 0; n < MAX_TRIES; n++) {
      await comparedAgain(phone, laptop)
      expect(await ends(reject(phone), say(laptop))).toEqual(['paired', 'PAIR_CODES_DIFFER'])
      await world.settle()
    }
    for (const device of [phone, laptop]) {
      await expect(wait(device)).rejects.toMatchObject({ code: 'PAIR_PAUSED' })
      expect(device.host.listening()).toEqual([])
    }
    await world.advance(TRY_PAUSE_MS, 10_000)
    await comparedAgain(phone, laptop)
    expect(await ends(say(phone), say(laptop))).toEqual(['paired', 'paired'])
  })

  test('[PN4] a device of a mesh takes in the one that is alone, whoever calls', async () => {
    world = new MeshWorld()
    const [phone, tablet] = await world.mesh('phone', 'tablet')
    const laptop = await world.add('laptop')
    await compared(phone, laptop)
    expect(await ends(say(phone), say(laptop))).toEqual(['paired', 'paired'])
    await world.advance(60_000, 1000)
    expect([phone, tablet, laptop].map(members)).toEqual([3, 3, 3])
    expect(laptop.keeper.members.mesh()).toBe(tablet.keeper.members.mesh())
  })

  test('[PN4] of two that have others both are told that neither can join', async () => {
    world = new MeshWorld()
    const [phone] = await world.mesh('phone', 'tablet')
    const [laptop] = await world.mesh('laptop', 'watch')
    const opened = [phone, laptop].map((device) => wait(device))
    const first = await world.until(Promise.race(opened).catch((err: unknown) => codeOf(err)))
    expect(first).toBe('PAIR_ALREADY_IN_MESH')
  })

  test('[PN4] [PA6] of two that were removed one founds a mesh anew', async () => {
    world = new MeshWorld()
    const [home, phone, laptop] = await world.mesh('home', 'phone', 'laptop')
    const before = home.keeper.members.mesh()
    for (const device of [phone, laptop]) await world.until(home.api('removeMember', device.id))
    await world.settle()
    await compared(phone, laptop)
    expect(await ends(say(phone), say(laptop))).toEqual(['paired', 'paired'])
    expect([members(phone), members(laptop)]).toEqual([2, 2])
    expect(phone.keeper.members.mesh()).not.toBe(before)
  })
})

describe('the door', () => {
  test('[PN2] is open while somebody waits, no longer than five minutes, and leaves no port behind', async () => {
    world = new MeshWorld()
    const phone = await world.add('phone')
    const waiting = wait(phone)
    waiting.catch(() => undefined)
    await world.settle()
    expect(phone.host.listening()).toHaveLength(1)
    await world.advance(DOOR_LIFE_MS, 10_000)
    await expect(waiting).rejects.toMatchObject({ code: 'PAIR_NOBODY_NEARBY' })
    await world.settle()
    expect(phone.host.listening()).toEqual([])
  })

  test('[PN2] closes when whoever waited goes away, but not while another waits', async () => {
    world = new MeshWorld()
    const phone = await world.add('phone')
    const [first, second] = [new AbortController(), new AbortController()]
    const waiting = [first, second].map(({ signal }) => wait(phone, signal))
    for (const each of waiting) each.catch(() => undefined)
    await world.settle()
    first.abort()
    await world.settle()
    expect(phone.host.listening()).toHaveLength(1)
    second.abort()
    await world.settle()
    expect(phone.host.listening()).toEqual([])
    await expect(waiting[1]).rejects.toMatchObject({ code: 'PAIR_CANCELLED' })
  })

  test('[PN2] needs the pro stage', async () => {
    world = new MeshWorld()
    const phone = await world.add('phone', 'casual')
    await expect(wait(phone)).rejects.toMatchObject({ code: 'PAIR_NEEDS_STAGE' })
    expect(phone.host.listening()).toEqual([])
  })

  test('[PN2] without multicast nobody is found, and a ticket works all the same', async () => {
    world = new MeshWorld(undefined, { multicast: false })
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    const leave = new AbortController()
    const waiting = [phone, laptop].map((device) => wait(device, leave.signal))
    for (const each of waiting) each.catch(() => undefined)
    await world.advance(30_000, 1000)
    expect([phone, laptop].map(({ host }) => host.nearbyPairing.isOpen())).toEqual([true, true])
    leave.abort()
    await world.pair(phone, laptop)
    expect([members(phone), members(laptop)]).toEqual([2, 2])
  })

  test('[PN3] one ceremony at a time: a third device goes on waiting, and is told of nothing', async () => {
    world = new MeshWorld()
    const devices = [await world.add('phone'), await world.add('laptop'), await world.add('tablet')] as const
    const leave = new AbortController()
    const waiting = devices.map((device) => wait(device, leave.signal))
    for (const each of waiting) each.catch(() => undefined)
    await world.settle()
    const open = devices.filter(({ host }) => host.nearbyPairing.isOpen())
    expect(open).toHaveLength(1)
    const pair = devices.filter((device) => !open.includes(device))
    expect(await ends(...pair.map((device) => say(device)))).toEqual(['paired', 'paired'])
    leave.abort()
    await world.settle()
    expect(devices.filter((device) => members(device) === 2)).toEqual(pair)
  })

  test('[PN3] a second command is given the same code', async () => {
    const [phone, laptop] = await twoAlone()
    const [first] = await compared(phone, laptop)
    expect(await wait(phone)).toEqual(first)
  })

  test('[PN3] the device with the higher key calls, if it is the only one that hears', async () => {
    const [phone, laptop] = await twoAlone()
    const [lower, higher] = [phone, laptop].toSorted((a, b) => Buffer.compare(a.peerKey, b.peerKey)) as [
      MeshDevice,
      MeshDevice,
    ]
    const waiting = wait(lower)
    await world.settle()
    Object.defineProperty(lower.host.nearbyPairing, 'found', { value: () => undefined }) // deaf
    const both = Promise.all([waiting, wait(higher)])
    await world.advance(5_000, 500)
    const [a, b] = await world.until(both)
    expect(a.code).toEqual(b.code)
  })
})

describe('a device that was removed', () => {
  test('[MB6] [MB14] stays out with whom it took in meanwhile, whatever is told again, and every device says so', async () => {
    world = new MeshWorld()
    const [phone, tablet] = await world.mesh('phone', 'tablet')
    const [laptop, lamp] = [await world.add('laptop'), await world.add('lamp')]
    await compared(phone, laptop)
    expect(await ends(say(phone), say(laptop))).toEqual(['paired', 'paired'])
    await world.advance(60_000, 1000)
    for (const other of [phone, tablet]) world.partition(other, laptop)
    await world.until(phone.api('removeMember', laptop.id))
    await compared(laptop, lamp)
    expect(await ends(say(laptop), say(lamp))).toEqual(['paired', 'paired'])
    expect(members(lamp)).toBe(4)
    for (const other of [phone, tablet]) world.heal(other, laptop)
    const gossip = laptop.keeper.members.opsBeyond(new Set())
    for (let n = 0; n < 3; n++) {
      for (const device of [phone, tablet]) await world.until(device.api('acceptMemberOps', gossip))
      await world.advance(30_000, 1000)
    }
    for (const device of [phone, tablet]) {
      expect([...device.keeper.members.current().members.keys()].toSorted()).toEqual([phone.id, tablet.id].toSorted())
      const events = await world.until(device.api('memberHistory', 500))
      const said = events.map(({ op, counts }) => [
        op.kind,
        op.kind === 'remove' ? op.subject : op.card.deviceId,
        op.author,
        counts,
      ])
      expect(said).toHaveLength(5)
      expect(said).toEqual(
        expect.arrayContaining([
          ['add', laptop.id, phone.id, true],
          ['remove', laptop.id, phone.id, true],
          ['add', lamp.id, laptop.id, false],
        ]),
      )
    }
    // When it was learned: the removal was written on the phone, and told to the tablet.
    const learned = await world.until(tablet.api('memberHistory', 500))
    expect(learned.map(({ learnedAt }) => learnedAt !== undefined)).toEqual([true, true, true, true, true])
  })

  test('[MB13] [PN4] it comes in again only by a ceremony that people confirm', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    await compared(phone, laptop)
    expect([members(phone), members(laptop)]).toEqual([1, 1])
    expect(await ends(say(phone), say(laptop))).toEqual(['paired', 'paired'])
    expect([members(phone), members(laptop)]).toEqual([2, 2])
  })
})
