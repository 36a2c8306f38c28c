/** Removing devices, seen from outside: what is refused, what is written, and what a removed device is and may do. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../src/base/errors.ts'
import { standingOf } from '../../src/policy/decide-removal.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'

let world: MeshWorld
let phone: MeshDevice
let laptop: MeshDevice
let tablet: MeshDevice
beforeEach(async () => {
  world = new MeshWorld()
  ;[phone, laptop, tablet] = await world.mesh('phone', 'laptop', 'tablet')
})
afterEach(() => world.close())

function remove(by: MeshDevice, whom: MeshDevice): Promise<string> {
  return world.until(by.api('removeMember', whom.id).then(() => 'removed', codeOf))
}
function removalsIn(device: MeshDevice): number {
  return device.keeper.audit.list({ fromSeq: 0, limit: 500 }).filter(({ leaf }) => leaf.type === 'membership.removed')
    .length
}
function membersOf(device: MeshDevice): readonly string[] {
  return [...device.keeper.members.current().members.values()].map(({ card }) => card.name).sort()
}

describe('[MB11] a removal that is refused writes nothing', () => {
  test('of the device itself', async () => {
    expect(await remove(phone, phone)).toBe('MEMBER_SELF')
    expect(removalsIn(phone)).toBe(0)
    await world.settle()
    expect(membersOf(laptop)).toEqual(['laptop', 'phone', 'tablet'])
  })

  test('by a device that was removed, whatever it still knows of others', async () => {
    await remove(phone, tablet)
    await world.settle()
    const before = removalsIn(tablet)
    expect([await remove(tablet, phone), await remove(tablet, tablet)]).toEqual(['MEMBER_REMOVED', 'MEMBER_REMOVED'])
    expect(removalsIn(tablet)).toBe(before)
  })

  test('of a device that is no member any more', async () => {
    expect([await remove(phone, tablet), await remove(phone, tablet)]).toEqual(['removed', 'MEMBER_UNKNOWN'])
    expect(removalsIn(phone)).toBe(1)
  })

  test('of two removals of one device asked for at once, the second', async () => {
    const outcomes = await world.until(
      Promise.all([tablet, tablet].map((device) => phone.api('removeMember', device.id).then(() => 'removed', codeOf))),
    )
    expect(outcomes).toEqual(['removed', 'MEMBER_UNKNOWN'])
    expect(removalsIn(phone)).toBe(1)
  })

  test('by a device whose own removal comes in first', async () => {
    world.partition(laptop, tablet)
    await remove(phone, tablet)
    const ops = phone.keeper.members.opsBeyond(new Set())
    const outcomes = await world.until(
      Promise.all([
        tablet.api('acceptMemberOps', ops),
        tablet.api('removeMember', laptop.id).then(() => 'removed', codeOf),
      ]),
    )
    expect(outcomes[1]).toBe('MEMBER_REMOVED')
    expect(removalsIn(tablet)).toBe(1) // its own, by the phone
  })
})

describe('[MB12] a device that was removed', () => {
  test('knows by whom and when, has no peers, and both after a restart', async () => {
    const atUnixMs = phone.now
    await remove(phone, tablet)
    await world.settle()
    for (const isAgain of [false, true]) {
      if (isAgain) await world.until(tablet.stop().then(() => tablet.restart()))
      const standing = standingOf(tablet.keeper.members.current(), tablet.id)
      expect(standing).toMatchObject({ is: 'out', removal: { by: phone.id, atUnixMs } })
      expect(tablet.host.peers()).toEqual([])
    }
  })

  test('takes nobody in with what it had signed before', async () => {
    const watch = await world.add('watch')
    const { ticket } = await world.until(tablet.host.invite())
    const { state, message } = await world.until(watch.api('pairStart', ticket))
    const inviter = await world.until(tablet.api('pairAnswerJoin', message, watch.peerKey))
    const accept = await world.until(watch.api('pairAnswerOffer', state, inviter.message))
    await remove(phone, tablet)
    await world.settle()
    expect(await world.until(tablet.api('pairFinish', inviter.state, accept).then(() => 'done', codeOf))).toBe(
      'MEMBER_REMOVED',
    )
  })

  test('is a member again once it is taken in again, and others remember it by name meanwhile', async () => {
    await remove(phone, tablet)
    await world.settle()
    expect(phone.keeper.members.formerMembers().map(({ name }) => name)).toEqual(['tablet'])
    await world.pair(phone, tablet)
    expect(standingOf(tablet.keeper.members.current(), tablet.id)).toEqual({ is: 'member' })
    expect(phone.keeper.members.formerMembers()).toEqual([])
  })

  test('remembers those it was with by name in a mesh of its own', async () => {
    await remove(phone, tablet)
    await world.settle()
    await world.until(tablet.host.invite())
    expect(membersOf(tablet)).toEqual(['tablet'])
    expect(
      tablet.keeper.members
        .formerMembers()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['laptop', 'phone'])
  })
})
