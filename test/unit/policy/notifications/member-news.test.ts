import { expect, test } from 'vitest'
import type { DeviceId, OpId } from '../../../../src/model/ids.ts'
import type { Membership } from '../../../../src/model/membership.ts'
import { memberNews, membersOf } from '../../../../src/policy/notifications/member-news.ts'

const [ME, PHONE, TV] = ['me', 'phone', 'tv'] as unknown as readonly [DeviceId, DeviceId, DeviceId]
const op = 'op' as OpId
const key = new Uint8Array(32)

function mesh(members: readonly DeviceId[], removed: readonly (readonly [DeviceId, DeviceId])[] = []): Membership {
  return {
    members: new Map(
      members.map((deviceId) => [
        deviceId,
        {
          card: { deviceId, name: `The ${deviceId}`, peerKey: key, sealKey: key },
          since: op,
          standing: [op],
          addedBy: ME,
          addedUnixMs: 1,
        },
      ]),
    ),
    removed: removed.map(([deviceId, by]) => ({ deviceId, by, opId: op, atUnixMs: 1 })),
    heads: [],
  }
}

test.each([
  { name: 'one joins', before: [ME], after: mesh([ME, PHONE]), is: [['device.joined', { device: 'The phone' }]] },
  { name: 'nothing changes', before: [ME, PHONE], after: mesh([ME, PHONE]), is: [] },
  {
    name: 'one is removed',
    before: [ME, PHONE, TV],
    after: mesh([ME, PHONE], [[TV, PHONE]]),
    is: [['device.removed', { device: 'The tv', by: 'The phone' }]],
  },
  {
    name: 'one leaves by itself',
    before: [ME, PHONE],
    after: mesh([ME], [[PHONE, PHONE]]),
    is: [['device.left', { device: 'The phone' }]],
  },
  {
    name: 'two remove each other',
    before: [ME, PHONE, TV],
    after: mesh(
      [ME],
      [
        [PHONE, TV],
        [TV, PHONE],
      ],
    ),
    is: [
      ['device.removed', { device: 'The phone', by: 'The tv' }],
      ['device.removed', { device: 'The tv', by: 'The phone' }],
    ],
  },
  {
    name: 'this device is removed, and nothing else is said',
    before: [ME, PHONE, TV],
    after: mesh(
      [PHONE],
      [
        [ME, PHONE],
        [TV, PHONE],
      ],
    ),
    is: [['device.removed-here', { by: 'The phone' }]],
  },
  { name: 'it has been told of that', before: [PHONE], after: mesh([PHONE], [[ME, PHONE]]), is: [] },
  {
    name: 'who took this device in was removed',
    before: [ME, PHONE],
    after: mesh([TV]),
    is: [['device.removed-here', { by: 'another device' }]],
  },
  { name: 'a mesh left behind', before: [PHONE, TV], after: mesh([ME]), is: [] },
  { name: 'one that came and went long ago', before: [ME], after: mesh([ME], [[TV, PHONE]]), is: [] },
])('[NT1] $name', ({ before, after, is }) => {
  const found = memberNews(membersOf(mesh(before)), after, ME)
  expect(found.map(({ id, args }) => [id, args])).toEqual(is)
})
