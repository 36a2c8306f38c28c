/**
 * Members that find each other through a third one, on a network without multicast: what is told, to whom, about whom, and
 * what a liar gets out of it.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { LAST_RETRY_MS } from '../../src/sync/mesh-service.ts'
import { MAX_UNIX_MS } from '../../src/wire/shared-fields.ts'
import type { AddressRow } from '../../src/wire/sync-message-types.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { rawPeer, type RawSession } from '../support/raw-peer.ts'

let world: MeshWorld
afterEach(() => world.close())

/** One mesh, in the order of who dials whom: each dials those behind it. The last one has paired with all others. */
async function quietMesh<Names extends readonly string[]>(
  ...names: Names
): Promise<{ [At in keyof Names]: MeshDevice }> {
  world = new MeshWorld(undefined, { multicast: false })
  const devices: MeshDevice[] = []
  for (const name of names) devices.push(await world.add(name))
  devices.sort((a, b) => compareBytes(a.peerKey, b.peerKey))
  const middle = devices.at(-1) as MeshDevice
  for (const device of devices.slice(0, -1)) await world.pair(middle, device)
  await world.advance(2_000, 500)
  return devices as { [At in keyof Names]: MeshDevice }
}

function isConnected(a: MeshDevice, b: MeshDevice): boolean {
  const seenBy = (one: MeshDevice, other: MeshDevice): boolean =>
    one.host.peers().some(({ deviceId, connected }) => deviceId === other.id && connected)
  return seenBy(a, b) && seenBy(b, a)
}

/** Rows about a device that somebody heard, in order. */
function rowsAbout(device: MeshDevice, session: RawSession): readonly AddressRow[] {
  return session
    .all('addresses')
    .flatMap(({ rows }) => rows)
    .filter(({ deviceId }) => deviceId === device.id)
}

function hintsAt(device: MeshDevice, about: MeshDevice) {
  return device.keeper.peers.get(about.id).hints
}

/** Stops, and comes back at an address that nobody was told of. */
async function moves(device: MeshDevice): Promise<void> {
  await world.until(device.stop())
  await world.until(device.restart())
}

describe('devices that were paired with a third one only', () => {
  test('[SE17] are told where the other is, and meet', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    expect(isConnected(phone, tablet)).toBe(true)
    expect(hintsAt(phone, tablet)).toMatchObject([{ by: laptop.id, addresses: tablet.host.listening() }])
    expect(hintsAt(tablet, phone)).toMatchObject([{ by: laptop.id, addresses: phone.host.listening() }])
  })

  test('[SE17] are told of a device that came later, over the session they have', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const hellos = laptop.saidTo(phone).filter((type) => type === 'hello').length
    const watch = await world.add('watch')
    await world.pair(laptop, watch)
    await world.advance(2_000, 500)
    expect([isConnected(phone, watch), isConnected(tablet, watch)]).toEqual([true, true])
    expect(laptop.saidTo(phone).filter((type) => type === 'hello')).toHaveLength(hellos)
  })

  test('[SE17] are told of a device that came while they were away, once they know it as a member', async () => {
    const [phone, laptop] = await quietMesh('phone', 'laptop')
    await world.until(phone.stop())
    const watch = await world.add('watch')
    await world.pair(laptop, watch)
    await world.advance(2_000, 500)
    expect(isConnected(laptop, watch)).toBe(true)
    await world.until(phone.restart())
    await world.advance(2_000, 500)
    expect(hintsAt(phone, watch)).toMatchObject([{ by: laptop.id, addresses: watch.host.listening() }])
    expect(isConnected(phone, watch)).toBe(true)
  })

  test('[SE17] find one that has moved, when it has met any of them', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const before = tablet.host.listening()
    await moves(tablet)
    await world.advance(LAST_RETRY_MS, 1_000)
    expect(tablet.host.listening()).not.toEqual(before)
    expect(isConnected(tablet, laptop)).toBe(true)
    expect(isConnected(phone, tablet)).toBe(true)
  })

  test('[SE17] remember it when they start again', async () => {
    const [phone, tablet] = await quietMesh('phone', 'tablet', 'laptop')
    const addresses = tablet.host.listening()
    await world.until(phone.stop())
    await world.until(tablet.stop())
    await world.until(phone.restart())
    await expect(world.until(phone.api('addressesOf', tablet.id))).resolves.toEqual({
      said: addresses,
      hinted: [addresses],
    })
  })

  test('[SE17] say nothing twice: a session has one message when nothing changes', async () => {
    const [phone, , laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const told = (): number => laptop.saidTo(phone).filter((type) => type === 'addresses').length
    const before = told()
    for (let n = 0; n < 3; n++) laptop.host.notify()
    await world.advance(60_000, 5_000)
    expect(told()).toBe(before)
    world.cut(phone, laptop)
    await world.advance(LAST_RETRY_MS, 1_000)
    expect(told()).toBe(before + 1)
  })

  test('[SE17] nothing is told to a device that speaks only the first version', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const raw = await rawPeer(world, phone)
    const old = await raw.dial(laptop)
    await old.say({ ...(await raw.hello()), versions: [1] })
    expect(old.all('hello')).toHaveLength(1)
    expect(old.all('addresses')).toEqual([])
    const today = await raw.greet(laptop)
    expect(rowsAbout(tablet, today)).toMatchObject([{ addresses: tablet.host.listening() }])
  })
})

describe('about whom, and to whom', () => {
  test('[SE18] hearsay is not passed on, and nobody is told of itself', async () => {
    const [phone, tablet, watch, laptop] = await quietMesh('phone', 'tablet', 'watch', 'laptop')
    const raw = await rawPeer(world, phone)
    const session = await raw.greet(laptop)
    const rumour = ['/ip4/10.9.9.9/tcp/9']
    await session.say({
      type: 'addresses',
      rows: [{ deviceId: tablet.id, saidUnixMs: world.clock.now(), addresses: rumour }],
    })
    expect(hintsAt(laptop, tablet)).toContainEqual({ by: phone.id, saidUnixMs: world.clock.now(), addresses: rumour })
    await world.advance(LAST_RETRY_MS, 1_000)
    expect(hintsAt(watch, tablet).map(({ addresses }) => addresses)).not.toContainEqual(rumour)
    expect(rowsAbout(phone, session)).toEqual([])
    expect(rowsAbout(laptop, session)).toEqual([])
  })

  test('[SE18] a removed device is not spoken of, and what is said of it is not taken', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const raw = await rawPeer(world, phone)
    expect(rowsAbout(tablet, await raw.greet(laptop))).toHaveLength(1)
    await world.until(laptop.api('removeMember', tablet.id))
    await world.settle()
    const after = await raw.greet(laptop)
    expect(rowsAbout(tablet, after)).toEqual([])
    const at = (device: MeshDevice) => hintsAt(laptop, device)
    const before = [at(tablet), at(laptop), at(phone)]
    const addresses = ['/ip4/10.9.9.9/tcp/9']
    const rows = [tablet.id, laptop.id, phone.id].map((deviceId) => ({ deviceId, saidUnixMs: 1, addresses }))
    await after.say({ type: 'addresses', rows })
    expect(after.hasEnded).toBe(false)
    expect([at(tablet), at(laptop), at(phone)]).toEqual(before)
  })

  test('[SE18] a removed device is told nothing, and its word counts no more', async () => {
    const [phone, tablet, laptop] = await quietMesh('phone', 'tablet', 'laptop')
    const raw = await rawPeer(world, phone)
    const session = await raw.greet(laptop)
    await session.say({
      type: 'addresses',
      rows: [{ deviceId: tablet.id, saidUnixMs: 1, addresses: ['/ip4/10.9.9.9/tcp/9'] }],
    })
    const { hinted } = await world.until(laptop.api('addressesOf', tablet.id))
    expect(hinted).toContainEqual(['/ip4/10.9.9.9/tcp/9'])
    const heard = session.all('addresses').length
    await world.until(laptop.api('removeMember', phone.id))
    await moves(tablet)
    await world.advance(LAST_RETRY_MS, 1_000)
    expect(isConnected(tablet, laptop)).toBe(true)
    expect(session.all('addresses')).toHaveLength(heard)
    expect((await world.until(laptop.api('addressesOf', tablet.id))).hinted).not.toContainEqual(['/ip4/10.9.9.9/tcp/9'])
  })
})

describe('a member that lies', () => {
  test('[SE19] leads to no wrong device and away from no right one: those dials fail with their reason, the next is tried', async () => {
    const [victim, mallory, friend, honest] = await quietMesh('victim', 'mallory', 'friend', 'honest')
    const raw = await rawPeer(world, mallory)
    const lies = [...(await raw.listen()), '/ip4/10.9.9.9/tcp/9', '/ip4/127.0.0.1/tcp/22', '/dns4/example.org/tcp/1']
    const session = await raw.greet(victim)
    await session.say({ type: 'addresses', rows: [{ deviceId: friend.id, saidUnixMs: MAX_UNIX_MS, addresses: lies }] })
    const told = hintsAt(victim, friend).find(({ by }) => by === mallory.id)
    expect(told).toEqual({ by: mallory.id, saidUnixMs: world.clock.now(), addresses: lies.slice(0, 2) })

    await moves(friend)
    await world.advance(LAST_RETRY_MS, 1_000)
    expect(isConnected(friend, honest)).toBe(true)
    expect(isConnected(victim, friend)).toBe(true)
    const codes = victim.logged('not reachable').map(({ fields }) => fields['code'])
    expect(codes).toContain('LINK_UNREACHABLE')
    expect(codes).toContain('LINK_WRONG_PEER')
    expect(victim.failures).toEqual([])
  })

  test('[SE19] does not change what a device said of itself, and not how often it is dialled', async () => {
    const [victim, friend, mallory] = await quietMesh('victim', 'friend', 'mallory')
    const own = friend.host.listening()
    await world.until(friend.stop())
    const raw = await rawPeer(world, mallory)
    await world.advance(5 * LAST_RETRY_MS, 5_000) // the pauses are at their longest
    const session = await raw.greet(victim)
    const dials = victim.dials.length
    for (let n = 1; n <= 100; n++) {
      const addresses = [`/ip4/10.9.9.9/tcp/${n}`]
      await session.say({ type: 'addresses', rows: [{ deviceId: friend.id, saidUnixMs: n, addresses }] })
    }
    expect(victim.dials).toHaveLength(dials)
    expect(hintsAt(victim, friend)).toEqual([{ by: mallory.id, saidUnixMs: 100, addresses: ['/ip4/10.9.9.9/tcp/100'] }])
    expect((await world.until(victim.api('addressesOf', friend.id))).said).toEqual(own)
    expect(session.hasEnded).toBe(false)
  })
})
