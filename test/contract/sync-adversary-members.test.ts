/** A paired device that keeps to no rule: membership. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { equalBytes, utf8 } from '../../src/base/bytes.ts'
import { toDeviceId, toMeshId, type DeviceId, type MeshId } from '../../src/model/ids.ts'
import { MAX_MEMBERSHIP_OPS } from '../../src/policy/reduce-membership.ts'
import { MAX_ADDING_OPS } from '../../src/sync/membership-service.ts'
import {
  encodeMembershipEnvelope,
  encodeMembershipPayload,
  membershipSigningBytes,
} from '../../src/wire/membership-op.ts'
import { Attack } from '../support/attack.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import type { MeshWorld } from '../support/mesh-world.ts'

let at: Attack
let world: MeshWorld
let victim: MeshDevice
let mallory: MeshDevice
beforeEach(async () => {
  at = await Attack.begin()
  ;({ world, victim, mallory } = at)
})
afterEach(() => at.end())

function sign(seed: Uint8Array, payload: Uint8Array): Uint8Array {
  return world.crypto.ed25519Sign(seed, membershipSigningBytes(payload))
}

function drafted(
  name: string,
  changes: { mesh?: MeshId; author?: DeviceId } = {},
): { readonly payload: Uint8Array; readonly seed: Uint8Array } {
  const { crypto } = world
  const seed = crypto.randomBytes(32)
  const deviceId = toDeviceId(crypto.ed25519PublicKey(seed)) as DeviceId
  const { members } = mallory.keeper
  const payload = encodeMembershipPayload({
    kind: 'add',
    mesh: changes.mesh ?? members.mesh(),
    author: changes.author ?? mallory.id,
    heads: members.current().heads,
    atUnixMs: 1,
    card: { deviceId, name, peerKey: crypto.randomBytes(32), sealKey: crypto.randomBytes(32) },
  })
  return { payload, seed }
}

/** Mallory takes in a device it has just made up, keys and all. */
function puppet(
  changes: { mesh?: MeshId; author?: DeviceId; authorSeed?: Uint8Array; subjectSeed?: Uint8Array } = {},
): Uint8Array {
  const { payload, seed } = drafted('puppet', changes)
  const author = sign(changes.authorSeed ?? mallory.keys.device, payload)
  return encodeMembershipEnvelope(payload, author, sign(changes.subjectSeed ?? seed, payload))
}

/** As {@link puppet}, under a name that no honest device writes: put in the place of one as long. */
function renamed(name: string): Uint8Array {
  const [wanted, placed] = [utf8(name), utf8('x'.repeat(utf8(name).length))]
  const { payload, seed } = drafted(new TextDecoder().decode(placed))
  payload.set(
    wanted,
    payload.findIndex((_, i) => equalBytes(payload.subarray(i, i + placed.length), placed)),
  )
  return encodeMembershipEnvelope(payload, sign(mallory.keys.device, payload), sign(seed, payload))
}

const founded = (): Uint8Array => {
  const { crypto } = world
  const seed = crypto.randomBytes(32)
  const deviceId = toDeviceId(crypto.ed25519PublicKey(seed)) as DeviceId
  const card = { deviceId, name: 'founder', peerKey: crypto.randomBytes(32), sealKey: crypto.randomBytes(32) }
  const mesh = mallory.keeper.members.mesh()
  const payload = encodeMembershipPayload({ kind: 'found', mesh, author: deviceId, heads: [], atUnixMs: 1, card })
  return encodeMembershipEnvelope(payload, sign(seed, payload))
}

test.each<[string, string, () => Uint8Array]>([
  ['noise', 'CBOR', () => new Uint8Array(50)],
  [
    'an operation that its author did not sign',
    'CONTROL_BAD_SIGNATURE',
    () => puppet({ authorSeed: at.friend.keys.device }),
  ],
  ['an operation in the name of another member', 'CONTROL_BAD_SIGNATURE', () => puppet({ author: at.friend.id })],
  ['a device taken in without its word', 'CONTROL_BAD_SIGNATURE', () => puppet({ subjectSeed: mallory.keys.device })],
  // encodeMembershipPayload makes no such card, so its name is written over in bytes of the same length.
  ['a device named with the id of another member', 'CONTROL_DEVICE_NAME', () => renamed(at.friend.id)],
  ['a device whose name hides something', 'CONTROL_DEVICE_NAME', () => renamed('friend\u2800')],
  ['an operation of another mesh', 'MEMBER_OTHER_MESH', () => puppet({ mesh: toMeshId('ab'.repeat(16)) as MeshId })],
])('%s ends the session with %s and is not kept', async (_, code, op) => {
  const before = victim.keeper.members.opIds()
  const session = await at.opened()
  await session.say({ type: 'member-ops', ops: [op()] })
  expect(session.refusal).toMatch(code === 'CBOR' ? /^(?:CBOR|WIRE)_/ : code)
  expect(at.counted(session.refusal as string)).toBe(1)
  expect(victim.keeper.members.opIds()).toEqual(before)
})

test('good operations before a bad one are kept', async () => {
  const session = await at.opened()
  await session.say({ type: 'member-ops', ops: [puppet(), new Uint8Array(50), puppet()] })
  expect(session.hasEnded).toBe(true)
  expect(victim.keeper.members.current().members.size).toBe(4)
})

test('[MB2] whoever else claims to have founded the mesh is no member', async () => {
  const session = await at.opened()
  await session.say({ type: 'member-ops', ops: [founded()] })
  expect(session.refusal).toBeUndefined()
  expect(victim.keeper.members.current().members.size).toBe(3)
})

test('[MB3] a removed device’s operations do nothing', async () => {
  const ops = [puppet()]
  await world.until(victim.api('removeMember', mallory.id))
  await expect(at.opened()).rejects.toMatchObject({ code: 'LINK_DENIED' })
  await world.until(at.friend.api('acceptMemberOps', ops))
  await world.settle()
  expect(victim.keeper.members.current().members.size).toBe(2)
})

/** Thousands of operations are signed, and checked on both sides: half a minute of two busy cores. */
const FULL_MESH_MS = 120_000

test(
  '[MB9] two devices that were filled with different operations do not tell each other so for ever',
  async () => {
    const { friend, raw } = at
    world.partition(victim, friend)
    world.cut(victim, friend)
    for (const device of [victim, friend]) {
      const session = await raw.greet(device)
      const ops = Array.from({ length: MAX_ADDING_OPS }, () => founded())
      for (let n = 0; n < ops.length; n += 512) await session.say({ type: 'member-ops', ops: ops.slice(n, n + 512) })
    }
    world.heal(victim, friend)
    await world.advance(60_000, 5_000)
    expect(victim.host.peers().find(({ name }) => name === 'friend')?.connected).toBe(true)
    expect(victim.saidTo(friend).filter((type) => type === 'members').length).toBeLessThan(10)
  },
  FULL_MESH_MS,
)

test(
  '[MB9] more operations than a mesh can have are left out and counted; a removal still finds room',
  async () => {
    const session = await at.opened()
    const puppets = Array.from({ length: MAX_ADDING_OPS + 20 }, () => founded())
    for (let n = 0; n < puppets.length; n += 512)
      await session.say({ type: 'member-ops', ops: puppets.slice(n, n + 512) })
    expect(session.refusal).toBeUndefined()
    expect(victim.keeper.members.opIds()).toHaveLength(MAX_ADDING_OPS)
    expect(at.counted('MEMBER_TOO_MANY_OPS')).toBeGreaterThanOrEqual(20)
    expect(MAX_MEMBERSHIP_OPS).toBeGreaterThan(MAX_ADDING_OPS)
    await world.until(at.friend.api('removeMember', mallory.id))
    await world.settle()
    for (const device of [victim, at.friend]) {
      expect([...device.keeper.members.current().members.keys()].sort()).toEqual([victim.id, at.friend.id].sort())
    }
  },
  FULL_MESH_MS,
)
