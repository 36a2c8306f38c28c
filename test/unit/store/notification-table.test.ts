import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_NOTIFICATIONS, MAX_OF_ONE_ID, NOTIFICATION_AGE_MS } from '../../../src/store/notification-table.ts'
import { storeFixture, type StoreFixture } from './tables-fixture.ts'

const NOW = 1_700_000_000_000
let fixture: StoreFixture
beforeEach(() => {
  fixture = storeFixture()
})
afterEach(() => fixture.remove())

function add(firstUnixMs = NOW, told = 'now', id = 'device.joined'): number {
  return fixture.store.notifications.insert({ id, args: { device: 'Phone' }, told, firstUnixMs })
}
const numbers = (nowUnixMs = NOW): readonly number[] =>
  fixture.store.notifications.newest(nowUnixMs, MAX_NOTIFICATIONS + 1).map(({ number }) => number)

test('[NT12] what is kept comes back as it was, the newest first', () => {
  expect([add(), add(NOW + 1)]).toEqual([1, 2])
  const [, first] = fixture.store.notifications.newest(NOW + 1, 10)
  expect(first).toEqual({
    number: 1,
    id: 'device.joined',
    args: { device: 'Phone' },
    told: 'now',
    firstUnixMs: NOW,
    lastUnixMs: NOW,
    count: 1,
    isRead: false,
  })
  expect(numbers()).toEqual([2, 1])
})

test('[NT5] one that happens again counts, and is unread again', () => {
  const { notifications } = fixture.store
  const number = add()
  notifications.markRead(number)
  notifications.repeat(number, NOW + 5)
  expect(notifications.newest(NOW, 1)[0]).toMatchObject({
    count: 2,
    firstUnixMs: NOW,
    lastUnixMs: NOW + 5,
    isRead: false,
  })
})

test('[NT14] reading ends at a number, and what is muted is not waiting to be read', () => {
  const { notifications } = fixture.store
  const last = [add(), add(), add()][1] as number
  add(NOW, 'muted')
  expect(notifications.unread(NOW)).toBe(3)
  notifications.markRead(last)
  expect(notifications.unread(NOW)).toBe(1)
})

test('[NT12] the newest 1,000 are kept, and no number is given twice', () => {
  fixture.store.transaction(() => {
    for (let n = 0; n < MAX_NOTIFICATIONS + 1; n++) add(NOW, 'now', `id ${n % 10}`)
  })
  expect(numbers()).toHaveLength(MAX_NOTIFICATIONS)
  expect(numbers().at(-1)).toBe(2)
  expect(numbers()[0]).toBe(MAX_NOTIFICATIONS + 1)
})

test('[NT12] what happens again and again pushes out nothing but its own', () => {
  const alert = add(NOW, 'now', 'security.altered')
  fixture.store.transaction(() => {
    for (let n = 0; n < 2 * MAX_NOTIFICATIONS; n++) add(NOW, 'now', 'module.message')
  })
  expect(numbers()).toHaveLength(MAX_OF_ONE_ID + 1)
  expect(numbers().at(-1)).toBe(alert)
})

test('[NT12] after 90 days one is shown no more, does not count, and is deleted with the next', () => {
  const { notifications, db } = fixture.store
  add()
  expect(numbers(NOW + NOTIFICATION_AGE_MS)).toEqual([1])
  expect(numbers(NOW + NOTIFICATION_AGE_MS + 1)).toEqual([])
  expect(notifications.unread(NOW + NOTIFICATION_AGE_MS + 1)).toBe(0)
  add(NOW + NOTIFICATION_AGE_MS + 1)
  expect(db.prepare('SELECT number FROM notification').pluck().all()).toEqual([2])
})
