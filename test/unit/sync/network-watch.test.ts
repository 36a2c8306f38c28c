import { expect, test } from 'vitest'
import { LOOK_EVERY_MS, SLEPT_MS, watchNetwork } from '../../../src/sync/network-watch.ts'
import { manualClock } from '../../support/manual-clock.ts'

function watched(...addresses: readonly string[]) {
  const clock = manualClock()
  const at = { addresses: [...addresses], changes: 0 }
  const stop = watchNetwork({ clock, addresses: () => at.addresses, onChange: () => void at.changes++ })
  return { clock, at, stop }
}

test('[LK22] an address that comes, goes or is another is a change; the same ones in another order are not', () => {
  const { clock, at } = watched('192.0.2.1', 'fd00::1')
  const after = (...addresses: readonly string[]): number => {
    at.addresses = [...addresses]
    clock.advance(LOOK_EVERY_MS)
    return at.changes
  }
  expect(after('192.0.2.1', 'fd00::1')).toBe(0)
  expect(after('fd00::1', '192.0.2.1')).toBe(0)
  expect(after('fd00::1')).toBe(1)
  expect(after('fd00::1', '192.0.2.9')).toBe(2)
  expect(after('fd00::1', '192.0.2.9')).toBe(2)
})

test('[LK22] a device that slept, seen from the time that is missing, has a change; a small step of its clock is none', () => {
  const { clock, at } = watched('192.0.2.1')
  clock.setWall(clock.now() + SLEPT_MS)
  clock.advance(LOOK_EVERY_MS)
  expect(at.changes).toBe(0)
  clock.setWall(clock.now() + SLEPT_MS + 1)
  clock.advance(LOOK_EVERY_MS)
  expect(at.changes).toBe(1)
  clock.advance(10 * LOOK_EVERY_MS)
  expect(at.changes).toBe(1)
})

test('[LK22] nothing is looked at any more once it was stopped', () => {
  const { clock, at, stop } = watched('192.0.2.1')
  stop()
  at.addresses = []
  clock.advance(LOOK_EVERY_MS)
  expect(at.changes).toBe(0)
})
